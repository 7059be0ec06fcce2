/*
** test_rate_limit.c - the token bucket on a clock of the test's own. Nothing
** sleeps: time is a variable.
*/
#include "retry/rate_limit.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

#include "check.h"

/* How many leave at one moment. */
static int burst_at(cel_rate_limit *r, double now, int most) {
  int n = 0;
  while (n < most && cel_rate_limit_take(r, now) == 0)
    n++;
  return n;
}

/* How many leave up to `until`, when somebody always waits exactly as long
   as the bucket says. *now is when the last one left. */
static int run(cel_rate_limit *r, double *now, double until, int most) {
  int n = 0;
  double at = *now;
  while (n < most && at <= until) {
    double wait = cel_rate_limit_take(r, at);
    if (wait == 0) {
      n++;
      *now = at;
    }
    at += wait;
  }
  return n;
}

/* What a full bucket lets pass at once and in the time that follows. */
typedef struct bucket_row {
  const char *name;
  double rate, burst;
  double start;   /* the clock's first value */
  double seconds; /* of running */
  int at_once;    /* what leaves at the start */
  int later;      /* what leaves in the seconds after it */
} bucket_row;

static const bucket_row bucket_rows[] = {
    {"default", CEL_RATE_DEFAULT, CEL_BURST_DEFAULT, 0, 10, 1000, 3000},
    {"default, late", CEL_RATE_DEFAULT, CEL_BURST_DEFAULT, 1e7, 10, 1000,
     3000},
    {"default, for long", CEL_RATE_DEFAULT, CEL_BURST_DEFAULT, 12345.678, 3600,
     1000, 1080000},
    {"before zero", 10, 5, -100, 10, 5, 100},
    {"one by one", 1, 1, 50, 100, 1, 100},
    {"slow", 0.5, 2, 50, 100, 2, 50},
    {"very slow", 0.001, 1, 50, 10000, 1, 10},
    {"thirds", 3, 1, 0.1, 1000, 1, 3000},
    {"odd", 7, 2.5, 3.3, 1000, 2, 7000},
    {"burst below one", 10, 0.25, 0, 10, 1, 100},
    {"burst of zero", 10, 0, 0, 10, 1, 100},
};

static void test_bucket(void) {
  for (size_t i = 0; i < sizeof bucket_rows / sizeof bucket_rows[0]; i++) {
    const bucket_row *row = &bucket_rows[i];
    cel_rate_limit r;
    double now = row->start;
    cel_rate_limit_init(&r, row->rate, row->burst, now);
    CHECK(row->name, r.on);
    CHECK(row->name, burst_at(&r, now, INT32_MAX) == row->at_once);
    CHECK(row->name, cel_rate_limit_take(&r, now) > 0);
    int later = run(&r, &now, row->start + row->seconds, INT32_MAX);
    /* The last one may fall on the last moment, a rounding away from it,
       and what a fractional burst left over may come to one more. */
    CHECK(row->name, later >= row->later - 1 && later <= row->later + 1);
  }
}

/* Somebody always waits, and comes late each time: as many leave as the rate
   says, from the first on never more than that, and in no stretch of time
   more than the lateness that is forgiven comes to. */
typedef struct late_row {
  const char *name;
  double rate, burst;
  double late[3]; /* seconds, in turn */
} late_row;

static const late_row late_rows[] = {
    {"on time", 300, 1, {0, 0, 0}},
    {"rounded up to a millisecond", 300, 1, {7e-4, 1e-3, 2e-4}},
    {"the same, faster than the timer", 1000, 1, {7e-4, 1e-3, 9e-4}},
    {"much faster than the timer", 20000, 1, {1e-3, 1e-3, 1e-3}},
    {"now and then by more", 1000, 1, {0, 4.9e-3, 0}},
    {"with a burst", 300, 20, {1e-3, 0, 2e-3}},
};

static void test_late(void) {
  for (size_t i = 0; i < sizeof late_rows / sizeof late_rows[0]; i++) {
    const late_row *row = &late_rows[i];
    static double left[20000];
    const int count = sizeof left / sizeof *left;
    cel_rate_limit r;
    double now = 100;
    int n = 0;
    cel_rate_limit_init(&r, row->rate, row->burst, now);
    for (int turn = 0; n < count; turn++) {
      while (n < count && cel_rate_limit_take(&r, now) == 0)
        left[n++] = now;
      now += cel_rate_limit_wait(&r, now, 0) + row->late[turn % 3];
    }
    const double whole = left[n - 1] - left[0];
    CHECK(row->name, n >= row->rate * whole * 0.999);
    for (int k = 0; k < n; k++) {
      const double due = (k + 1 - row->burst) / row->rate - 2e-6;
      if (left[k] - left[0] < due && !CHECK(row->name, false))
        break;
    }
    const int apart = 100;
    const double least = (apart - row->burst) / row->rate - CEL_RATE_LATE;
    for (int k = 0; k + apart < n; k++)
      if (left[k + apart] - left[k] < least - 2e-6 && !CHECK(row->name, false))
        break;
    CHECK(row->name, n == count);
  }
}

/* One that had no connection loses nothing by a little lateness either. */
static void test_miss(void) {
  static const char row[] = "no connection";
  cel_rate_limit r;
  cel_rate_limit_init(&r, 1000, 1, 50);
  CHECK(row, burst_at(&r, 50, 9) == 1);
  cel_rate_limit_miss(&r, 50);
  cel_rate_limit_miss(&r, 50.002);
  CHECK(row, burst_at(&r, 50.005, 9) == 5);
  cel_rate_limit_miss(&r, 50.005);
  CHECK(row, burst_at(&r, 50.1, 99) == 11); /* 10 ms are forgiven */
  CHECK(row, burst_at(&r, 60, 9) == 1);
  cel_rate_limit_miss(&r, 60);
  CHECK(row, burst_at(&r, 90, 9) == 1);
}

/* Whoever comes much later finds no more than the bucket holds. */
static void test_much_later(void) {
  static const char row[] = "much later";
  cel_rate_limit r;
  cel_rate_limit_init(&r, 100, 1, 50);
  CHECK(row, burst_at(&r, 50, 9) == 1);
  CHECK(row, cel_rate_limit_take(&r, 50) > 0);
  CHECK(row, burst_at(&r, 90, 9) == 1);
  CHECK(row, burst_at(&r, 95, 9) == 1);
}

static void test_fractions(void) {
  cel_rate_limit r;
  cel_rate_limit_init(&r, 2, 1, 100);
  CHECK("take", cel_rate_limit_take(&r, 100) == 0);
  CHECK_NEAR("empty", cel_rate_limit_take(&r, 100), 0.5);
  CHECK_NEAR("half", cel_rate_limit_take(&r, 100.25), 0.25);
  CHECK_NEAR("asking takes nothing", cel_rate_limit_take(&r, 100.25), 0.25);
  CHECK_NEAR("almost", cel_rate_limit_take(&r, 100.4), 0.1);
  CHECK("there", cel_rate_limit_take(&r, 100.5) == 0);
  CHECK_NEAR("one ahead", cel_rate_limit_wait(&r, 100.5, 1), 1);
  CHECK_NEAR("three ahead", cel_rate_limit_wait(&r, 100.75, 3), 1.75);
  CHECK_NEAR("wait takes nothing", cel_rate_limit_wait(&r, 100.5, 0), 0.5);
}

/* The clock is asked far more often than anything leaves, in steps that are
   no fractions of a power of two: nothing is gained or lost. */
static void test_drift(void) {
  cel_rate_limit r;
  cel_rate_limit_init(&r, 3, 1, 0.1);
  int n = 0;
  for (int i = 0; i <= 1000000; i++)
    if (cel_rate_limit_take(&r, 0.1 + i * 0.0007) == 0)
      n++;
  /* 700 seconds; each leaves up to a step late, but the bucket holds one */
  CHECK("drift", n <= 2101);
  CHECK("drift", n >= 2090);
}

static void test_idle(void) {
  static const double spans[] = {1e3, 1e9, 1e300, DBL_MAX};
  for (int i = 0; i < 4; i++) {
    cel_rate_limit r;
    cel_rate_limit_init(&r, 300, 20, 5);
    CHECK("idle", burst_at(&r, 5, 100) == 20);
    CHECK("a long idle time fills it once", burst_at(&r, spans[i], 100) == 20);
  }
}

static void test_clock(void) {
  cel_rate_limit r;
  cel_rate_limit_init(&r, 10, 5, 100);
  CHECK("clock", burst_at(&r, 100, 100) == 5);
  int n = 0;
  for (int i = 0; i < 1000; i++)
    n += burst_at(&r, i % 2 == 0 ? 99.5 : 100, 100);
  CHECK("no time is counted twice", n == 0);
  CHECK_NEAR("it stands still", cel_rate_limit_take(&r, 99.5), 0.1);
  CHECK("and goes on", cel_rate_limit_take(&r, 100.1) == 0);

  cel_rate_limit_pause(&r, 100.1, 3, 0);
  CHECK_NEAR("paused", cel_rate_limit_take(&r, 100.1), 3.1);
  CHECK_NEAR("set back in a pause", cel_rate_limit_take(&r, 10.1), 3.1);
  CHECK_NEAR("the pause goes on", cel_rate_limit_take(&r, 12.1), 1.1);
  CHECK("and ends", cel_rate_limit_take(&r, 13.2) == 0);
  CHECK_NEAR("set back", cel_rate_limit_take(&r, -1000), 0.1);
  CHECK("works on", cel_rate_limit_take(&r, -999.9) == 0);
}

/* A pause, on a bucket that is on or off, and what leaves after it. */
typedef struct pause_row {
  const char *name;
  double rate; /* 0: off */
  double burst;
  double paced; /* requests per second after the pause */
} pause_row;

static const pause_row pause_rows[] = {
    {"default", CEL_RATE_DEFAULT, CEL_BURST_DEFAULT, CEL_RATE_DEFAULT},
    {"slow", 4, 10, 4},
    {"off", 0, 0, CEL_RATE_DEFAULT},
    {"off, negative", -1, 100, CEL_RATE_DEFAULT},
    {"off, infinite", INFINITY, 100, CEL_RATE_DEFAULT},
    {"off, no number", NAN, NAN, CEL_RATE_DEFAULT},
};

static void test_pause(void) {
  for (size_t i = 0; i < sizeof pause_rows / sizeof pause_rows[0]; i++) {
    const pause_row *row = &pause_rows[i];
    cel_rate_limit r;
    double gap = 1 / row->paced;
    cel_rate_limit_init(&r, row->rate, row->burst, 50);
    CHECK(row->name, cel_rate_limit_take(&r, 50) == 0);
    cel_rate_limit_pause(&r, 50, 0, 0);
    cel_rate_limit_pause(&r, 50, -5, 0);
    cel_rate_limit_pause(&r, 50, NAN, 0);
    CHECK(row->name, cel_rate_limit_take(&r, 50) == 0);
    cel_rate_limit_pause(&r, 50, 7, 0);
    CHECK_NEAR(row->name, cel_rate_limit_take(&r, 50), 7 + gap);
    CHECK_NEAR(row->name, cel_rate_limit_wait(&r, 50, 2), 7 + 3 * gap);
    cel_rate_limit_pause(&r, 51, 2, 0);
    CHECK_NEAR("a shorter one", cel_rate_limit_take(&r, 51), 6 + gap);
    cel_rate_limit_pause(&r, 52, 8, 0);
    CHECK_NEAR("a longer one", cel_rate_limit_take(&r, 52), 8 + gap);
    CHECK("nothing leaves", burst_at(&r, 60, 100) == 0);

    double now = 60;
    double last = 60;
    for (int n = 0; n < 20; n++) {
      CHECK("they leave", run(&r, &now, INFINITY, 1) == 1);
      CHECK_NEAR("one by one", now - last, gap);
      last = now;
    }
  }
}

/* An unlimited client is spaced for a burst's worth after a pause, and then
   unlimited again. */
static void test_recovery(void) {
  cel_rate_limit r;
  cel_rate_limit_init(&r, 0, 0, 0);
  CHECK("off", !r.on);
  CHECK("off", burst_at(&r, 0, 100000) == 100000);
  CHECK("off", cel_rate_limit_wait(&r, 0, 1e9) == 0);
  cel_rate_limit_pause(&r, 0, 10, 0);
  CHECK_NEAR("far behind", cel_rate_limit_wait(&r, 0, 1e9),
             10 + CEL_BURST_DEFAULT / CEL_RATE_DEFAULT);
  double now = 0;
  int spaced = (int)CEL_BURST_DEFAULT;
  CHECK("spaced", run(&r, &now, INFINITY, spaced) == spaced);
  CHECK_NEAR("spaced", now, 10 + CEL_BURST_DEFAULT / CEL_RATE_DEFAULT);
  CHECK("free again", burst_at(&r, now, 100000) == 100000);
}

/* What a pause finds in the bucket is gone, whenever the pause comes. */
static void test_pause_empties(void) {
  cel_rate_limit r;
  cel_rate_limit_init(&r, 10, 100, 0);
  cel_rate_limit_pause(&r, 0, 1, 0);
  CHECK("refilled", burst_at(&r, 11, 1000) == 100);
  cel_rate_limit_pause(&r, 20, 0.001, 0);
  CHECK("emptied", burst_at(&r, 20.05, 1000) == 0);
  CHECK("drips again", burst_at(&r, 20.21, 1000) == 2);
}

/* Calls that meet a pause start again at times of their own. */
static void test_resume(void) {
  cel_rate_limit r;
  cel_rate_limit_init(&r, 10, 100, 0);
  CHECK("no pause", cel_rate_limit_resume(&r, 5, 60, 0.5) == 0);
  cel_rate_limit_pause(&r, 10, 4, 8);
  CHECK_NEAR("first", cel_rate_limit_resume(&r, 10, 60, 0), 4);
  CHECK_NEAR("middle", cel_rate_limit_resume(&r, 10, 60, 0.5), 8);
  CHECK_NEAR("late", cel_rate_limit_resume(&r, 13, 60, 0.75), 7);
  CHECK("over", cel_rate_limit_resume(&r, 14, 60, 0.5) == 0);
  CHECK_NEAR("half of what is left", cel_rate_limit_resume(&r, 10, 20, 0.5),
             5.5);
  CHECK_NEAR("nothing is left", cel_rate_limit_resume(&r, 10, 14, 0.5), 4);
  CHECK_NEAR("no deadline", cel_rate_limit_resume(&r, 10, INFINITY, 0.5), 8);
  cel_rate_limit_pause(&r, 11, 1, 80);
  CHECK_NEAR("a shorter one", cel_rate_limit_resume(&r, 11, 60, 0.5), 7);
  cel_rate_limit_pause(&r, 11, 5, 2);
  CHECK_NEAR("a longer one", cel_rate_limit_resume(&r, 11, 60, 0.5), 6);
  CHECK_NEAR("set back", cel_rate_limit_resume(&r, 1, 60, 0.5), 6);

  /* 64 of them, evenly random: no tenth of the time has a quarter of them. */
  cel_rate_limit_init(&r, 0, 0, 0);
  cel_rate_limit_pause(&r, 0, 1, 5);
  int tenths[10] = {0};
  for (int i = 0; i < 64; i++)
    tenths[(int)((cel_rate_limit_resume(&r, 0, 60, i / 64.0) - 1) / 0.5)]++;
  for (int i = 0; i < 10; i++)
    CHECK("spread", tenths[i] >= 6 && tenths[i] <= 7);
}

int main(void) {
  test_bucket();
  test_late();
  test_miss();
  test_much_later();
  test_fractions();
  test_drift();
  test_idle();
  test_clock();
  test_pause();
  test_recovery();
  test_pause_empties();
  test_resume();
  return check_report();
}
