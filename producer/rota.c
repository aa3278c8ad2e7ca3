#include "producer/rota.h"

#include <string.h>

void
rota_size(struct rota *r, size_t n)
{
    if (n > ROTA_MAX)
        n = 0;
    if (n == r->n)
        return;
    memset(r, 0, sizeof *r);
    r->n = r->doubt = n;
}

unsigned
rota_next(const struct rota *r)
{
    return r->n && !r->blind ? r->order[r->at] : 0;
}

size_t
rota_room(const struct rota *r, uint64_t free)
{
    if (!rota_next(r))
        return 1;
    if (free <= r->dealt[r->at])
        return r->n > 1 && r->passed < r->n ? 0 : 1;
    uint64_t room = free - r->dealt[r->at];
    return room < ROTA_TASKS ? (size_t)room : ROTA_TASKS;
}

void
rota_deal(struct rota *r, uint64_t task)
{
    if (r->n == 0)
        return;
    r->recent[task % ROTA_RECENT].task = task;
    r->recent[task % ROTA_RECENT].turn = r->at + 1;
    r->dealt[r->at]++;
    r->carried++;
}

void
rota_turn(struct rota *r)
{
    if (r->n == 0)
        return;
    if (r->blind) {
        r->blind--;
    } else if (r->carried && r->passed >= r->n) {
        r->blind = r->doubt;
        r->doubt = r->doubt < ROTA_BLIND ? 2 * r->doubt : ROTA_BLIND;
    }
    r->passed = r->carried ? 0 : r->passed + 1;
    r->carried = 0;
    r->at = (r->at + 1) % r->n;
}

void
rota_answer(struct rota *r, uint64_t task, unsigned fetcher)
{
    size_t *turn = &r->recent[task % ROTA_RECENT].turn;
    if (r->n == 0 || r->recent[task % ROTA_RECENT].task != task || *turn == 0)
        return;
    if (r->order[*turn - 1] == fetcher && r->doubt > r->n)
        r->doubt--;
    r->order[*turn - 1] = fetcher;
    *turn = 0;
}

void
rota_told(struct rota *r, unsigned fetcher)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->order[i] == fetcher)
            r->dealt[i] = 0;
}
