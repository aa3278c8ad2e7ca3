/* rusage.c - runs a command and writes what it took: "user sys peak_kB wall" (seconds) into a file.
 *
 *     rusage FILE COMMAND [ARG]...
 *
 * TERM and INT are passed on. The peak is the resident set's, as VmHWM tells it. Exits as the command
 * did, or 128 + the signal.
 */
#define _GNU_SOURCE /* wait4 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t child;

static void
pass_on(int sig)
{
    if (child > 0)
        kill((pid_t)child, sig);
}

static double
seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
report(const char *path, const struct rusage *u, double wall)
{
    FILE *f = fopen(path, "w");
    if (!f) {
        fprintf(stderr, "rusage: %s: %s\n", path, strerror(errno));
        return 1;
    }
    fprintf(f, "%.3f %.3f %ld %.3f\n", seconds(u->ru_utime), seconds(u->ru_stime), u->ru_maxrss, wall);
    return fclose(f) != 0;
}

int
main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: rusage FILE COMMAND [ARG]...\n");
        return 2;
    }
    struct sigaction action = {.sa_handler = pass_on};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    double start = now();
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(argv[2], argv + 2);
        fprintf(stderr, "rusage: %s: %s\n", argv[2], strerror(errno));
        _exit(127);
    }
    int status;
    struct rusage usage;
    while (wait4((pid_t)child, &status, 0, &usage) < 0)
        if (errno != EINTR)
            return 1;
    if (report(argv[1], &usage, now() - start) != 0)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
