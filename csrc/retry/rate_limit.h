/*
** rate_limit.h - a token bucket, and the pause that a 429 puts on a client.
**
** Pure C; the clock is passed in (monotonic seconds from any origin). Times
** that are a little earlier than the last one count as the last one, so no
** time is counted twice; after a large jump back the bucket goes on from the
** new time. After a pause the bucket is empty, so waiting calls leave one by
** one, at the bucket's rate, instead of all at once. (If the bucket is off: at
** CEL_RATE_DEFAULT, until CEL_BURST_DEFAULT calls have left.) That would still
** be a burst, so each call that a pause holds back also gets a random time to
** start at (cel_rate_limit_resume).
*/
#ifndef CEL_RATE_LIMIT_H
#define CEL_RATE_LIMIT_H

#include <stdbool.h>

#define CEL_RATE_DEFAULT  300.0  /* requests per second */
#define CEL_BURST_DEFAULT 1000.0 /* requests */

/* A call that has to wait may come so many seconds late: timers are rounded
   up, the machine has other work, and connections may be in use. Tokens that
   come into a full bucket in that time are kept, so that the rate holds. */
#define CEL_RATE_LATE 1e-2

typedef struct cel_rate_limit {
  bool on;
  double rate;         /* requests per second; the default while off */
  double burst;        /* the bucket's size, requests; the default too */
  double tokens;       /* in the bucket at the time `at`; may be a fraction */
  double at;           /* the time of the last update, seconds */
  double due;          /* when the one that has to wait may leave;
                          HUGE_VAL: none has to */
  double paused_until; /* the end of the pause, seconds; not after `at` if
                          there is none */
  double spread;     /* after that, calls start again within so many seconds */
  double recovering; /* while the bucket is off: how many more requests are
                        spaced out after a pause */
} cel_rate_limit;

/* Makes a full bucket. rate <= 0 (or infinite) turns it off; pauses still
   work. A burst below 1 counts as 1: otherwise no call could ever leave. */
void cel_rate_limit_init(cel_rate_limit *r, double rate, double burst,
                         double now);

/* Seconds until a request may leave. 0: a token was taken, send the request
   now. Else ask again after that many seconds; another call may take the token
   first. */
double cel_rate_limit_take(cel_rate_limit *r, double now);

/* The same, without taking a token, for a request with `ahead` others in
   front. */
double cel_rate_limit_wait(const cel_rate_limit *r, double now, double ahead);

/* One has no connection to leave by: it is as if it had been told to wait
   until it may, and will come late. */
void cel_rate_limit_miss(cel_rate_limit *r, double now);

/* Begins a pause: no request leaves before now + seconds, and the bucket is
   empty then. Calls that wait start within the `spread` seconds after it. A
   pause never shortens a longer one. 0 or less does nothing. */
void cel_rate_limit_pause(cel_rate_limit *r, double now, double seconds,
                          double spread);

/* Seconds until a call that a pause holds back should ask again: a time after
   the pause, chosen by `random` in [0, 1), but in the first half of the time
   that is left until its `deadline`. 0 if there is no pause. */
double cel_rate_limit_resume(const cel_rate_limit *r, double now,
                             double deadline, double random);

#endif
