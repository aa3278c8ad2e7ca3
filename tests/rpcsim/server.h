/* server.h - the endpoint on a port: the one door to libmicrohttpd, the loop and the clock.
 *
 * One thread. An answer that is not due yet is a suspended connection and an entry in a heap, so
 * thousands of requests can wait at once.
 */
#ifndef RPCSIM_SERVER_H
#define RPCSIM_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim.h"

struct server;

/* Listens on host:port (0: any; server_port tells). NULL: err says why. */
struct server *server_new(struct sim *sim, const char *host, uint16_t port, char *err, size_t size);
uint16_t server_port(const struct server *s);
void server_run(struct server *s); /* until TERM or INT */
void server_free(struct server *s);

#endif
