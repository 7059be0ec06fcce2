/*
** test_engine.c - what becomes of calls, without Lua and without sockets: the
** transport and the clock are fake_http.c's.
*/
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "engine/answer.h"
#include "engine/pump.h"
#include "engine/queue.h"
#include "fake_http.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* {====== Clients and calls */

static long blocks; /* that are allocated */

static void *count_blocks(void *ud, void *p, size_t old, size_t size) {
  (void)ud;
  (void)old;
  if (size == 0) {
    blocks -= p != NULL;
    free(p);
    return NULL;
  }
  blocks += p == NULL;
  return realloc(p, size);
}

static cel_client *new_client(size_t max_running, double rate, double burst) {
  cel_client *c = count_blocks(NULL, NULL, 0, sizeof *c);
  if (c == NULL)
    abort();
  memset(c, 0, sizeof *c);
  c->alloc.fn = count_blocks;
  c->http.alloc = &c->alloc;
  c->references = 1;
  c->max_running = max_running;
  c->timeout = 10;
  c->policy = (cel_policy){.max_retries = 4, .retry_base = 0, .retry_cap = 8};
  c->token_at = HUGE_VAL;
  c->seed = 1;
  cel_rate_limit_init(&c->limit, rate, burst, fake_now);
  c->headers = cel_headers_new(&c->alloc, "token", 5, "agent");
  if (c->headers == NULL)
    abort();
  return c;
}

/* A call that has not begun; its target is its name. */
static cel_call *new_call(cel_client *client, const char *method,
                          const char *name) {
  cel_call *c = count_blocks(NULL, NULL, 0, sizeof *c);
  size_t size = strlen(name) + 1;
  if (c == NULL)
    abort();
  memset(c, 0, sizeof *c);
  c->client = cel_client_retain(client);
  cel_call_init(c);
  snprintf(c->method, sizeof c->method, "%s", method);
  c->writes = strcmp(method, "GET") != 0;
  c->attempt.repeat = c->writes ? CEL_REPEAT_NEVER : CEL_REPEAT_SAFE;
  c->target = count_blocks(NULL, NULL, 0, size);
  if (c->target == NULL)
    abort();
  memcpy(c->target, name, size);
  return c;
}

static void begin(cel_call *c) {
  cel_call_begin(c);
  cel_call_move(c, CEL_STATE_QUEUED);
}

/* A GET that is queued. */
static cel_call *get(cel_client *client, const char *name) {
  cel_call *c = new_call(client, "GET", name);
  begin(c);
  return c;
}

static void end(cel_call *c) {
  c->end = CEL_END_VALUE;
  cel_call_move(c, CEL_STATE_DONE);
  cel_call_release(c);
}

/* What whoever waits for a call does when it is READY (client/loutcome.c),
   without events and values. */
static void advance(cel_call *c) {
  if (c->late) {
    c->attempt.result = CEL_RESULT_EXPIRED;
    end(c);
    return;
  }
  if (c->refused > 0) {
    cel_call_move(c, CEL_STATE_QUEUED);
    return;
  }
  cel_call_read_outcome(c);
  cel_decision d = cel_call_decide(c);
  if (d.pause > 0)
    cel_rate_limit_pause(&c->client->limit, fake_now, d.pause, d.spread);
  if (d.action == CEL_ACTION_RETRY)
    cel_call_send_later(c, &d);
  else
    end(c);
}

/* Turns the client until no call is left, or `until`. */
static void run(cel_client *c, double until) {
  for (int i = 0; i < 10000; i++) {
    while (c->lists[CEL_STATE_READY].head != NULL)
      advance(c->lists[CEL_STATE_READY].head);
    if (c->unfinished == 0 || fake_now >= until)
      return;
    cel_client_turn(c, until - fake_now);
  }
}

static void free_client(const char *row, cel_client *c) {
  cel_client_close(c);
  cel_client_release(c);
  CHECK(row, blocks == 0);
}

/* }====== */

/* {====== The order of sending */

typedef struct order_row {
  const char *name;
  size_t max_running;
  const char *calls; /* in order of arrival; capitals are prefetched */
  const char *first; /* what the first turn sends */
  const char *all;   /* what has been sent when all that others wait for is
                        over */
} order_row;

static const order_row order_rows[] = {
    {"in order of arrival", 9, "abcd", "a b c d ", "a b c d "},
    {"no more than there are connections", 2, "abcd", "a b ", "a b c d "},
    {"prefetched pages let the others pass", 9, "XaYb", "a b X Y ",
     "a b X Y "},
    {"they keep their order", 9, "XYZ", "X Y Z ", "X Y Z "},
    {"they leave a connection to the others", 2, "XY", "X ", "X "},
    {"of which there may be only one", 1, "X", "X ", "X "},
    {"a full client", 2, "XYab", "a b ", "a b X "},
    {"two connections, one other", 2, "XYa", "a X ", "a X Y "},
};

static void test_order(void) {
  static const fake_plan plan[] = {{.after = 1, .status = 200}};
  for (size_t i = 0; i < COUNT(order_rows); i++) {
    const order_row *row = &order_rows[i];
    cel_call *calls[8];
    size_t n = strlen(row->calls);
    fake_reset(plan, 1);
    cel_client *c = new_client(row->max_running, 0, 0);
    bool waited_for = false;
    for (size_t k = 0; k < n; k++) {
      const char name[2] = {row->calls[k], '\0'};
      calls[k] = new_call(c, "GET", name);
      calls[k]->prefetch = name[0] < 'a';
      waited_for = waited_for || !calls[k]->prefetch;
      begin(calls[k]);
    }
    cel_client_send(c);
    if (!CHECK(row->name, strcmp(fake_sent(), row->first) == 0))
      printf("  sent %s\n", fake_sent());
    if (waited_for)
      run(c, 1e5);
    if (!CHECK(row->name, strcmp(fake_sent(), row->all) == 0))
      printf("  sent %s\n", fake_sent());
    for (size_t k = 0; k < n; k++)
      cel_call_free(calls[k]);
    free_client(row->name, c);
  }
}

/* }====== */

/* {====== Deadlines */

typedef struct deadline_row {
  const char *name;
  double after;     /* seconds until the answer is there; negative: never */
  double busy;      /* seconds that the program does not look */
  double most;      /* seconds that it takes at the most */
  double announced; /* seconds after which a prefetched page is waited for;
                       0: it is none */
  int parts;        /* steps that the answer takes to read */
  bool answered;    /* else it comes to its deadline */
} deadline_row;

static const deadline_row deadline_rows[] = {
    {"in time", 0.5, 0, 0.5, 0, 1, true},
    {"too late", 2, 0, 1, 0, 1, false},
    {"never", -1, 0, 1, 0, 1, false},
    {"in time, and looked at late", 0.05, 1.2, 1.2, 0, 1, true},
    {"the same in many parts", 0.05, 1.2, 1.2, 0, 30, true},
    {"after the deadline, and there when looked at", 1.1, 1.2, 1.2, 0, 1,
     true},
    {"not there yet when looked at late", 5, 1.2, 1.2, 0, 1, false},
    {"prefetched, waited for late", 5, 0, 5, 4.5, 1, true},
    {"prefetched, waited for too early", 5, 0, 3, 2, 1, false},
    {"prefetched, over before", 0.5, 0, 3, 3, 1, true},
};

static void test_deadlines(void) {
  for (size_t i = 0; i < COUNT(deadline_rows); i++) {
    const deadline_row *row = &deadline_rows[i];
    const fake_plan plan = {
        .after = row->after, .status = 200, .parts = row->parts};
    fake_reset(&plan, 1);
    cel_client *c = new_client(4, 0, 0);
    double start = fake_now;
    c->timeout = 1;
    cel_call *call = new_call(c, "GET", "a");
    call->prefetch = row->announced > 0;
    begin(call);
    cel_client_send(c);
    if (row->announced > 0) {
      while (fake_now < start + row->announced)
        cel_client_turn(c, start + row->announced - fake_now);
      cel_call_attend(call);
    }
    fake_now += row->busy;
    run(c, start + 100);
    CHECK(row->name, call->state == CEL_STATE_DONE);
    CHECK(row->name,
          (call->attempt.result == CEL_RESULT_ANSWERED) == row->answered);
    if (!CHECK(row->name, fake_now <= start + row->most + 1e-9))
      printf("  took %g s\n", fake_now - start);
    CHECK(row->name, fake_running() == 0);
    cel_call_free(call);
    free_client(row->name, c);
  }
}

/* One that waits for a connection, its limit or a pause, and never goes
   out. */
static void test_unsent(void) {
  static const fake_plan never = {.after = -1};
  static const char row[] = "a deadline in the queue";
  fake_reset(&never, 1);
  cel_client *c = new_client(1, 0, 0);
  double start = fake_now;
  cel_call *first = get(c, "first");
  c->timeout = 2;
  cel_call *second = get(c, "second");
  run(c, start + 5);
  CHECK(row, second->state == CEL_STATE_DONE && second->late);
  CHECK(row, !second->attempt.sent && second->exchanges == 0);
  CHECK(row, first->state == CEL_STATE_SENT);
  CHECK(row, strcmp(fake_sent(), "first ") == 0);
  cel_call_abandon(first, CEL_END_CANCELLED);
  cel_call *third = get(c, "third");
  fake_now += 3; /* nobody looks */
  cel_client_send(c);
  CHECK(row, third->late && strcmp(fake_sent(), "first ") == 0);
  cel_call_free(first);
  cel_call_free(second);
  cel_call_free(third);
  free_client(row, c);
}

/* }====== */

/* {====== The rate limit, and pauses */

typedef struct limit_row {
  const char *name;
  double rate, burst;
  int calls;
  double timeout;
  int sent;    /* how many go out */
  int late;    /* how many fail at once, for they would come too late */
  double last; /* seconds until the last one goes out */
} limit_row;

static const limit_row limit_rows[] = {
    {"within the burst", 1, 5, 5, 10, 5, 0, 0},
    {"one by one", 1, 1, 5, 10, 5, 0, 4},
    {"a burst, then one by one", 2, 3, 9, 10, 9, 0, 3},
    {"longer than the timeout", 1, 1, 9, 4.5, 5, 4, 4},
    {"no limit", 0, 0, 20, 1, 20, 0, 0},
};

/* Calls that come while others wait for the limit are weighed when they come,
   by what is in front of them; a pause weighs all of them anew. */
static void test_later(void) {
  static const char row[] = "calls that come later";
  static const fake_plan plan = {.after = 0.001, .status = 200};
  cel_call *calls[6];
  fake_reset(&plan, 1);
  cel_client *c = new_client(9, 1, 1);
  c->timeout = 10;
  for (int i = 0; i < 3; i++)
    calls[i] = get(c, "a"); /* at 0, 1 and 2 seconds */
  cel_client_send(c);
  c->timeout = 2.5;
  calls[3] = get(c, "b"); /* would go at 3 */
  c->timeout = 3.5;
  calls[4] = get(c, "c"); /* goes at 3, for b does not */
  cel_client_send(c);
  CHECK(row, calls[3]->late && calls[3]->state == CEL_STATE_READY);
  CHECK(row, !calls[4]->late && calls[4]->state == CEL_STATE_QUEUED);
  cel_rate_limit_pause(&c->limit, fake_now, 5, 0);
  c->timeout = 100;
  calls[5] = get(c, "d");
  cel_client_send(c);
  CHECK(row, calls[4]->late && calls[4]->state == CEL_STATE_READY);
  CHECK(row, calls[1]->state == CEL_STATE_WAITING);
  CHECK(row, calls[5]->state == CEL_STATE_WAITING);
  run(c, 1e5);
  if (!CHECK(row, strcmp(fake_sent(), "a a a d ") == 0))
    printf("  sent %s\n", fake_sent());
  for (int i = 0; i < 6; i++)
    cel_call_free(calls[i]);
  free_client(row, c);
}

/* Deadlines come in their own order, whatever the order of the queue. */
static void test_deadlines_in_order(void) {
  static const char row[] = "deadlines in their order";
  static const fake_plan never = {.after = -1};
  cel_call *calls[60];
  fake_reset(&never, 1);
  cel_client *c = new_client(5, 0, 0);
  double start = fake_now;
  for (int i = 0; i < 60; i++) {
    c->timeout = 1 + (i * 37) % 60;
    calls[i] = get(c, "a");
  }
  for (int i = 0; i < 60; i += 7)
    cel_call_abandon(calls[i], CEL_END_CANCELLED);
  for (int second = 0; second < 61; second++) {
    run(c, start + second + 0.5);
    for (int i = 0; i < 60; i++)
      if (i % 7 != 0)
        CHECK(row, calls[i]->late == (1 + (i * 37) % 60 <= second));
  }
  CHECK(row, c->unfinished == 0 && fake_running() == 0);
  for (int i = 0; i < 60; i++)
    cel_call_free(calls[i]);
  free_client(row, c);
}

static void test_limit(void) {
  static const fake_plan plan = {.after = 0.001, .status = 200};
  for (size_t i = 0; i < COUNT(limit_rows); i++) {
    const limit_row *row = &limit_rows[i];
    cel_call *calls[32] = {NULL};
    int late = 0;
    fake_reset(&plan, 1);
    cel_client *c = new_client(100, row->rate, row->burst);
    double start = fake_now;
    c->timeout = row->timeout;
    for (int k = 0; k < row->calls; k++)
      calls[k] = get(c, "x");
    cel_client_send(c);
    for (int k = 0; k < row->calls; k++)
      late += calls[k] != NULL && calls[k]->late;
    CHECK(row->name, late == row->late);
    run(c, start + 100);
    CHECK(row->name, fake_count() == row->sent);
    CHECK_NEAR(row->name, fake_time(fake_count() - 1) - start, row->last);
    for (int k = 0; k < row->calls; k++)
      if (calls[k] != NULL)
        cel_call_free(calls[k]);
    free_client(row->name, c);
  }
}

/* There is always more to send, and every wait lasts too long: as much goes
   out as the rate allows, and never more. */
typedef struct pace_row {
  const char *name;
  double rate, burst;
  size_t connections;
  double answer;  /* seconds until each answer is there */
  double stall;   /* until those of 8 in 80 are */
  double late[4]; /* seconds by which waits last too long, in turn */
} pace_row;

static const pace_row pace_rows[] = {
    {"1 a second, on time", 1, 1, 8, 0.001, 0, {0, 0, 0, 0}},
    {"1 a second, late", 1, 1, 8, 0.001, 0, {5e-3, 1e-3, 0, 3e-3}},
    {"10 a second, late", 10, 1, 8, 0.001, 0, {5e-3, 1e-3, 0, 3e-3}},
    {"300 a second, late", 300, 1, 8, 0.001, 0, {5e-3, 1e-3, 0, 3e-3}},
    {"300 a second, always late",
     300,
     1,
     8,
     0.001,
     0,
     {5e-3, 5e-3, 5e-3, 5e-3}},
    {"300 a second, slow answers", 300, 1, 8, 0.02, 0, {1e-3, 2e-3, 0, 1e-3}},
    {"1000 a second, on time", 1000, 1, 8, 0.001, 0, {0, 0, 0, 0}},
    {"1000 a second, late", 1000, 1, 8, 0.001, 0, {5e-3, 1e-3, 0, 3e-3}},
    {"1000 a second, always late",
     1000,
     1,
     8,
     0.001,
     0,
     {5e-3, 5e-3, 5e-3, 5e-3}},
    {"1000 a second, slow answers",
     1000,
     1,
     8,
     0.004,
     0,
     {1e-3, 2e-3, 0, 1e-3}},
    {"1000 a second, a burst",
     1000,
     20,
     8,
     0.001,
     0,
     {5e-3, 5e-3, 5e-3, 5e-3}},
    {"1000 a second, answers that stall",
     1000,
     1,
     8,
     0.001,
     0.009,
     {0, 0, 0, 0}},
    {"5000 a second, late", 5000, 1, 64, 0.001, 0, {5e-3, 1e-3, 0, 3e-3}},
    {"5000 a second, always late",
     5000,
     1,
     64,
     0.001,
     0,
     {5e-3, 5e-3, 5e-3, 5e-3}},
    {"5000 a second, a burst", 5000, 100, 64, 0.001, 0, {5e-3, 1e-3, 5e-3, 0}},
};

static void test_pace(void) {
  static const double seconds = 30;
  for (size_t i = 0; i < COUNT(pace_rows); i++) {
    const pace_row *row = &pace_rows[i];
    fake_plan plans[80];
    cel_call *calls[100];
    bool over = false;
    for (size_t k = 0; k < COUNT(plans); k++) {
      double stall = k < 8 ? row->stall : 0;
      plans[k] = (fake_plan){.after = row->answer + stall, .status = 200};
    }
    fake_reset(plans, COUNT(plans));
    fake_forget();
    cel_client *c = new_client(row->connections, row->rate, row->burst);
    double start = fake_now;
    c->timeout = 1e6;
    for (size_t k = 0; k < COUNT(calls); k++)
      calls[k] = get(c, "x");
    for (int turn = 0; fake_now < start + seconds; turn++) {
      fake_late = row->late[turn % 4];
      cel_client_turn(c, start + seconds - fake_now);
      double allowed = (fake_now - start) * row->rate + row->burst;
      over = over || (double)fake_total() > allowed + 1e-3;
      while (c->lists[CEL_STATE_READY].head != NULL)
        advance(c->lists[CEL_STATE_READY].head);
      for (size_t k = 0; k < COUNT(calls); k++)
        if (calls[k]->state == CEL_STATE_DONE)
          begin(calls[k]);
    }
    CHECK(row->name, !over);
    double allowed = (fake_now - start) * row->rate + row->burst;
    if (!CHECK(row->name, (double)fake_total() >= 0.98 * allowed - 1))
      printf("  %ld of %.0f\n", fake_total(), allowed);
    for (size_t k = 0; k < COUNT(calls); k++)
      cel_call_free(calls[k]);
    free_client(row->name, c);
  }
}

/* A 429 with Retry-After pauses the client: nobody goes out before. */
static void test_pause(void) {
  static const char row[] = "a pause";
  static const fake_plan plans[] = {
      {.after = 0.1, .status = 429, .head = "Retry-After: 3\r\n"},
      {.after = 0.1, .status = 200}};
  fake_reset(plans, COUNT(plans));
  cel_client *c = new_client(4, 0, 0);
  double start = fake_now;
  c->timeout = 60;
  cel_call *first = get(c, "first");
  run(c, start + 0.2);
  cel_call *second = get(c, "second");
  c->timeout = 1;
  cel_call *third = get(c, "third");
  run(c, start + 50);
  CHECK(row, first->state == CEL_STATE_DONE && first->exchanges == 2);
  CHECK(row, second->exchanges == 1 && second->attempt.status == 200);
  CHECK(row, third->late && third->exchanges == 0);
  CHECK(row, fake_count() == 3);
  for (int i = 1; i < fake_count(); i++)
    CHECK(row, fake_time(i) >= start + 3.1 - 1e-9);
  cel_call_free(first);
  cel_call_free(second);
  cel_call_free(third);
  free_client(row, c);
}

/* }====== */

/* {====== Retries */

typedef struct retry_row {
  const char *name;
  const char *method;
  fake_plan plans[4];
  size_t count;
  int exchanges;
  cel_result result;
  int status;
  bool maybe_applied;
} retry_row;

#define OK                                                                    \
  { .after = 0.01, .status = 200 }
#define BUSY                                                                  \
  { .after = 0.01, .status = 503 }
#define LOST                                                                  \
  { .after = 0.01, .code = CURLE_RECV_ERROR }
#define DEAD                                                                  \
  { .after = 0.01, .code = CURLE_RECV_ERROR, .stale = true }
#define GONE                                                                  \
  { .after = 0.01, .code = CURLE_COULDNT_CONNECT, .unsent = true }
#define NO_CERT                                                               \
  { .after = 0.01, .code = CURLE_PEER_FAILED_VERIFICATION, .unsent = true }
#define NO_MEMORY                                                             \
  { .no_memory = true }

static const retry_row retry_rows[] = {
    {"a GET", "GET", {OK}, 1, 1, CEL_RESULT_ANSWERED, 200, false},
    {"a GET after a 503",
     "GET",
     {BUSY, OK},
     2,
     2,
     CEL_RESULT_ANSWERED,
     200,
     false},
    {"a GET that never fares better",
     "GET",
     {BUSY},
     1,
     5,
     CEL_RESULT_ANSWERED,
     503,
     false},
    {"a GET that is lost",
     "GET",
     {LOST, OK},
     2,
     2,
     CEL_RESULT_ANSWERED,
     200,
     false},
    {"a GET on a dead connection",
     "GET",
     {DEAD, OK},
     2,
     2,
     CEL_RESULT_ANSWERED,
     200,
     false},
    {"a POST", "POST", {OK}, 1, 1, CEL_RESULT_ANSWERED, 200, false},
    {"a POST after a 503",
     "POST",
     {BUSY, OK},
     2,
     1,
     CEL_RESULT_ANSWERED,
     503,
     true},
    {"a POST that is lost",
     "POST",
     {LOST, OK},
     2,
     1,
     CEL_RESULT_BROKEN,
     0,
     true},
    {"a POST that was never sent",
     "POST",
     {GONE, OK},
     2,
     2,
     CEL_RESULT_ANSWERED,
     200,
     false},
    {"a certificate that is refused",
     "GET",
     {NO_CERT, OK},
     2,
     1,
     CEL_RESULT_REJECTED,
     0,
     false},
    {"no memory at first",
     "GET",
     {NO_MEMORY, OK},
     2,
     1,
     CEL_RESULT_ANSWERED,
     200,
     false},
};

static void test_retries(void) {
  for (size_t i = 0; i < COUNT(retry_rows); i++) {
    const retry_row *row = &retry_rows[i];
    fake_reset(row->plans, row->count);
    cel_client *c = new_client(4, 0, 0);
    cel_call *call = new_call(c, row->method, "a");
    begin(call);
    run(c, fake_now + 50);
    CHECK(row->name, call->state == CEL_STATE_DONE);
    if (!CHECK(row->name, call->exchanges == row->exchanges))
      printf("  %d exchanges\n", call->exchanges);
    CHECK(row->name, call->attempt.result == row->result);
    CHECK(row->name, call->attempt.status == row->status);
    if (row->status / 100 != 2)
      CHECK(row->name, cel_retry_maybe_applied(&call->attempt, call->writes) ==
                           row->maybe_applied);
    cel_call_free(call);
    free_client(row->name, c);
  }
}

/* The wait is taken, and cancelled with the call. */
static void test_waiting(void) {
  static const char row[] = "a wait before the next attempt";
  static const fake_plan plans[] = {
      {.after = 0.1, .status = 503, .head = "Retry-After: 5\r\n"},
      {.after = 0.1, .status = 200}};
  fake_reset(plans, COUNT(plans));
  cel_client *c = new_client(4, 0, 0);
  double start = fake_now;
  cel_call *call = get(c, "a");
  run(c, start + 1);
  CHECK(row, call->state == CEL_STATE_WAITING);
  CHECK_NEAR(row, cel_client_wait(c), start + 5.1 - fake_now);
  run(c, start + 50);
  CHECK(row, call->state == CEL_STATE_DONE && call->exchanges == 2);
  CHECK_NEAR(row, fake_time(1), start + 5.1);
  cel_call_free(call);
  free_client(row, c);
}

/* }====== */

/* {====== Ends */

/* How far a call gets before it is ended. */
static const struct {
  const char *name;
  cel_state state;
} states[] = {
    {"new", CEL_STATE_NEW},         {"queued", CEL_STATE_QUEUED},
    {"sent", CEL_STATE_SENT},       {"ready", CEL_STATE_READY},
    {"waiting", CEL_STATE_WAITING}, {"done", CEL_STATE_DONE},
};

static cel_call *bring_to(cel_client *c, cel_state state) {
  cel_call *call = new_call(c, "POST", "a");
  call->attempt.repeat = CEL_REPEAT_SAFE;
  if (state == CEL_STATE_NEW)
    return call;
  begin(call);
  if (state == CEL_STATE_QUEUED)
    return call;
  cel_client_send(c);
  if (state == CEL_STATE_SENT)
    return call;
  cel_client_turn(c, 1);
  if (state == CEL_STATE_READY)
    return call;
  if (state == CEL_STATE_WAITING)
    advance(call);
  else
    end(call);
  return call;
}

static void check_ended(const char *row, const cel_client *c,
                        const cel_call *call, cel_state state, cel_end how) {
  bool was_done = state == CEL_STATE_DONE;
  CHECK(row, call->state == CEL_STATE_DONE);
  CHECK(row, call->end == (was_done ? CEL_END_VALUE : how));
  CHECK(row, call->transfer.easy == NULL && fake_running() == 0);
  CHECK(row, c->unfinished == 0 && cel_client_is_due(c));
  for (int i = 0; i < CEL_STATE_LISTS; i++)
    CHECK(row, c->lists[i].head == NULL && c->lists[i].tail == NULL);
  if (!was_done)
    CHECK(row, cel_retry_maybe_applied(&call->attempt, true) ==
                   (state == CEL_STATE_READY || state == CEL_STATE_WAITING));
}

static void test_ends(void) {
  static const fake_plan plan = {
      .after = 0.1, .status = 503, .head = "Retry-After: 5\r\n"};
  for (size_t i = 0; i < COUNT(states); i++) {
    for (int way = 0; way < 3; way++) {
      const char *row = states[i].name;
      fake_reset(&plan, 1);
      cel_client *c = new_client(1, 0, 0);
      cel_call *call = bring_to(c, states[i].state);
      if (!CHECK(row, call->state == states[i].state))
        printf("  is in state %d\n", (int)call->state);
      if (way == 0) {
        cel_call_abandon(call, CEL_END_CANCELLED);
        check_ended(row, c, call, states[i].state, CEL_END_CANCELLED);
      } else if (way == 1) {
        cel_client_close(c);
        if (states[i].state != CEL_STATE_NEW) /* which the client never knew */
          check_ended(row, c, call, states[i].state, CEL_END_CLOSED);
      }
      cel_call_free(call);
      free_client(row, c);
    }
  }
}

/* Who waits for the connection of one that is ended goes out in the next
   turn. */
static void test_freed_connection(void) {
  static const char row[] = "the connection of a call that is cancelled";
  static const fake_plan plans[] = {{.after = -1},
                                    {.after = 0.1, .status = 200}};
  fake_reset(plans, COUNT(plans));
  cel_client *c = new_client(1, 0, 0);
  double start = fake_now;
  cel_call *first = get(c, "first");
  cel_call *second = get(c, "second");
  run(c, start + 1);
  CHECK(row, strcmp(fake_sent(), "first ") == 0);
  cel_call_abandon(first, CEL_END_CANCELLED);
  run(c, start + 2);
  CHECK(row, strcmp(fake_sent(), "first second ") == 0);
  CHECK(row, second->state == CEL_STATE_DONE);
  cel_call_free(first);
  cel_call_free(second);
  free_client(row, c);
}

/* A callback ends the call whose answer is being read: that stays. */
static void test_pinned(void) {
  static const char row[] = "a call that is pinned";
  static const fake_plan plan = {.after = 0.1, .status = 200};
  fake_reset(&plan, 1);
  cel_client *c = new_client(1, 0, 0);
  cel_call *call = get(c, "a");
  cel_client_send(c);
  cel_client_turn(c, 1);
  call->pinned = true;
  cel_call_abandon(call, CEL_END_CANCELLED);
  CHECK(row, call->state == CEL_STATE_DONE && call->transfer.head.len > 0);
  call->pinned = false;
  cel_call_release(call);
  CHECK(row, call->transfer.head.len == 0);
  cel_call_free(call);
  free_client(row, c);
}

/* }====== */

/* {====== The wake-up state */

static void test_wakeup(void) {
  static const char row[] = "the wake-up state";
  static const fake_plan plan = {.after = 0.1, .status = 200};
  fake_reset(&plan, 1);
  cel_client *c = new_client(4, 0, 0);
  CHECK(row, !c->wakeup.to_send && !cel_client_is_due(c));
  cel_call *call = get(c, "a");
  CHECK(row, c->wakeup.to_send);
  cel_client_send(c);
  CHECK(row, !c->wakeup.to_send && !cel_client_is_due(c));
  cel_client_turn(c, 1);
  CHECK(row, cel_client_is_due(c)); /* it is READY */
  c->wakeup.seen = c->wakeup.ended;
  cel_call_move(call, CEL_STATE_QUEUED); /* as for the next page */
  CHECK(row, c->wakeup.to_send && !cel_client_is_due(c));
  cel_client_send(c);
  CHECK(row, fake_count() == 2);
  call->submitted = true;
  CHECK(row, cel_client_unattended(c) == NULL);
  cel_client_turn(c, 1);
  CHECK(row, cel_client_unattended(c) == call);
  c->wakeup.seen = c->wakeup.ended;
  cel_call_abandon(call, CEL_END_CANCELLED);
  CHECK(row, cel_client_is_due(c));
  cel_call_free(call);
  free_client(row, c);
}

/* }====== */

int main(void) {
  test_order();
  test_deadlines();
  test_unsent();
  test_later();
  test_deadlines_in_order();
  test_limit();
  test_pace();
  test_pause();
  test_retries();
  test_waiting();
  test_ends();
  test_freed_connection();
  test_pinned();
  test_wakeup();
  return check_report();
}
