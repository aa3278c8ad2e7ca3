/* doubt.c - is an answer for logs the whole truth? See doubt.h. */
#include "fetcher/doubt.h"

#include <stdio.h>

#include "common/talk.h"
#include "fetcher/take_blocks.h"

enum {
    TWICE = 2,
    EMPTY_TIMES = 4,        /* an empty answer where logs were expected: some names hide nodes without, by turns */
    EMPTY_CAUGHT_TIMES = 9, /* the same, once logs were left out */
    ASKED_MAX = 20,         /* answers to one question, */
    CLASHES_MAX = 3,        /* of which so many are as large as another and not the same */
    DOUBTS_MAX = 3,         /* checks of one step's silence that came to nothing */
    VALUES_MAX = 16,        /* hashing more for each block costs more than it finds */
};

/* Answers may differ: not all backends have its blocks. */
static bool
may_lag(const struct taking *t, const struct step *s)
{
    return s->at.to + ASK_NEAR_HEAD > endpoint_head(t->coping->endpoint) || trust_lags(&t->coping->trust, s->at.to);
}

/* What leaves out other logs each time is asked for logs no more, where others can be. */
static void
caught(struct taking *t, const char *what, bool always)
{
    struct coping *c = t->coping;
    bool first = trust_caught(&c->trust), ends = always && !c->alone && !c->lacks.logs;
    if (ends) {
        c->lacks.logs = c->trust.recheck = true;
        if (c->trust.once)
            trust_doubt(&c->trust, 0);
    }
    if (first || ends)
        warn("endpoint \"%s\" leaves logs out (%s): it is asked for %s from now on", t->name, what,
             ends ? "no logs" : "everything twice");
}

static struct step *
control_step(struct flight *f, struct piece at, uint64_t held)
{
    struct step *s = step_new(STEP_CONTROL, at);
    s->origin = f->step;
    s->held = held;
    s->holed = f->tally.holed && f->tally.hole == at.from;
    s->leading = f->tally.n == 0 || at.from < f->tally.first;
    s->trailing = f->tally.n > 0 && at.from >= f->tally.last;
    f->step->empty = f->tally.n == 0;
    return s;
}

/* True: the block's logs are asked for by another way. */
static bool
control(struct flight *f, uint64_t block, uint64_t held)
{
    job_put(f->job, control_step(f, (struct piece){block, block}, held));
    return true;
}

/* What is cut off after so many logs, or where a node's blocks end, is there when asked for alone. */
static bool
control_end(struct flight *f)
{
    const struct tally *y = &f->tally;
    if (f->step->tailed || f->step->window || y->n == 0 || y->last >= y->at.to)
        return false;
    struct step *s = control_step(f, (struct piece){y->last + 1, y->at.to}, 0);
    s->by_range = true;
    s->values = f->step->values;
    job_put(f->job, s);
    return true;
}

/* --- the same again --- */

/* No logs in so many blocks? Half as many are odd at the end of a range, where there is but one place for
 * a silence to be. */
static bool
silence_is_odd(const struct taking *t, const struct step *s, const struct tally *y)
{
    double expected = endpoint_logs_expected(t->coping->endpoint, piece_width(y->silence));
    if (s->window || piece_width(y->silence) == 0)
        return false;
    if (y->n > 0 && y->silence.to == y->at.to)
        expected *= 2;
    return expected < 0 ? y->n == 0 : expected >= t->coping->trust.silence;
}

bool
doubt_proved(const struct flight *f)
{
    const struct tally *y = &f->tally;
    return (y->n > 0 && y->last == y->at.to) || (f->with_proof && f->proof == y->at.to);
}

/* How often the same answer must come until it is believed. */
static uint32_t
times_needed(const struct taking *t, const struct step *s, const struct tally *y, bool odd, bool proved)
{
    bool was_caught = t->coping->trust.caught, lags = !proved && trust_lags(&t->coping->trust, s->at.to);
    if ((odd || lags) && y->n == 0)
        return was_caught ? EMPTY_CAUGHT_TIMES : EMPTY_TIMES;
    return (odd || lags || was_caught || s->sampled ? TWICE : 1) + s->opinion.clashes;
}

/* The block whose header shall prove the next answer: where the silence is, the last one by preference. */
static uint64_t
proof_block(const struct tally *y)
{
    if (piece_width(y->silence) == 0 || y->silence.to == y->at.to)
        return y->at.to;
    return y->silence.from + (y->silence.to - y->silence.from) / 2;
}

/* False: so many answers differed that the step was given up. */
static bool
note_opinion(struct taking *t, struct flight *f, struct rpc_answer *a)
{
    struct step *s = f->step;
    char what[160];
    if (s->opinion_at.from != s->at.from || s->opinion_at.to != s->at.to)
        s->opinion = (struct opinion){0};
    if (s->opinion.times == 0 && !may_lag(t, s))
        s->sampled = trust_due(&t->coping->trust);
    s->opinion_at = s->at;
    uint64_t before = s->opinion.logs;
    enum opinions o = opinion_add(&s->opinion, f->tally.n, f->tally.digest);
    if ((o == OPINION_DIFFERS || o == OPINION_CLASHES) && !may_lag(t, s)) {
        snprintf(what, sizeof what, "blocks %llu-%llu: %llu, then %llu%s", (unsigned long long)s->at.from,
                 (unsigned long long)s->at.to, (unsigned long long)before, (unsigned long long)f->tally.n,
                 o == OPINION_CLASHES ? " others" : "");
        caught(t, what, o == OPINION_CLASHES);
    }
    if (s->opinion.asked < ASKED_MAX && s->opinion.clashes < CLASHES_MAX)
        return true;
    s->opinion = (struct opinion){0};
    answer_is_bad(a, "each answer for the same logs is another");
    cope(t->coping, f->job, s, a, "eth_getLogs", 1, t->now_ms);
    return false;
}

bool
doubt_repeat(struct taking *t, struct flight *f, struct rpc_answer *a)
{
    struct step *s = f->step;
    struct trust *trust = &t->coping->trust;
    const struct tally *y = &f->tally;
    if (trust->cap > 0 && y->n >= trust->cap) {
        a->judgement = (struct judgement){.verdict = VERDICT_DENSITY, .wait_ms = -1, .rule = "cut off"};
        a->text = SPAN("as many logs as it cuts answers off at");
        cope(t->coping, f->job, s, a, "eth_getLogs", 1, t->now_ms);
        return true;
    }
    if (!note_opinion(t, f, a))
        return true;
    bool odd = silence_is_odd(t, s, y);
    if (y->n < s->opinion.logs || s->opinion.times < times_needed(t, s, y, odd, doubt_proved(f))) {
        s->proof = proof_block(y);
        if (!control_end(f))
            job_put(f->job, s);
        return true;
    }
    if (odd)
        trust_silence_true(trust);
    trust->once = trust->once || s->opinion.times < TWICE;
    return false;
}

/* --- another way --- */

/* A block of the window whose bloom could match, though no log of it was sent, the first from start on;
 * UINT64_MAX: none. */
static uint64_t
suspicious_block(const struct flight *f, uint64_t start, const struct task *view)
{
    const struct step *s = f->step;
    uint64_t width = piece_width(s->at);
    if (filter_values(view) > VALUES_MAX)
        return UINT64_MAX;
    for (uint64_t i = 0; i < width; i++) {
        uint64_t b = s->at.from + (start + i) % width;
        const struct header *h = &s->window->headers[b - s->window->at.from];
        if (tally_silent(&f->tally, b) && h->has_bloom && bloom_may_match(h->bloom, view))
            return b;
    }
    return UINT64_MAX;
}

/* With headers: one block that should have logs tells. Where there is a filter the blooms may mean others'
 * logs, and only answers to be tried, silent ones and those that may be too old are looked into. */
static bool
doubt_window(struct taking *t, struct flight *f, const struct task *view, bool believed)
{
    const struct trust *trust = &t->coping->trust;
    struct step *s = f->step;
    bool all = believed && f->tally.n > 0 && s->sampled;
    uint64_t block = suspicious_block(f, all ? s->opinion.digest % piece_width(s->at) : 0, view);
    if (block == UINT64_MAX)
        return false;
    bool leading = block < f->tally.first;
    if (f->tally.n > 0 && !s->sampled && !(leading && !believed) &&
        (filter_values(view) > 0 || !trust_blooms(trust)))
        return false;
    return control(f, block, 0);
}

/* Silence at the start of a range is not always the truth: a node without old logs answers as if there
 * were none. True: the step waits for the proof. */
static bool
doubt_silence(struct taking *t, struct flight *f, bool believed)
{
    struct step *s = f->step;
    if (believed || (f->tally.n > 0 && f->tally.first == s->at.from))
        return false;
    if (++s->doubts > DOUBTS_MAX) {
        job_stop(f->job, CONTROL_FAILED, REASON_NONE, 0,
                 "no logs of blocks %llu-%llu, and it cannot be checked that there are none",
                 (unsigned long long)s->at.from,
                 (unsigned long long)(f->tally.n > 0 ? f->tally.first - 1 : s->at.to));
        step_free(s);
        return true;
    }
    holdings_doubt(t->holdings, s->at.from, endpoint_head(t->coping->endpoint));
    s->not_before_ms = INT64_MAX; /* until the check is over: work.c */
    job_put(f->job, s);
    return true;
}

/* The header that came along has a bloom, too. Without a filter it is that of the block's logs. */
static bool
doubt_proof(const struct taking *t, struct flight *f, const struct task *view)
{
    bool all = filter_values(view) == 0, tried = f->step->opinion.times > 1;
    if (!f->with_proof || !f->head.has_bloom || !(tried || (all && trust_blooms(&t->coping->trust))))
        return false;
    bool lacks = all ? !bloom_within(f->head.bloom, f->bloom)
                     : f->tally.watched_n == 0 && bloom_may_match(f->head.bloom, view);
    return lacks && control(f, f->proof, f->tally.watched_n);
}

bool
doubt_answer(struct taking *t, struct flight *f, const struct task *view)
{
    struct step *s = f->step;
    bool believed = holdings_believe(t->holdings, s->at.from, endpoint_head(t->coping->endpoint));
    if (s->proved)
        return false;
    if (s->window ? doubt_window(t, f, view, believed) : doubt_silence(t, f, believed))
        return true;
    if (f->tally.holed && filter_values(view) == 0 && !t->coping->trust.holes)
        return control(f, f->tally.hole, f->tally.hole_n);
    return doubt_proof(t, f, view);
}

/* --- what the other way told --- */

enum found { FOUND_SAME, FOUND_MORE, FOUND_NOTHING, FOUND_UNKNOWN };

static enum found
found_in_receipts(const struct step *s, const struct task *view, const struct rpc_answer *a)
{
    char why[160];
    uint64_t n;
    if (a->judgement.verdict != VERDICT_OK || json_count(a->result) == 0 ||
        receipts_logs_decode(a->result, view, s->at.from, NULL, NULL, &n, why) != DECODE_OK)
        return FOUND_UNKNOWN;
    return n > s->held ? FOUND_MORE : FOUND_SAME;
}

/* All logs of the block, whatever the filter; or those of the range. */
static enum found
found_in_logs(const struct step *s, const struct task *view, const struct rpc_answer *a)
{
    enum verdict v = a->judgement.verdict;
    if (v == VERDICT_RANGE || v == VERDICT_DENSITY)
        return s->by_range && v == VERDICT_DENSITY ? FOUND_MORE : FOUND_SAME;
    if (v != VERDICT_OK || json_type(a->result) != JSON_ARRAY)
        return FOUND_UNKNOWN;
    if (s->by_range)
        return json_count(a->result) > 0 ? FOUND_MORE : FOUND_SAME;
    if (json_count(a->result) == 0)
        return FOUND_NOTHING;
    return filter_values(view) == 0 && json_count(a->result) > s->held ? FOUND_MORE : FOUND_SAME;
}

static void
nothing_left_out(struct taking *t, struct flight *f, const struct task *view)
{
    struct step *s = f->step, *origin = s->origin;
    bool all = filter_values(view) == 0;
    if (s->by_range) {
        origin->tailed = true;
        job_put(f->job, origin);
        return;
    }
    if (s->holed)
        t->coping->trust.holes = true;
    else if (all)
        trust_bloom(&t->coping->trust, false);
    if (s->leading) /* blocks before this one cannot have any that match */
        holdings_saw(t->holdings, origin->at.from, endpoint_head(t->coping->endpoint));
    origin->proved = true;
    if (origin->empty)
        job_done(f->job, origin);
    else
        job_put(f->job, origin);
}

/* At the start of a range they may only be too old; the others are asked for in smaller ranges. Where
 * only a bloom tells of them it is as well not to be sure. */
static void
left_out(struct taking *t, struct flight *f, struct rpc_answer *a, bool proved)
{
    struct step *s = f->step, *origin = s->origin;
    struct trust *trust = &t->coping->trust;
    if (proved)
        trust_bloom(trust, true);
    snprintf(f->why, sizeof f->why, "logs of block %llu are left out", (unsigned long long)s->at.from);
    answer_is_bad(a, f->why);
    if ((origin->bad == 0 && s->leading) || (!proved && (origin->bad == 0 || !t->coping->alone))) {
        holdings_doubt(t->holdings, s->at.from, endpoint_head(t->coping->endpoint));
    } else {
        if (s->trailing && proved)
            trust_cut_off(trust, origin->opinion.logs);
        if (proved)
            caught(t, f->why, false);
        a->judgement.verdict = VERDICT_DENSITY;
    }
    cope(t->coping, f->job, origin, a, "eth_getLogs", 1, t->now_ms);
}

void
doubt_control(struct taking *t, struct flight *f, const struct rpc_request *r, struct rpc_answer *a)
{
    struct step *s = f->step, *origin = s->origin;
    struct task view = values_view(&f->job->task, &origin->values);
    bool receipts = r->calls[0].kind == RPC_RECEIPTS;
    enum verdict v = a->judgement.verdict;
    enum found found = receipts ? found_in_receipts(s, &view, a) : found_in_logs(s, &view, a);
    if (found == FOUND_UNKNOWN && receipts && (v == VERDICT_OK || v == VERDICT_PRUNED)) {
        s->one_by_one = RECEIPTS_NULL; /* by eth_getLogs, then */
        job_put(f->job, s);
        return;
    }
    if (found == FOUND_UNKNOWN) {
        cope(t->coping, f->job, s, a, r->calls[0].method, r->n, t->now_ms);
        return;
    }
    if (found == FOUND_SAME)
        nothing_left_out(t, f, &view);
    else
        left_out(t, f, a, found == FOUND_MORE);
    s->origin = NULL;
    step_free(s);
}
