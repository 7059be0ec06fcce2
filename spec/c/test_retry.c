/*
** test_retry.c - every row of the retry policy, the waits, and whole calls
** as strings of outcomes.
*/
#include "retry/retry.h"

#include <float.h>
#include <limits.h>
#include <math.h>

#include "check.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const cel_policy usual = {4, 0.5, 8};

/* A random source that always says the same. */
static double constant(void *ud) {
  return *(double *)ud;
}

static cel_decision decide(const cel_policy *policy, cel_attempt a,
                           double random) {
  return cel_retry_decide(policy, &a, constant, &random);
}

static cel_attempt first(cel_repeat repeat, cel_result result, int status) {
  return (cel_attempt){.repeat = repeat,
                       .attempts = 1,
                       .result = result,
                       .status = status,
                       .sent = true,
                       .retry_after = -1,
                       .remaining = 60,
                       .crowd = true};
}

/* The policy: what becomes of an outcome, for each kind of repeat. */
typedef enum verdict { STANDS, WAITS, AT_ONCE } verdict;

typedef struct policy_row {
  const char *name;
  cel_result result;
  int status;
  verdict safe, deletes, never;
  bool worthwhile;
  bool maybe_done; /* handed on; and maybe_applied if it ends here */
} policy_row;

#define ANSWER CEL_RESULT_ANSWERED

/* The outcomes of exchanges that were sent. */
static const policy_row policy_rows[] = {
    {"200", ANSWER, 200, STANDS, STANDS, STANDS, false, true},
    {"201", ANSWER, 201, STANDS, STANDS, STANDS, false, true},
    {"204", ANSWER, 204, STANDS, STANDS, STANDS, false, true},
    {"300", ANSWER, 300, STANDS, STANDS, STANDS, false, true},
    {"301", ANSWER, 301, STANDS, STANDS, STANDS, false, true},
    {"302", ANSWER, 302, STANDS, STANDS, STANDS, false, true},
    {"303", ANSWER, 303, STANDS, STANDS, STANDS, false, true},
    {"304", ANSWER, 304, STANDS, STANDS, STANDS, false, false},
    {"307", ANSWER, 307, STANDS, STANDS, STANDS, false, false},
    {"308", ANSWER, 308, STANDS, STANDS, STANDS, false, false},
    {"400", ANSWER, 400, STANDS, STANDS, STANDS, false, false},
    {"401", ANSWER, 401, STANDS, STANDS, STANDS, false, false},
    {"403", ANSWER, 403, STANDS, STANDS, STANDS, false, false},
    {"404", ANSWER, 404, STANDS, STANDS, STANDS, false, false},
    {"408", ANSWER, 408, WAITS, WAITS, STANDS, true, true},
    {"407", ANSWER, 407, STANDS, STANDS, STANDS, false, false},
    {"409", ANSWER, 409, STANDS, STANDS, STANDS, false, false},
    {"422", ANSWER, 422, STANDS, STANDS, STANDS, false, false},
    {"425", ANSWER, 425, STANDS, STANDS, STANDS, false, false},
    {"429", ANSWER, 429, WAITS, WAITS, WAITS, true, false},
    {"500", ANSWER, 500, WAITS, WAITS, STANDS, true, true},
    {"501", ANSWER, 501, STANDS, STANDS, STANDS, false, false},
    {"502", ANSWER, 502, WAITS, WAITS, STANDS, true, true},
    {"503", ANSWER, 503, WAITS, WAITS, STANDS, true, true},
    {"504", ANSWER, 504, WAITS, WAITS, STANDS, true, true},
    {"505", ANSWER, 505, STANDS, STANDS, STANDS, false, false},
    {"506", ANSWER, 506, STANDS, STANDS, STANDS, false, true},
    {"507", ANSWER, 507, STANDS, STANDS, STANDS, false, true},
    {"510", ANSWER, 510, STANDS, STANDS, STANDS, false, true},
    {"511", ANSWER, 511, STANDS, STANDS, STANDS, false, false},
    {"512", ANSWER, 512, STANDS, STANDS, STANDS, false, true},
    {"520", ANSWER, 520, STANDS, STANDS, STANDS, false, true},
    {"599", ANSWER, 599, STANDS, STANDS, STANDS, false, true},
    {"999", ANSWER, 999, STANDS, STANDS, STANDS, false, true},
    {"unsent", CEL_RESULT_UNSENT, 0, WAITS, WAITS, WAITS, true, false},
    {"rejected", CEL_RESULT_REJECTED, 0, STANDS, STANDS, STANDS, false, false},
    {"stale", CEL_RESULT_STALE, 0, AT_ONCE, AT_ONCE, STANDS, true, true},
    {"broken", CEL_RESULT_BROKEN, 0, WAITS, WAITS, STANDS, true, true},
    {"expired", CEL_RESULT_EXPIRED, 0, STANDS, STANDS, STANDS, true, true},
    {"final", CEL_RESULT_FINAL, 0, STANDS, STANDS, STANDS, false, true},
};

static void check_verdict(const policy_row *row, cel_repeat repeat,
                          verdict want) {
  cel_attempt a = first(repeat, row->result, row->status);
  cel_decision d = decide(&usual, a, 0.5);
  if (want == STANDS) {
    CHECK(row->name, d.action == CEL_ACTION_DONE);
  } else {
    CHECK(row->name, d.action == CEL_ACTION_RETRY);
    CHECK(row->name, d.counts == (want == WAITS));
    CHECK_NEAR(row->name, d.wait, want == WAITS ? 0.25 : 0);
  }

  /* With retries turned off none is left; used up, only what costs none. */
  cel_policy off = {0, 0.5, 8};
  cel_action left = want == AT_ONCE ? CEL_ACTION_RETRY : CEL_ACTION_DONE;
  CHECK(row->name, decide(&off, a, 0.5).action == CEL_ACTION_DONE);
  a.attempts = 5;
  CHECK(row->name, decide(&usual, a, 0.5).action == left);
  a.uncounted = 1; /* four counted exchanges: one more is allowed */
  CHECK(row->name, decide(&usual, a, 0.5).action ==
                       (want == STANDS ? CEL_ACTION_DONE : CEL_ACTION_RETRY));

  a = first(repeat, row->result, row->status);
  CHECK(row->name, cel_retry_maybe_applied(&a, true) == row->maybe_done);
  CHECK(row->name, !cel_retry_maybe_applied(&a, false));
  cel_retry_advance(&a, true);
  CHECK(row->name, a.maybe_done == row->maybe_done);
}

static void test_policy(void) {
  for (size_t i = 0; i < COUNT(policy_rows); i++) {
    const policy_row *row = &policy_rows[i];
    check_verdict(row, CEL_REPEAT_SAFE, row->safe);
    check_verdict(row, CEL_REPEAT_DELETE, row->deletes);
    check_verdict(row, CEL_REPEAT_NEVER, row->never);
    CHECK(row->name,
          cel_retry_worthwhile(row->result, row->status) == row->worthwhile);
  }
}

/* How long to wait: for the n-th retry, with a Retry-After, within what is
   left of the call. Negative wait: the pause is not taken. */
typedef struct wait_row {
  const char *name;
  cel_policy policy;
  int status;
  int attempts;
  double random, retry_after, remaining;
  double wait, pause;
  double spread;
} wait_row;

static const wait_row wait_rows[] = {
    {"first", {4, 0.5, 8}, 503, 1, 0.5, -1, 60, 0.25, 0, 0},
    {"second", {4, 0.5, 8}, 503, 2, 0.5, -1, 60, 0.5, 0, 0},
    {"third", {4, 0.5, 8}, 503, 3, 0.5, -1, 60, 1, 0, 0},
    {"fourth", {4, 0.5, 8}, 503, 4, 0.5, -1, 60, 2, 0, 0},
    {"fifth", {4, 0.5, 8}, 503, 5, 0.5, -1, 60, -1, 0, 0},
    {"at the cap", {9, 0.5, 8}, 503, 5, 0.5, -1, 60, 4, 0, 0},
    {"past the cap", {9, 0.5, 8}, 503, 6, 0.5, -1, 60, 4, 0, 0},
    {"lowest", {4, 0.5, 8}, 503, 4, 0, -1, 60, 0, 0, 0},
    {"highest", {4, 0.5, 8}, 503, 1, 0.999, -1, 60, 0.4995, 0, 0},
    {"base over cap", {4, 9, 2}, 503, 1, 0.5, -1, 60, 1, 0, 0},
    {"base 0", {4, 0, 8}, 503, 3, 0.5, -1, 60, 0, 0, 0},
    {"cap 0", {4, 0.5, 0}, 503, 3, 0.5, -1, 60, 0, 0, 0},
    {"both 0", {2000, 0, 0}, 503, 1001, 0.5, -1, 60, 0, 0, 0},
    {"1000 retries", {2000, 0.5, 8}, 503, 1001, 0.5, -1, 60, 4, 0, 0},
    {"2000 retries", {2001, 0.5, 8}, 503, 2001, 0.5, -1, 60, 4, 0, 0},
    {"2000 of base 0", {2001, 0, 8}, 503, 2001, 0.5, -1, 60, 0, 0, 0},
    {"INT_MAX", {INT_MAX, 0.5, 8}, 503, INT_MAX, 0.5, -1, 60, 4, 0, 0},
    {"tiny base", {2000, DBL_MIN, 8}, 503, 1501, 0.5, -1, 60, 4, 0, 0},

    {"a floor", {4, 0.5, 8}, 503, 1, 0.5, 7, 60, 7, 0, 0},
    {"a floor of 500", {4, 0.5, 8}, 500, 1, 0.5, 7, 60, 7, 0, 0},
    {"under the backoff", {4, 0.5, 8}, 503, 4, 0.5, 1, 60, 2, 0, 0},
    {"a floor of 0", {4, 0.5, 8}, 503, 1, 0.5, 0, 60, 0.25, 0, 0},
    {"over the cap", {4, 0.5, 8}, 503, 1, 0.5, 30, 60, 30, 0, 0},

    {"429", {4, 0.5, 8}, 429, 1, 0.5, 7, 60, 10.5, 7, 7},
    {"429, lowest", {4, 0.5, 8}, 429, 1, 0, 7, 60, 7, 7, 7},
    {"429, highest", {4, 0.5, 8}, 429, 1, 0.999, 7, 60, 13.993, 7, 7},
    {"429 for long", {4, 0.5, 8}, 429, 1, 0.5, 30, 60, 34, 30, 8},
    {"429 under the backoff", {4, 0.5, 8}, 429, 4, 0.5, 1, 60, 3, 1, 4},
    {"429 without a backoff", {4, 0, 8}, 429, 1, 0.5, 3, 60, 4.5, 3, 3},
    {"429 without a cap", {4, 0, 0}, 429, 1, 0.5, 3, 60, 3, 3, 0},
    {"429 at once", {4, 0.5, 8}, 429, 1, 0.5, 0, 60, 0.25, 0, 0.5},
    {"429 bare", {4, 0.5, 8}, 429, 1, 0.5, -1, 60, 0.25, 0.25, 0.5},
    {"429 at the end", {4, 0.5, 8}, 429, 5, 0.5, 7, 60, -1, 7, 7},
    {"429 without retries", {0, 0.5, 8}, 429, 1, 0.5, 7, 60, -1, 7, 7},
    {"429 bare at the end", {4, 0.5, 8}, 429, 5, 0.5, -1, 60, -1, 0, 0},
    {"429 that does not fit", {4, 0.5, 8}, 429, 1, 0.5, 60, 60, -1, 60, 8},
    {"429 that just fits", {4, 0.5, 8}, 429, 1, 0.5, 60, 60.5, 60.125, 60, 8},
    {"429 of a day", {4, 0.5, 8}, 429, 1, 0.5, 86400, 1e6, 86404, 86400, 8},
    {"429 beyond a day", {4, 0.5, 8}, 429, 1, 0.5, 86401, 1e6, -1, 8, 8},
    {"429 of a Unix time", {4, 0.5, 8}, 429, 1, 0.5, 1.8e9, 60, -1, 8, 8},
    {"503 of a Unix time",
     {4, 0.5, 8},
     503,
     1,
     0.5,
     1.8e9,
     INFINITY,
     -1,
     0,
     0},
    {"429 bare, no fit", {4, 0.5, 8}, 429, 1, 0.5, -1, 0.25, -1, 0, 0},

    {"does not fit", {4, 0.5, 8}, 503, 1, 0.5, 60, 60, -1, 0, 0},
    {"backoff does not fit", {4, 0.5, 8}, 503, 1, 0.5, -1, 0.25, -1, 0, 0},
    {"fits", {4, 0.5, 8}, 503, 1, 0.5, -1, 0.26, 0.25, 0, 0},
    {"no time left", {4, 0.5, 8}, 503, 1, 0, -1, 0, -1, 0, 0},
    {"too late", {4, 0.5, 8}, 503, 1, 0, -1, -1, -1, 0, 0},
    {"no deadline", {4, 0.5, 8}, 503, 1, 0.5, 86400, INFINITY, 86400, 0, 0},
};

static void test_waits(void) {
  for (size_t i = 0; i < COUNT(wait_rows); i++) {
    const wait_row *row = &wait_rows[i];
    cel_attempt a = first(CEL_REPEAT_SAFE, ANSWER, row->status);
    a.attempts = row->attempts;
    a.retry_after = row->retry_after;
    a.remaining = row->remaining;
    cel_decision d = decide(&row->policy, a, row->random);
    CHECK(row->name,
          d.action == (row->wait < 0 ? CEL_ACTION_DONE : CEL_ACTION_RETRY));
    CHECK_NEAR(row->name, d.wait, row->wait < 0 ? 0 : row->wait);
    CHECK_NEAR(row->name, d.pause, row->pause);
    CHECK_NEAR(row->name, d.spread, row->spread);
    CHECK(row->name, !(row->wait >= 0) || d.wait < row->remaining);
    CHECK(row->name, d.counts == (row->wait >= 0));
  }

  cel_attempt alone = first(CEL_REPEAT_NEVER, ANSWER, 429);
  alone.crowd = false;
  alone.retry_after = 7;
  CHECK("alone", decide(&usual, alone, 0.5).wait == 7);
  CHECK("alone", decide(&usual, alone, 0.5).spread == 7);

  cel_attempt a = first(CEL_REPEAT_NEVER, ANSWER, 503);
  a.retry_after = 7;
  CHECK("503 pauses nobody", decide(&usual, a, 0.5).pause == 0);
  a = first(CEL_REPEAT_SAFE, CEL_RESULT_BROKEN, 0);
  a.retry_after = 7; /* of an answer that was cut short */
  CHECK_NEAR("no answer, no floor", decide(&usual, a, 0.5).wait, 0.25);
}

/* A call as a string of outcomes: what the policy does at each. */
typedef struct step {
  cel_result result;
  int status;
  cel_action action;
  bool counts;
  bool unsent; /* nothing of it had left */
} step;

#define STEPS 9

typedef struct story_row {
  const char *name;
  cel_repeat repeat;
  bool maybe_applied; /* at the end */
  step steps[STEPS];  /* up to the first that is not RETRY */
} story_row;

#define RETRY CEL_ACTION_RETRY
#define GONE  CEL_ACTION_GONE
#define DONE  CEL_ACTION_DONE

#define ANSWERS(status, action)                                               \
  { ANSWER, status, action, true, false }
#define BREAKS(action)                                                        \
  { CEL_RESULT_BROKEN, 0, action, true, false }
#define UNSENT(action)                                                        \
  { CEL_RESULT_UNSENT, 0, action, true, false }
#define STALE                                                                 \
  { CEL_RESULT_STALE, 0, RETRY, false, false }
#define LAST_STALE(action)                                                    \
  { CEL_RESULT_STALE, 0, action, true, false }
#define DEAD                                                                  \
  { CEL_RESULT_STALE, 0, RETRY, false, true }
#define LAST_DEAD(action)                                                     \
  { CEL_RESULT_STALE, 0, action, true, true }

static const story_row story_rows[] = {
    /* a DELETE's 404 */
    {"404 at first", CEL_REPEAT_DELETE, false, {ANSWERS(404, DONE)}},
    {"404 after a reset",
     CEL_REPEAT_DELETE,
     false,
     {BREAKS(RETRY), ANSWERS(404, GONE)}},
    {"404 after a stale connection",
     CEL_REPEAT_DELETE,
     false,
     {STALE, ANSWERS(404, GONE)}},
    {"404 after 503",
     CEL_REPEAT_DELETE,
     false,
     {ANSWERS(503, RETRY), ANSWERS(404, GONE)}},
    {"404 after 408",
     CEL_REPEAT_DELETE,
     false,
     {ANSWERS(408, RETRY), ANSWERS(404, GONE)}},
    {"404 after 429",
     CEL_REPEAT_DELETE,
     false,
     {ANSWERS(429, RETRY), ANSWERS(404, DONE)}},
    {"404 after no connection",
     CEL_REPEAT_DELETE,
     false,
     {UNSENT(RETRY), ANSWERS(404, DONE)}},
    {"404 after 502 and 429",
     CEL_REPEAT_DELETE,
     false,
     {ANSWERS(502, RETRY), ANSWERS(429, RETRY), ANSWERS(404, GONE)}},
    {"404 of a PUT after a reset",
     CEL_REPEAT_SAFE,
     true,
     {BREAKS(RETRY), ANSWERS(404, DONE)}},
    {"410 after a reset",
     CEL_REPEAT_DELETE,
     true,
     {BREAKS(RETRY), ANSWERS(410, DONE)}},
    {"404 after 429 and no connection",
     CEL_REPEAT_DELETE,
     false,
     {ANSWERS(429, RETRY), UNSENT(RETRY), DEAD, ANSWERS(404, DONE)}},

    /* What became of a write that may have been done is settled by success
       alone. (Success is no failure; what is asked for here is of a 2xx that
       cannot be read.) */
    {"reset, success",
     CEL_REPEAT_SAFE,
     true,
     {BREAKS(RETRY), ANSWERS(200, DONE)}},
    {"reset, refused",
     CEL_REPEAT_SAFE,
     true,
     {BREAKS(RETRY), ANSWERS(422, DONE)}},
    {"refused", CEL_REPEAT_SAFE, false, {ANSWERS(422, DONE)}},
    {"429, refused",
     CEL_REPEAT_SAFE,
     false,
     {ANSWERS(429, RETRY), ANSWERS(422, DONE)}},
    {"503, refused",
     CEL_REPEAT_SAFE,
     true,
     {ANSWERS(503, RETRY), ANSWERS(422, DONE)}},
    {"reset, token expired",
     CEL_REPEAT_SAFE,
     true,
     {BREAKS(RETRY), ANSWERS(401, DONE)}},
    {"reset, certificate",
     CEL_REPEAT_SAFE,
     true,
     {BREAKS(RETRY), {CEL_RESULT_REJECTED, 0, DONE, false, false}}},
    {"503 to the end",
     CEL_REPEAT_SAFE,
     true,
     {ANSWERS(503, RETRY), ANSWERS(503, RETRY), ANSWERS(503, RETRY),
      ANSWERS(503, RETRY), ANSWERS(503, DONE)}},
    {"503, refused connections to the end",
     CEL_REPEAT_SAFE,
     true,
     {ANSWERS(503, RETRY), UNSENT(RETRY), UNSENT(RETRY), UNSENT(RETRY),
      UNSENT(DONE)}},
    {"429 to the end",
     CEL_REPEAT_SAFE,
     false,
     {ANSWERS(429, RETRY), ANSWERS(429, RETRY), ANSWERS(429, RETRY),
      ANSWERS(429, RETRY), ANSWERS(429, DONE)}},

    /* writes that are never repeated blindly */
    {"a POST reset", CEL_REPEAT_NEVER, true, {BREAKS(DONE)}},
    {"a POST on a stale connection",
     CEL_REPEAT_NEVER,
     true,
     {LAST_STALE(DONE)}},
    {"a POST kept from a dead connection",
     CEL_REPEAT_NEVER,
     false,
     {DEAD, ANSWERS(422, DONE)}},
    {"a POST kept from a dead connection, then reset",
     CEL_REPEAT_NEVER,
     true,
     {DEAD, BREAKS(DONE)}},
    {"a POST kept from dead connections",
     CEL_REPEAT_NEVER,
     false,
     {DEAD, LAST_DEAD(RETRY), LAST_DEAD(RETRY), LAST_DEAD(RETRY),
      LAST_DEAD(RETRY), LAST_DEAD(DONE)}},
    {"a POST refused for now",
     CEL_REPEAT_NEVER,
     false,
     {ANSWERS(429, RETRY), UNSENT(RETRY), ANSWERS(403, DONE)}},
    {"a POST refused for now, then reset",
     CEL_REPEAT_NEVER,
     true,
     {ANSWERS(429, RETRY), BREAKS(DONE)}},
    {"a POST and a 504", CEL_REPEAT_NEVER, true, {ANSWERS(504, DONE)}},

    /* stale connections: one repeat is free */
    {"a second one counts",
     CEL_REPEAT_SAFE,
     true,
     {STALE, LAST_STALE(RETRY), ANSWERS(422, DONE)}},
    {"stale to the end: six exchanges",
     CEL_REPEAT_SAFE,
     true,
     {STALE, LAST_STALE(RETRY), LAST_STALE(RETRY), LAST_STALE(RETRY),
      LAST_STALE(RETRY), LAST_STALE(DONE)}},
    {"one later is as free",
     CEL_REPEAT_DELETE,
     false,
     {ANSWERS(429, RETRY), STALE, ANSWERS(404, GONE)}},
    {"but only one",
     CEL_REPEAT_DELETE,
     true,
     {STALE, ANSWERS(429, RETRY), LAST_STALE(RETRY), BREAKS(RETRY),
      ANSWERS(503, RETRY), UNSENT(DONE)}},
};

static void test_stories(void) {
  for (size_t i = 0; i < COUNT(story_rows); i++) {
    const story_row *row = &story_rows[i];
    cel_attempt a = {.repeat = row->repeat, .attempts = 1};
    int n = 0;
    for (;; n++) {
      const step *s = &row->steps[n];
      a.result = s->result;
      a.status = s->status;
      a.sent = !s->unsent;
      a.retry_after = -1;
      a.remaining = 60;
      cel_decision d = decide(&usual, a, 0.5);
      CHECK(row->name, a.attempts == n + 1);
      if (!CHECK(row->name, d.action == s->action) || d.action != RETRY)
        break;
      CHECK(row->name, d.counts == s->counts);
      cel_retry_advance(&a, d.counts);
    }
    if (row->steps[n].action != GONE)
      CHECK(row->name,
            cel_retry_maybe_applied(&a, true) == row->maybe_applied);
    CHECK(row->name, !cel_retry_maybe_applied(&a, false));
  }
}

/* The endings that are ours, and a wait that is cut off. */
static void test_ended_by_us(void) {
  static const cel_result ours[] = {CEL_RESULT_EXPIRED, CEL_RESULT_FINAL};
  for (size_t i = 0; i < COUNT(ours); i++) {
    cel_attempt a = first(CEL_REPEAT_NEVER, ours[i], 0);
    a.sent = false;
    CHECK("before it left", !cel_retry_maybe_applied(&a, true));
    a.sent = true;
    CHECK("after it left", cel_retry_maybe_applied(&a, true));
    CHECK("a GET", !cel_retry_maybe_applied(&a, false));

    a = first(CEL_REPEAT_SAFE, CEL_RESULT_BROKEN, 0);
    a.sent = true;
    cel_retry_advance(&a, true);
    a.result = ours[i];
    CHECK("in the pause after a reset", cel_retry_maybe_applied(&a, true));

    a = first(CEL_REPEAT_SAFE, ANSWER, 503);
    a.sent = true;
    cel_retry_advance(&a, true);
    a.result = ours[i];
    CHECK("in the pause after a 503", cel_retry_maybe_applied(&a, true));

    a = first(CEL_REPEAT_SAFE, ANSWER, 429);
    cel_retry_advance(&a, true);
    a.result = ours[i];
    CHECK("in the pause after a 429", !cel_retry_maybe_applied(&a, true));
  }

  /* A connection that was dead before anything was sent. */
  cel_policy none = {0, 0.5, 8};
  cel_attempt dead = first(CEL_REPEAT_NEVER, CEL_RESULT_STALE, 0);
  CHECK("sent", decide(&none, dead, 0.5).action == DONE);
  dead.sent = false;
  CHECK("unsent", decide(&none, dead, 0.5).action == RETRY);
  CHECK("unsent", !decide(&none, dead, 0.5).counts);
  cel_retry_advance(&dead, false);
  dead.result = CEL_RESULT_STALE;
  dead.remaining = 60;
  CHECK("unsent again", decide(&none, dead, 0.5).action == DONE);

  /* The repeat of a 401 with a new token costs no retry. */
  cel_attempt a = first(CEL_REPEAT_NEVER, ANSWER, 401);
  cel_retry_advance(&a, false);
  a.result = ANSWER;
  a.status = 429;
  a.remaining = 60;
  cel_policy one = {1, 0.5, 8};
  CHECK("after a 401", a.attempts == 2 && a.retry_after < 0);
  CHECK("after a 401", decide(&one, a, 0.5).action == RETRY);
  CHECK_NEAR("after a 401", decide(&one, a, 0.5).wait, 0.25);
}

int main(void) {
  test_policy();
  test_waits();
  test_stories();
  test_ended_by_us();
  return check_report();
}
