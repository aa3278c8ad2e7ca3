#include "fetcher/retry_after.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/num.h"

enum { LONGEST = 86400 /* seconds */ };

/* Of a date in UTC; as POSIX defines seconds since the epoch. */
static int64_t
unix_of(const struct tm *t)
{
    int64_t years = t->tm_year;
    int64_t leap_days = (years - 69) / 4 - (years - 1) / 100 + (years + 299) / 400;
    int64_t days = t->tm_yday + (years - 70) * 365 + leap_days;

    return ((days * 24 + t->tm_hour) * 60 + t->tm_min) * 60 + t->tm_sec;
}

static int64_t
bounded(int64_t seconds)
{
    return seconds < 0 ? -1 : (seconds < LONGEST ? seconds : LONGEST) * 1000;
}

static struct span
trimmed(struct span s)
{
    while (s.n && strchr(" \t", *s.p)) {
        s.p++;
        s.n--;
    }
    while (s.n && strchr(" \t\r\n", s.p[s.n - 1]))
        s.n--;
    return s;
}

int64_t
retry_after_ms(struct span line, int64_t now_unix)
{
    static const char name[] = "retry-after:";
    size_t skip = sizeof name - 1;
    struct span value;
    struct tm date = {0};
    uint32_t seconds;
    char text[64];
    const char *end;

    if (line.n < skip || strncasecmp(line.p, name, skip) != 0)
        return -1;
    value = trimmed((struct span){line.p + skip, line.n - skip});
    if (num_u32(value, &seconds))
        return bounded(seconds);
    if (value.n >= sizeof text)
        return -1;
    memcpy(text, value.p, value.n);
    text[value.n] = '\0';
    end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &date);
    return end && !*end ? bounded(unix_of(&date) - now_unix) : -1;
}
