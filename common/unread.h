/* unread.h - connections that must outlive their owner until the other side has read them.
 *
 * ZeroMQ's linger ends when the kernel holds the last byte. A reader that is at its high-water
 * mark then and learns that a unix socket was closed throws away what it has not read yet (libzmq
 * 4.3: an engine whose input is stopped turns a hang-up into an error). So a program that sends
 * and leaves keeps a copy of the descriptor, and with it the connection, until all is read.
 */
#ifndef SLUICE_UNREAD_H
#define SLUICE_UNREAD_H

#include <stdint.h>

/* Keeps this process's connection to the unix socket of that path, if it has one. */
void unread_keep(const char *path, int64_t deadline_ms);
/* Waits until all that were kept are read or gone, or their deadline is over, and closes them. */
void unread_wait(void);

#endif
