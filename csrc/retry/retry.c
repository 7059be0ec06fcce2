/*
** retry.c - the retry policy as tables: one row for each way in which an
** exchange can end, one for each status that is transient.
*/
#include "retry/retry.h"

#include <math.h>

#include "time/http_date.h"

#define STATUS_NOT_FOUND         404
#define STATUS_TOO_MANY_REQUESTS 429

/* For which requests an outcome may be tried again. */
typedef enum retry_scope {
  RETRY_NONE,
  RETRY_REPEATABLE, /* those that may be sent twice */
  RETRY_ALL
} retry_scope;

typedef struct retry_outcome {
  retry_scope scope;
  bool worthwhile; /* the same call may fare better later */
  bool maybe_done; /* the service may have carried the request out */
  bool unanswered; /* and has not said so */
} retry_outcome;

static const retry_outcome retry_results[] = {
    [CEL_RESULT_ANSWERED] = {RETRY_NONE, false, false, false}, /* final */
    [CEL_RESULT_UNSENT] = {RETRY_ALL, true, false, false},
    [CEL_RESULT_REJECTED] = {RETRY_NONE, false, false, false},
    [CEL_RESULT_STALE] = {RETRY_REPEATABLE, true, true, true},
    [CEL_RESULT_BROKEN] = {RETRY_REPEATABLE, true, true, true},
    [CEL_RESULT_EXPIRED] = {RETRY_NONE, true, false, false},
    [CEL_RESULT_FINAL] = {RETRY_NONE, false, false, false},
};

typedef struct retry_status {
  int status;
  retry_outcome outcome;
} retry_status;

static const retry_status retry_statuses[] = {
    {408, {RETRY_REPEATABLE, true, true, false}},
    {429, {RETRY_ALL, true, false, false}},
    {500, {RETRY_REPEATABLE, true, true, false}},
    {502, {RETRY_REPEATABLE, true, true, false}},
    {503, {RETRY_REPEATABLE, true, true, false}},
    {504, {RETRY_REPEATABLE, true, true, false}},
};

/* Refusals of the request itself: one sent before it met the same. Not 401
   (the token may have expired between them), 409 or 412 (the first may be
   what the second is in conflict with). */
static const int retry_refusals[] = {400, 404, 405, 410, 413, 414, 415, 422};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static retry_outcome retry_outcome_of(cel_result result, int status) {
  if (result == CEL_RESULT_ANSWERED)
    for (size_t i = 0; i < COUNT(retry_statuses); i++)
      if (retry_statuses[i].status == status)
        return retry_statuses[i].outcome;
  return retry_results[result];
}

static bool retry_allowed(retry_scope scope, cel_repeat repeat) {
  return scope == RETRY_ALL ||
         (scope == RETRY_REPEATABLE && repeat != CEL_REPEAT_NEVER);
}

/* Whether the answer at hand also tells what became of the exchanges before
   it. */
static bool retry_settles(const cel_attempt *a) {
  if (a->result != CEL_RESULT_ANSWERED)
    return false;
  for (size_t i = 0; i < COUNT(retry_refusals); i++)
    if (retry_refusals[i] == a->status)
      return true;
  return a->status >= 200 && a->status <= 299;
}

/* Full jitter. ldexp passes beyond the largest double as infinity, which the
   cap cuts; a base of 0 stays 0. */
static double retry_backoff(const cel_policy *policy, int retries,
                            cel_random_fn random, void *random_ud) {
  double ceiling = ldexp(policy->retry_base, retries);
  if (ceiling > policy->retry_cap)
    ceiling = policy->retry_cap;
  return random(random_ud) * ceiling;
}

cel_decision cel_retry_decide(const cel_policy *policy,
                              const cel_attempt *attempt, cel_random_fn random,
                              void *random_ud) {
  const cel_attempt *a = attempt;
  cel_decision done = {.action = CEL_ACTION_DONE};
  cel_decision again = {.action = CEL_ACTION_RETRY};
  bool answered = a->result == CEL_RESULT_ANSWERED;
  bool limited = answered && a->status == STATUS_TOO_MANY_REQUESTS;
  bool told = answered && a->retry_after >= 0;
  if (limited && told)
    done.pause = a->retry_after;

  if (a->repeat == CEL_REPEAT_DELETE && answered && a->maybe_done &&
      a->status == STATUS_NOT_FOUND) {
    done.action = CEL_ACTION_GONE;
    return done;
  }
  if (!retry_allowed(retry_outcome_of(a->result, a->status).scope, a->repeat))
    return done;
  if (policy->max_retries == 0)
    return done;
  if (a->result != CEL_RESULT_STALE || a->stale >= CEL_STALE_MAX) {
    int retries = a->attempts - 1 - a->uncounted;
    if (retries >= policy->max_retries)
      return done;
    again.counts = true;
    again.wait = retry_backoff(policy, retries, random, random_ud);
    if (told && a->retry_after > again.wait)
      again.wait = a->retry_after;
  }
  if (!(again.wait < a->remaining))
    return done;
  if (limited)
    again.pause = told ? a->retry_after : again.wait;
  return again;
}

void cel_retry_advance(cel_attempt *attempt, bool counts) {
  cel_attempt *a = attempt;
  retry_outcome outcome = retry_outcome_of(a->result, a->status);
  a->attempts++;
  if (!counts)
    a->uncounted++;
  a->stale = a->result == CEL_RESULT_STALE ? a->stale + 1 : 0;
  a->maybe_done = a->maybe_done || outcome.maybe_done;
  a->unanswered = (a->unanswered && !retry_settles(a)) || outcome.unanswered;
  a->result = CEL_RESULT_UNSENT; /* until there is news */
  a->status = 0;
  a->sent = false;
  a->retry_after = -1;
}

bool cel_retry_worthwhile(cel_result result, int status) {
  return retry_outcome_of(result, status).worthwhile;
}

bool cel_retry_maybe_applied(const cel_attempt *attempt, bool writes) {
  const cel_attempt *a = attempt;
  bool by_us =
      a->result == CEL_RESULT_EXPIRED || a->result == CEL_RESULT_FINAL;
  bool unanswered = retry_outcome_of(a->result, a->status).unanswered ||
                    (by_us && a->sent) || (a->unanswered && !retry_settles(a));
  return writes && unanswered;
}

/* Digits only; stops counting at the cap, so that no number of them
   overflows. Negative when there is anything else. */
static double retry_delta_seconds(const char *text, size_t len) {
  double seconds = 0;
  for (size_t i = 0; i < len; i++) {
    if (text[i] < '0' || text[i] > '9')
      return -1;
    if (seconds < CEL_RETRY_AFTER_MAX)
      seconds = seconds * 10 + (text[i] - '0');
  }
  return len > 0 ? seconds : -1;
}

static double retry_date_seconds(const char *text, size_t len, time_t now) {
  int64_t date;
  if (!cel_http_date_parse(text, len, now, &date))
    return -1;
  double seconds = (double)date - (double)now;
  return seconds > 0 ? seconds : 0;
}

static bool retry_is_space(char c) {
  return c == ' ' || c == '\t';
}

double cel_retry_after(const char *value, size_t len, time_t now) {
  while (len > 0 && retry_is_space(*value)) {
    value++;
    len--;
  }
  while (len > 0 && retry_is_space(value[len - 1]))
    len--;
  if (len == 0)
    return -1; /* value may be NULL */
  double seconds = retry_delta_seconds(value, len);
  if (seconds < 0)
    seconds = retry_date_seconds(value, len, now);
  return seconds < CEL_RETRY_AFTER_MAX ? seconds : CEL_RETRY_AFTER_MAX;
}
