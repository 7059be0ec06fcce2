/*
** rate_limit.h - a token bucket, and the pause that a 429 puts on a client.
**
** Pure C; the clock is passed in (monotonic seconds). After a pause the
** bucket starts empty, so that waiting calls leave one by one at the
** bucket's rate (or at CEL_RATE_DEFAULT where the bucket is off, until as
** many have left as CEL_BURST_DEFAULT) instead of all at once.
*/
#ifndef CEL_RATE_LIMIT_H
#define CEL_RATE_LIMIT_H

#include <stdbool.h>

#define CEL_RATE_DEFAULT 300.0   /* requests per second */
#define CEL_BURST_DEFAULT 1000.0 /* requests */

typedef struct cel_rate_limit {
  bool on;
  double rate;         /* requests per second */
  double burst;        /* the bucket's size, requests */
  double tokens;       /* in the bucket at `at`; may be fractional */
  double at;           /* when tokens was right, seconds */
  double paused_until; /* seconds; 0 while not paused */
  double recovering;   /* requests still to be spaced after a pause while
                          the bucket is off */
} cel_rate_limit;

/* rate <= 0 turns the bucket off; pauses still hold. */
void cel_rate_limit_init(cel_rate_limit *r, double rate, double burst,
                         double now);

/* Seconds until a request may leave; 0 takes a token: send it now. */
double cel_rate_limit_take(cel_rate_limit *r, double now);

/* The same without taking anything: for planning and for deadlines.
   `ahead` requests are waiting in front. */
double cel_rate_limit_wait(const cel_rate_limit *r, double now,
                           double ahead);

/* Nothing leaves before now + seconds. A shorter pause never cuts a longer
   one. */
void cel_rate_limit_pause(cel_rate_limit *r, double now, double seconds);

#endif
