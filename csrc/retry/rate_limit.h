/*
** rate_limit.h - a token bucket, and the pause that a 429 puts on a client.
**
** Pure C; the clock is passed in (monotonic seconds, any origin). A clock
** that goes back a little stands still until it has caught up, so no time is
** counted twice; one that jumps back takes the bucket along. After a pause
** the bucket starts empty, so that waiting calls leave one by one at the
** bucket's rate (or at CEL_RATE_DEFAULT where the bucket is off, until as
** many have left as CEL_BURST_DEFAULT) instead of all at once. That would
** still be a burst: each call that meets the pause is given a time of its own
** to start at, in the time that follows (cel_rate_limit_resume).
*/
#ifndef CEL_RATE_LIMIT_H
#define CEL_RATE_LIMIT_H

#include <stdbool.h>

#define CEL_RATE_DEFAULT  300.0  /* requests per second */
#define CEL_BURST_DEFAULT 1000.0 /* requests */

/* Seconds by which whoever has to wait may come late at no loss: timers are
   rounded up, a machine has other work, too, and connections are taken. What
   has dripped into a full bucket meanwhile is kept, so that the rate holds. */
#define CEL_RATE_LATE 1e-2

typedef struct cel_rate_limit {
  bool on;
  double rate;         /* requests per second; the default while off */
  double burst;        /* the bucket's size, requests; the default too */
  double tokens;       /* in the bucket at `at`; may be fractional */
  double at;           /* when tokens was right, seconds */
  double due;          /* when the one that has to wait may leave;
                          HUGE_VAL: none has to */
  double paused_until; /* seconds; not after `at` while not paused */
  double spread;       /* seconds after that in which calls start again */
  double recovering;   /* requests still to be spaced after a pause while
                          the bucket is off */
} cel_rate_limit;

/* A full bucket. rate <= 0 (or infinite) turns it off; pauses still hold. A
   burst below 1, which could never let anything pass, counts as 1. */
void cel_rate_limit_init(cel_rate_limit *r, double rate, double burst,
                         double now);

/* Seconds until a request may leave; 0 takes a token: send it now. Asking
   again after that many seconds takes one, if nobody else took it. */
double cel_rate_limit_take(cel_rate_limit *r, double now);

/* The same without taking anything: for planning and for deadlines.
   `ahead` requests are waiting in front. */
double cel_rate_limit_wait(const cel_rate_limit *r, double now, double ahead);

/* One has no connection to leave by: it is as if it had been told to wait
   until it may, and will come late. */
void cel_rate_limit_miss(cel_rate_limit *r, double now);

/* Nothing leaves before now + seconds, and the bucket is empty then; those
   that wait start in the `spread` seconds that follow. A shorter pause never
   cuts a longer one; 0 or less does nothing. */
void cel_rate_limit_pause(cel_rate_limit *r, double now, double seconds,
                          double spread);

/* When a call that meets a pause is to ask again, in seconds from now: at a
   time of its own after the pause, by `random` in [0, 1), but in the first
   half of what is left until its `deadline` then. 0 where there is no pause.
 */
double cel_rate_limit_resume(const cel_rate_limit *r, double now,
                             double deadline, double random);

#endif
