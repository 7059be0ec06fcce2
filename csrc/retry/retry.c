/*
** retry.c - the retry policy as tables: one row for each way in which an
** exchange can end, one for each status that is transient.
*/
#include "retry/retry.h"

#include <math.h>

#include "common/chars.h"
#include "time/http_date.h"

#define STATUS_NOT_FOUND         404
#define STATUS_TOO_MANY_REQUESTS 429

/* Which requests may be sent again after an outcome. */
typedef enum retry_scope {
  RETRY_NONE,
  RETRY_REPEATABLE, /* those that may be sent twice */
  RETRY_ALL
} retry_scope;

typedef struct retry_outcome {
  retry_scope scope;
  bool worthwhile; /* the same call may succeed later */
  bool maybe_done; /* the service may have carried the request out */
} retry_outcome;

static const retry_outcome retry_results[] = {
    [CEL_RESULT_ANSWERED] = {RETRY_NONE, false, false}, /* final */
    [CEL_RESULT_UNSENT] = {RETRY_ALL, true, false},
    [CEL_RESULT_REJECTED] = {RETRY_NONE, false, false},
    [CEL_RESULT_STALE] = {RETRY_REPEATABLE, true, true},
    [CEL_RESULT_BROKEN] = {RETRY_REPEATABLE, true, true},
    [CEL_RESULT_EXPIRED] = {RETRY_NONE, true, true},
    [CEL_RESULT_FINAL] = {RETRY_NONE, false, true},
};

/* The first row that holds the status counts. */
typedef struct retry_status {
  int first, last;
  retry_outcome outcome;
} retry_status;

static const retry_status retry_statuses[] = {
    {200, 299, {RETRY_NONE, false, true}},
    {300, 303, {RETRY_NONE, false, true}}, /* "the result is elsewhere" */
    {408, 408, {RETRY_REPEATABLE, true, true}},
    {429, 429, {RETRY_ALL, true, false}},
    {500, 500, {RETRY_REPEATABLE, true, true}},
    {501, 501, {RETRY_NONE, false, false}},
    {502, 504, {RETRY_REPEATABLE, true, true}},
    {505, 505, {RETRY_NONE, false, false}},
    {511,
     511,
     {RETRY_NONE, false, false}}, /* from the network, not from the server */
    {506, 999, {RETRY_NONE, false, true}},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static retry_outcome retry_outcome_of(cel_result result, int status) {
  if (result == CEL_RESULT_ANSWERED)
    for (size_t i = 0; i < COUNT(retry_statuses); i++)
      if (status >= retry_statuses[i].first &&
          status <= retry_statuses[i].last)
        return retry_statuses[i].outcome;
  return retry_results[result];
}

/* The same for this exchange: what was not sent was not done. */
static retry_outcome retry_outcome_at(const cel_attempt *a) {
  retry_outcome outcome = retry_outcome_of(a->result, a->status);
  bool may_be_unsent = a->result == CEL_RESULT_STALE ||
                       a->result == CEL_RESULT_EXPIRED ||
                       a->result == CEL_RESULT_FINAL;
  if (may_be_unsent && !a->sent) {
    outcome.maybe_done = false;
    if (a->result == CEL_RESULT_STALE)
      outcome.scope = RETRY_ALL;
  }
  return outcome;
}

static bool retry_allowed(retry_scope scope, cel_repeat repeat) {
  return scope == RETRY_ALL ||
         (scope == RETRY_REPEATABLE && repeat != CEL_REPEAT_NEVER);
}

/* The largest value of the n-th backoff. ldexp gives infinity where the result
   is too large, which the cap limits; a base of 0 stays 0. */
static double retry_ceiling(const cel_policy *policy, int retries) {
  double ceiling = ldexp(policy->retry_base, retries);
  return ceiling > policy->retry_cap ? policy->retry_cap : ceiling;
}

/* The length of the time in which calls that a 429 has held back start again:
   as long as the 429 told them to wait, within the bounds of the backoff. */
static double retry_spread(const cel_policy *policy, double ceiling,
                           double pause) {
  double spread = pause > policy->retry_cap ? policy->retry_cap : pause;
  return spread > ceiling ? spread : ceiling;
}

/* The spread, but at most half of the time that is left: the other half is for
   the work itself. */
static double retry_share(double spread, double room) {
  return spread > room / 2 ? room / 2 : spread;
}

/* Fills in the wait before the next attempt (with full jitter); false if that
   would end after the deadline. */
static bool retry_plan(const cel_policy *policy, const cel_attempt *a,
                       cel_decision *d, double jitter) {
  bool limited = a->result == CEL_RESULT_ANSWERED &&
                 a->status == STATUS_TOO_MANY_REQUESTS;
  bool told = a->result == CEL_RESULT_ANSWERED && a->retry_after >= 0;
  double ceiling = retry_ceiling(policy, a->attempts - 1 - a->uncounted);
  d->wait = jitter * ceiling;
  if (told && a->retry_after > d->wait)
    d->wait = a->retry_after;
  if (!(d->wait < a->remaining))
    return false;
  if (!limited)
    return true;
  d->pause = told ? a->retry_after : d->wait;
  d->spread = retry_spread(policy, ceiling, d->pause);
  if (a->crowd && told && a->retry_after > 0)
    d->wait = a->retry_after +
              jitter * retry_share(d->spread, a->remaining - a->retry_after);
  return true;
}

cel_decision cel_retry_decide(const cel_policy *policy,
                              const cel_attempt *attempt, cel_random_fn random,
                              void *random_ud) {
  const cel_attempt *a = attempt;
  cel_decision done = {.action = CEL_ACTION_DONE};
  cel_decision again = {.action = CEL_ACTION_RETRY};
  bool answered = a->result == CEL_RESULT_ANSWERED;
  bool too_long = answered && a->retry_after > CEL_RETRY_AFTER_MAX;
  if (answered && a->status == STATUS_TOO_MANY_REQUESTS &&
      a->retry_after >= 0) {
    done.pause = too_long ? policy->retry_cap : a->retry_after;
    done.spread = retry_spread(policy, 0, done.pause);
  }

  if (a->repeat == CEL_REPEAT_DELETE && answered && a->maybe_done &&
      a->status == STATUS_NOT_FOUND) {
    done.action = CEL_ACTION_GONE;
    return done;
  }
  if (too_long || !retry_allowed(retry_outcome_at(a).scope, a->repeat))
    return done;
  if (a->result == CEL_RESULT_STALE && !a->freed &&
      (policy->max_retries > 0 || !a->sent))
    return a->remaining > 0 ? again : done;
  if (a->attempts - 1 - a->uncounted >= policy->max_retries)
    return done;
  again.counts = true;
  return retry_plan(policy, a, &again, random(random_ud)) ? again : done;
}

void cel_retry_advance(cel_attempt *attempt, bool counts) {
  cel_attempt *a = attempt;
  a->attempts++;
  if (!counts)
    a->uncounted++;
  a->freed = a->freed || (!counts && a->result == CEL_RESULT_STALE);
  a->maybe_done = a->maybe_done || retry_outcome_at(a).maybe_done;
  a->result = CEL_RESULT_UNSENT; /* until the outcome is known */
  a->status = 0;
  a->sent = false;
  a->retry_after = -1;
}

bool cel_retry_worthwhile(cel_result result, int status) {
  return retry_outcome_of(result, status).worthwhile;
}

bool cel_retry_maybe_applied(const cel_attempt *attempt, bool writes) {
  const cel_attempt *a = attempt;
  return writes && (a->maybe_done || retry_outcome_at(a).maybe_done);
}

/* Reads digits, with or without a fraction, which is rounded up. Stops
   counting above the maximum, so any number of digits is safe. Negative if
   there is anything else. */
static double retry_delta_seconds(const char *text, size_t len) {
  double seconds = 0;
  size_t i = 0;
  for (; i < len && text[i] >= '0' && text[i] <= '9'; i++)
    if (seconds <= CEL_RETRY_AFTER_MAX)
      seconds = seconds * 10 + (text[i] - '0');
  if (i == len)
    return len > 0 ? seconds : -1;
  if (i == 0 || text[i] != '.' || i + 1 == len)
    return -1;
  bool more = false;
  for (i++; i < len; i++) {
    if (text[i] < '0' || text[i] > '9')
      return -1;
    more = more || text[i] != '0';
  }
  return seconds + more;
}

static double retry_date_seconds(const char *text, size_t len, time_t now) {
  int64_t date;
  if (!cel_http_date_parse(text, len, now, &date))
    return -1;
  double seconds = (double)date - (double)now;
  return seconds > 0 ? seconds : 0;
}

double cel_retry_after(const char *value, size_t len, time_t now) {
  while (len > 0 && cel_is_blank(*value)) {
    value++;
    len--;
  }
  while (len > 0 && cel_is_blank(value[len - 1]))
    len--;
  if (len == 0)
    return -1; /* value may be NULL */
  double seconds = retry_delta_seconds(value, len);
  return seconds >= 0 ? seconds : retry_date_seconds(value, len, now);
}
