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
  CEL_RESULT_REJECTED, /* failed before any byte left, and will again
                          (a certificate that cannot be trusted,
                          a proxy that refuses) */
  CEL_RESULT_STALE,    /* a kept connection was dead on reuse; not one
                          byte of an answer came */
  CEL_RESULT_BROKEN,   /* sent at least in part; no whole answer */
  CEL_RESULT_EXPIRED,  /* ended by us: the call's deadline */
  CEL_RESULT_FINAL     /* ended by us: limit, cancel, close */
} cel_result;

typedef struct cel_policy {
  int max_retries;   /* further attempts after the first; 0: none */
  double retry_base; /* seconds */
  double retry_cap;  /* seconds */
} cel_policy;

/* After so many stale connections in a row the next one is a broken one:
   it backs off and counts. */
#define CEL_STALE_MAX 5

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
  int stale;       /* stale connections in a row before this exchange */
  bool maybe_done; /* an earlier exchange may have been carried out */
  bool unanswered; /* an earlier exchange was sent and had no answer */
  /* outcome */
  cel_result result;
  int status;         /* HTTP status when ANSWERED, else 0 */
  bool sent;          /* for EXPIRED and FINAL: a byte of it has left */
  double retry_after; /* seconds, negative where none was given; looked at
                         when ANSWERED only */
  double remaining;   /* seconds until the call's deadline */
} cel_attempt;

typedef enum cel_action {
  CEL_ACTION_DONE, /* the outcome stands: success or failure by status */
  CEL_ACTION_GONE, /* a DELETE's 404 after it may have been done: success */
  CEL_ACTION_RETRY /* send again after `wait` seconds */
} cel_action;

typedef struct cel_decision {
  cel_action action;
  double wait;  /* seconds before the next attempt, for RETRY */
  bool counts;  /* the next attempt counts against max_retries */
  double pause; /* seconds for which the whole client pauses after a 429:
                   its Retry-After, even when action is DONE; without one
                   the call's own wait, for RETRY only; else 0 */
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
**   STALE                         SAFE and DELETE, at once and uncounted,
**                                 until CEL_STALE_MAX; then as BROKEN
**   all others                    never
**
** Where max_retries is 0 nothing is repeated.
**
** The wait is random(0, min(cap, base * 2^n)) after n counted retries, and
** at least Retry-After. A wait that does not end before the deadline is not
** taken: DONE. A 401's repeat with a new token is the caller's, who goes on
** with cel_retry_advance(attempt, false).
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
** Whether the service may have carried the request out though the caller
** has no answer: the error field `maybe_applied`. `writes` is true for every
** method but GET. Any answer is an answer, a balancer's 502 or 504 too; but
** where an earlier exchange had none, only success or a refusal of the
** request itself (400, 404, 422 and the like: the same for both) settles
** what became of it.
*/
bool cel_retry_maybe_applied(const cel_attempt *attempt, bool writes);

/*
** Reads a Retry-After value: delta-seconds or an HTTP-date in any of the
** three forms (RFC 9110, sections 10.2.3 and 5.6.7), with or without white
** space around it. `now` is the wall clock. Returns seconds from now, never
** more than CEL_RETRY_AFTER_MAX; a date in the past is 0; negative when the
** value is unreadable, which signs and fractions are.
*/
#define CEL_RETRY_AFTER_MAX 86400.0
double cel_retry_after(const char *value, size_t len, time_t now);

#endif
