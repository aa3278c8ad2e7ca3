/* address.c - addresses of sockets; see address.h. */
#include "common/address.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/num.h"

bool
address_refuse(const char *address, const char *why, char *err, size_t size)
{
    snprintf(err, size, "\"%s\": %s", address, why);
    return false;
}

/* Is somebody listening on that unix socket? */
static bool
is_live_socket(const struct sockaddr_un *name)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool live = fd >= 0 && (connect(fd, (const struct sockaddr *)name, sizeof *name) == 0 ||
                            errno == EAGAIN /* its queue is full */);

    if (fd >= 0)
        close(fd);
    return live;
}

static bool
check_ipc(const char *address, bool bind, char *err, size_t size)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    const char *path = address + strlen("ipc://");
    size_t n = strlen(path);
    struct stat st;
    char why[100];

    if (n == 0)
        return address_refuse(address, "expected a path after ipc://", err, size);
    if (n >= sizeof name.sun_path) {
        snprintf(why, sizeof why, "the path has %zu bytes, a unix socket's name at most %zu", n,
                 sizeof name.sun_path - 1);
        return address_refuse(address, why, err, size);
    }
    if (!bind || path[0] == '@' || path[0] == '*' || lstat(path, &st) != 0)
        return true;
    if (!S_ISSOCK(st.st_mode))
        return address_refuse(address, "cannot bind: there is a file of this name that is not a socket", err, size);
    memcpy(name.sun_path, path, n);
    if (is_live_socket(&name))
        return address_refuse(address, "cannot bind: another process listens there", err, size);
    return true;
}

static bool
check_tcp(const char *address, bool bind, char *err, size_t size)
{
    const char *host = address + strlen("tcp://"), *colon = strrchr(host, ':');
    uint64_t port;

    if (!colon || colon == host)
        return address_refuse(address, "expected tcp://HOST:PORT", err, size);
    if (bind && strcmp(colon, ":*") == 0)
        return true;
    if (!num_u64(span_of(colon + 1), &port) || port > 65535 || (port == 0 && !bind))
        return address_refuse(address, "expected a port from 1 to 65535", err, size);
    return true;
}

bool
address_check(const char *address, bool bind, char *err, size_t size)
{
    if (strncmp(address, "ipc://", 6) == 0)
        return check_ipc(address, bind, err, size);
    if (strncmp(address, "tcp://", 6) == 0)
        return check_tcp(address, bind, err, size);
    return address_refuse(address, "expected ipc://PATH, tcp://HOST:PORT or -", err, size);
}
