/* survey_inside.h - what survey.c and survey_check.c share. */
#ifndef SLUICE_FETCHER_SURVEY_INSIDE_H
#define SLUICE_FETCHER_SURVEY_INSIDE_H

#include "fetcher/survey.h"

/* --- survey.c --- */
/* Is there a slot for a request of so many calls, and are there tokens? These are then taken. */
bool survey_may_send(struct survey *s, size_t calls);
void survey_send(struct survey *s, struct rpc_request *r, void (*done)(struct rpc_request *, struct rpc_answer *, void *));

/* --- survey_check.c --- */
void survey_check(struct survey *s); /* sends its next question, if one is due */

#endif
