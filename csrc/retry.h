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
  CEL_RESULT_ANSWERED,   /* a whole answer, whatever its status */
  CEL_RESULT_UNSENT,     /* failed before any byte of the request left */
  CEL_RESULT_REJECTED,   /* failed before any byte left, and will again
                            (a certificate that cannot be trusted) */
  CEL_RESULT_STALE,      /* a kept connection was dead on reuse; not one
                            byte of an answer came */
  CEL_RESULT_BROKEN,     /* sent at least in part; no whole answer */
  CEL_RESULT_FINAL       /* ended by us: deadline, limit, cancel */
} cel_result;

typedef struct cel_policy {
  int max_retries;   /* further attempts after the first; 0: none */
  double retry_base; /* seconds */
  double retry_cap;  /* seconds */
} cel_policy;

/* One call's history and its newest outcome. */
typedef struct cel_attempt {
  cel_repeat repeat;
  cel_result result;
  int status;         /* HTTP status when ANSWERED, else 0 */
  int attempts;       /* exchanges so far, this one included: 1, 2, ... */
  int stale;          /* stale connections met before this one */
  bool maybe_done;    /* an earlier exchange may have been carried out */
  double retry_after; /* seconds, or negative where none was given */
  double remaining;   /* seconds until the call's deadline */
} cel_attempt;

typedef enum cel_action {
  CEL_ACTION_DONE,  /* the outcome stands: success or failure by status */
  CEL_ACTION_GONE,  /* a DELETE's 404 after it may have been done: success */
  CEL_ACTION_RETRY  /* send again after `wait` seconds */
} cel_action;

typedef struct cel_decision {
  cel_action action;
  double wait;    /* seconds before the next attempt, for RETRY */
  bool counts;    /* the next attempt counts against max_retries */
  double pause;   /* seconds for which the whole client pauses (a 429 with
                     Retry-After), 0 for none; also when action is DONE */
} cel_decision;

/* A random number in [0, 1). */
typedef double (*cel_random_fn)(void *ud);

cel_decision cel_retry_decide(const cel_policy *policy,
                              const cel_attempt *attempt,
                              cel_random_fn random, void *random_ud);

/* Whether trying the same call later, by hand, can help: the error field
   `retryable`. */
bool cel_retry_worthwhile(cel_result result, int status);

/* Whether the service may have carried the request out though the caller
   has no answer: the error field `maybe_applied`. `writes` is true for
   every method but GET. */
bool cel_retry_maybe_applied(const cel_attempt *attempt, bool writes);

/*
** Reads a Retry-After value: delta-seconds or an HTTP-date in any of the
** three forms (RFC 9110, sections 10.2.3 and 5.6.7). `now` is the wall
** clock. Returns seconds from now, never negative (a date in the past is
** 0), capped at CEL_RETRY_AFTER_MAX; negative when the value is unreadable.
*/
#define CEL_RETRY_AFTER_MAX 86400.0
double cel_retry_after(const char *value, size_t len, time_t now);

#endif
