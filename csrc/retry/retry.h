/*
** retry.h - the retry policy: which outcome of which request may be tried
** again, and after how long.
**
** Pure C: no Lua, no libcurl, no clock, no random source of its own; all of
** them are passed in, so that a table can test every row. Times are seconds
** as doubles.
*/
#ifndef CEL_RETRY_H
#define CEL_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* What happens if the service gets the same request twice. */
typedef enum cel_repeat {
  CEL_REPEAT_SAFE,   /* GET, and PUT of a whole record: nothing more */
  CEL_REPEAT_DELETE, /* nothing more, but the second is answered 404 */
  CEL_REPEAT_NEVER   /* it may be done twice: never repeat blindly */
} cel_repeat;

/* How one exchange ended. */
typedef enum cel_result {
  CEL_RESULT_ANSWERED, /* a whole answer, whatever its status */
  CEL_RESULT_UNSENT,   /* failed before any byte of the request left */
  CEL_RESULT_REJECTED, /* was not done, and will not be the next time (a
                          certificate that cannot be trusted, or is missing;
                          a proxy that refuses; a refusal in an answer that
                          is too large) */
  CEL_RESULT_STALE,    /* a kept connection was dead on reuse; not one
                          byte of an answer came. `sent` says whether a byte
                          of the request may have left */
  CEL_RESULT_BROKEN,   /* sent at least in part; no whole answer */
  CEL_RESULT_EXPIRED,  /* ended by us: the call's deadline */
  CEL_RESULT_FINAL     /* ended by us: limit, cancel, close */
} cel_result;

typedef struct cel_policy {
  int max_retries;   /* further attempts after the first; 0: none */
  double retry_base; /* seconds */
  double retry_cap;  /* seconds */
} cel_policy;

/*
** One call's history and its newest outcome. A call begins with
** { .repeat = ..., .attempts = 1 }, fills in the outcome after each exchange,
** asks cel_retry_decide, and goes on with cel_retry_advance.
*/
typedef struct cel_attempt {
  cel_repeat repeat;
  /* history; cel_retry_advance keeps it */
  int attempts;    /* exchanges so far, this one included: 1, 2, ... */
  int uncounted;   /* earlier ones whose repeat cost no retry */
  bool freed;      /* the free repeat after a stale connection is used up */
  bool maybe_done; /* an earlier exchange may have been carried out */
  /* outcome */
  cel_result result;
  int status;         /* HTTP status when ANSWERED, else 0 */
  bool sent;          /* for STALE, EXPIRED and FINAL: a byte of it may have
                         left */
  double retry_after; /* seconds, negative where none was given; looked at
                         when ANSWERED only */
  double remaining;   /* seconds until the call's deadline */
  bool crowd;         /* other calls of the client are under way */
} cel_attempt;

typedef enum cel_action {
  CEL_ACTION_DONE, /* the outcome stands: success or failure by status */
  CEL_ACTION_GONE, /* a DELETE's 404 after it may have been done: success */
  CEL_ACTION_RETRY /* send again after `wait` seconds */
} cel_action;

typedef struct cel_decision {
  cel_action action;
  double wait;   /* seconds before the next attempt, for RETRY */
  bool counts;   /* the next attempt counts against max_retries */
  double pause;  /* seconds for which the whole client pauses after a 429:
                    its Retry-After, even when action is DONE; without one
                    the call's own wait, for RETRY only; else 0 */
  double spread; /* seconds after that pause over which the calls that it
                    holds back start again */
} cel_decision;

/* A random number in [0, 1). */
typedef double (*cel_random_fn)(void *ud);

/*
** What to do about an outcome.
**
**   outcome                       repeated
**   429, UNSENT                   always
**   408, 500, 502, 503, 504,
**   BROKEN                        SAFE and DELETE
**   STALE                         SAFE and DELETE; always where it was not
**                                 sent. The first time at once and uncounted,
**                                 then as BROKEN
**   all others                    never
**
** Where max_retries is 0 nothing is repeated but what a stale connection has
** kept from being sent. So there are never more than max_retries + 1
** exchanges, and the free one.
**
** The wait is random(0, min(cap, base * 2^n)) after n counted retries, and
** at least Retry-After. In a crowd the wait after a 429 that tells one is that
** and a random part of `spread`: they must not come back all at once. A wait
** that does not end before the deadline is not taken: DONE. Nor is one of
** more than CEL_RETRY_AFTER_MAX, which is a mistake (a Unix time, say): the
** client pauses for retry_cap then. A 401's repeat with a new token is the
** caller's, who goes on with cel_retry_advance(attempt, false).
*/
cel_decision cel_retry_decide(const cel_policy *policy,
                              const cel_attempt *attempt, cel_random_fn random,
                              void *random_ud);

/* Moves the outcome into the history, for the next exchange of the call;
   `counts` as cel_retry_decide said. */
void cel_retry_advance(cel_attempt *attempt, bool counts);

/* Whether trying the same call later, by hand, can help: the error field
   `retryable`. */
bool cel_retry_worthwhile(cel_result result, int status);

/*
** Whether the service may have carried the request out though the call has
** failed: the error field `maybe_applied`. `writes` is true for every method
** but GET.
**
**   outcome                                       may have been done
**   UNSENT, REJECTED                              no
**   BROKEN                                        yes
**   STALE, EXPIRED, FINAL                         where it was sent
**   2xx (and yet a failure: it cannot be read)    yes
**   300 to 303, 408, 5xx but 501, 505, 511        yes
**   all others                                    no
**
** Of several exchanges one is enough: that a later one was refused says
** nothing of those before.
*/
bool cel_retry_maybe_applied(const cel_attempt *attempt, bool writes);

/*
** Reads a Retry-After value: delta-seconds, a fraction of which is rounded
** up, or an HTTP-date in any of the three forms (RFC 9110, sections 10.2.3
** and 5.6.7), with or without white space around it. `now` is the clock of
** whoever wrote the date: the answer's own Date. Returns seconds from then
** on, which may be more than CEL_RETRY_AFTER_MAX; a date in the past is 0;
** negative when the value is unreadable, which signs are.
*/
#define CEL_RETRY_AFTER_MAX 86400.0
double cel_retry_after(const char *value, size_t len, time_t now);

#endif
