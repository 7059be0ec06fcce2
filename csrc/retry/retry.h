/*
** retry.h - the retry policy: which outcome of which request may be tried
** again, and after how long.
**
** Pure C: no Lua, no libcurl, and no clock or random source of its own: these
** are passed in, so that tests can try every row. Times are seconds, as
** doubles.
*/
#ifndef CEL_RETRY_H
#define CEL_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* What happens if the service gets the same request twice. */
typedef enum cel_repeat {
  CEL_REPEAT_SAFE,   /* the same as once: GET, and PUT of a whole record */
  CEL_REPEAT_DELETE, /* the same as once, but the second one gets a 404 */
  CEL_REPEAT_NEVER   /* it may be done twice: repeat only what was not done */
} cel_repeat;

/* How one exchange ended. */
typedef enum cel_result {
  CEL_RESULT_ANSWERED, /* a complete answer of any status */
  CEL_RESULT_UNSENT,   /* failed before any byte of the request left */
  CEL_RESULT_REJECTED, /* was not done, and will not be the next time (a
                          certificate that cannot be trusted, or is missing;
                          a proxy that refuses; a refusal in an answer that
                          is too large) */
  CEL_RESULT_STALE,    /* a kept connection was dead on reuse; not one
                          byte of an answer came. `sent` says whether a byte
                          of the request may have left */
  CEL_RESULT_BROKEN,   /* sent at least in part; no complete answer */
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
  int uncounted;   /* earlier ones that were repeated for free */
  bool freed;      /* the free repeat after a stale connection is used up */
  bool maybe_done; /* the service may have carried out an earlier one */
  /* outcome */
  cel_result result;
  int status; /* HTTP status when ANSWERED, else 0 */
  bool sent;  /* for STALE, EXPIRED and FINAL: a byte of the request may have
                 left */
  double retry_after; /* seconds, negative if none was given; used only when
                         ANSWERED */
  double remaining;   /* seconds until the call's deadline */
  bool crowd;         /* other calls of the client are under way */
} cel_attempt;

typedef enum cel_action {
  CEL_ACTION_DONE, /* no further attempt: success or failure, by status */
  CEL_ACTION_GONE, /* success: the 404 of a DELETE that an earlier attempt may
                      have done */
  CEL_ACTION_RETRY /* send again after `wait` seconds */
} cel_action;

typedef struct cel_decision {
  cel_action action;
  double wait;   /* seconds before the next attempt, for RETRY */
  bool counts;   /* the next attempt counts against max_retries */
  double pause;  /* seconds for which the whole client pauses after a 429. With
                    Retry-After: that, also for DONE. Without: the call's own
                    wait, for RETRY only. Else 0 */
  double spread; /* after that pause, the calls that it holds back start again
                    at random times within so many seconds */
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
** If max_retries is 0, only what was not sent because of a stale connection is
** repeated. So there are never more than max_retries + 1 exchanges, and one
** that is free.
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

/* Moves the outcome into the history, before the next exchange of the call.
   `counts` is that of the decision. */
void cel_retry_advance(cel_attempt *attempt, bool counts);

/* Whether trying the same call later, by hand, can help: the error field
   `retryable`. */
bool cel_retry_worthwhile(cel_result result, int status);

/*
** Whether the service may have carried out the request although the call has
** failed: the error field `maybe_applied`. `writes` is true for every method
** except GET.
**
**   outcome                                       may have been done
**   UNSENT, REJECTED                              no
**   BROKEN                                        yes
**   STALE, EXPIRED, FINAL                         where it was sent
**   2xx (and yet a failure: it cannot be read)    yes
**   300 to 303, 408, 5xx but 501, 505, 511        yes
**   all others                                    no
**
** One of several exchanges is enough: that a later one was refused says
** nothing about the earlier ones.
*/
bool cel_retry_maybe_applied(const cel_attempt *attempt, bool writes);

/*
** Reads a Retry-After value: delta-seconds (a fraction is rounded up), or an
** HTTP-date in any of the three forms (RFC 9110, sections 10.2.3 and 5.6.7),
** with or without white space around it. `now` is the time on the server's
** clock, from the answer's Date. Returns seconds from `now` on, which may be
** more than CEL_RETRY_AFTER_MAX; 0 for a date in the past; a negative number
** if the value cannot be read (a sign before the number is not allowed).
*/
#define CEL_RETRY_AFTER_MAX 86400.0
double cel_retry_after(const char *value, size_t len, time_t now);

#endif
