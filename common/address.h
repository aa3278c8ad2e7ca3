/* address.h - addresses of sockets, looked at before ZeroMQ does: it says "invalid argument" to all
 * mistakes, and takes a unix socket's name away from the process that listens there.
 */
#ifndef SLUICE_ADDRESS_H
#define SLUICE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

/* "ipc://PATH" or "tcp://HOST:PORT", to bind or to connect to. False: err names the address. */
bool address_check(const char *address, bool bind, char *err, size_t size);
/* The line of an error: "address": why. Returns false. */
bool address_refuse(const char *address, const char *why, char *err, size_t size);

#endif
