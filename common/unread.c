/* unread.c - connections kept until read; see unread.h. */
#include "common/unread.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/num.h"

enum {
    KEPT_MAX = 16,
    LOOK_MS = 2,     /* between two looks: the kernel does not tell when a reader has read */
};

static struct {
    int fd;
    int64_t deadline_ms;
} kept[KEPT_MAX];
static int n_kept;

static bool
leads_to(int fd, const char *path)
{
    struct sockaddr_un peer = {0};
    socklen_t n = sizeof peer;

    return getpeername(fd, (struct sockaddr *)&peer, &n) == 0 && peer.sun_family == AF_UNIX &&
           strncmp(peer.sun_path, path, sizeof peer.sun_path) == 0;
}

/* The descriptor, of all that this process has, or -1. */
static int
find(const char *path)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    uint64_t number;
    int fd = -1;

    while (fd < 0 && dir && (entry = readdir(dir)))
        if (num_u64(span_of(entry->d_name), &number) && leads_to((int)number, path))
            fd = (int)number;
    if (dir)
        closedir(dir);
    return fd;
}

void
unread_keep(const char *path, int64_t deadline_ms)
{
    int fd = n_kept < KEPT_MAX ? find(path) : -1; /* a link has one connection */
    int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);

    if (copy < 0)
        return;
    kept[n_kept].fd = copy;
    kept[n_kept++].deadline_ms = deadline_ms;
}

static bool
is_read(int fd)
{
#ifdef TIOCOUTQ
    int unread = 0;
    return ioctl(fd, TIOCOUTQ, &unread) != 0 || unread == 0;
#else
    (void)fd;
    return true;
#endif
}

void
unread_wait(void)
{
    for (; n_kept > 0; n_kept--) {
        struct pollfd p = {.fd = kept[n_kept - 1].fd};

        while (!is_read(p.fd) && clock_ms() < kept[n_kept - 1].deadline_ms)
            if (poll(&p, 1, LOOK_MS) > 0)
                break; /* the reader has gone */
        close(p.fd);
    }
}
