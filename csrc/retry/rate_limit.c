/*
** rate_limit.c - the token bucket.
**
** The number of tokens is a double, updated whenever somebody asks: fractions
** are kept, and there is no timer. While the bucket is off, the same
** arithmetic at the default rate spaces out the requests after a pause.
*/
#include "retry/rate_limit.h"

#include <float.h>
#include <math.h> /* HUGE_VAL */

/* A token that will be there within this time, in seconds, counts as there:
   otherwise rounding could leave a wait that is too short for any clock. The
   bucket goes below zero by that much, so the rate holds. */
#define RATE_TOLERANCE 1e-6

/* If the clock is earlier than before by more than this, in seconds, it was
   set back; if by less, an older reading was passed in. */
#define RATE_CLOCK_STEP 1.0

static double rate_later(double a, double b) {
  return a > b ? a : b;
}

/* Seconds after which a call that was told to wait counts as gone. */
#define RATE_FORGOTTEN 1.0

/* The most that the bucket holds. If a call has to wait, for whatever reason,
   it is a little more: coming a bit late must not lose tokens. */
static double rate_most(const cel_rate_limit *r, double now) {
  double late = now - r->due;
  if (!(late > 0 && late < RATE_FORGOTTEN))
    return r->burst;
  double kept = 1 + (late < CEL_RATE_LATE ? late : CEL_RATE_LATE) * r->rate;
  return rate_later(r->burst, kept);
}

/* Updates the bucket to `now`. No tokens are added during a pause. */
static void rate_settle(cel_rate_limit *r, double now) {
  if (now < r->at - RATE_CLOCK_STEP) {
    r->paused_until -= r->at - now;
    r->due -= r->at - now;
    r->at = now;
  }
  double from = rate_later(r->at, r->paused_until);
  if (now > from) {
    double most = rate_most(r, now);
    r->tokens += (now - from) * r->rate;
    if (r->tokens > most)
      r->tokens = most;
  }
  r->at = rate_later(r->at, now);
}

/* Seconds until a request with `ahead` others in front may leave. The bucket
   is up to date. */
static double rate_due(const cel_rate_limit *r, double ahead) {
  double need = ahead + 1;
  if (!r->on && need > r->recovering)
    need = r->recovering; /* later ones need not wait */
  double drip = need > r->tokens ? (need - r->tokens) / r->rate : 0;
  if (drip < RATE_TOLERANCE || need <= 0)
    drip = 0;
  double paused = r->paused_until - r->at;
  return (paused > 0 ? paused : 0) + drip;
}

void cel_rate_limit_init(cel_rate_limit *r, double rate, double burst,
                         double now) {
  bool on = rate > 0 && rate <= DBL_MAX;
  double size = burst >= 1 ? burst : 1;
  *r = (cel_rate_limit){
      .on = on,
      .rate = on ? rate : CEL_RATE_DEFAULT,
      .burst = on ? size : CEL_BURST_DEFAULT,
      .tokens = on ? size : CEL_BURST_DEFAULT,
      .at = now,
      .due = HUGE_VAL,
      .paused_until = now,
  };
}

double cel_rate_limit_take(cel_rate_limit *r, double now) {
  rate_settle(r, now);
  double wait = rate_due(r, 0);
  r->due = wait > 0 ? r->at + wait : HUGE_VAL;
  if (wait > 0)
    return wait;
  if (r->on) {
    r->tokens -= 1;
  } else if (r->recovering > 0) {
    r->tokens -= 1;
    r->recovering -= 1;
  }
  return 0;
}

void cel_rate_limit_miss(cel_rate_limit *r, double now) {
  if (r->due < HUGE_VAL)
    return;
  rate_settle(r, now);
  r->due = r->at + rate_due(r, 0);
}

double cel_rate_limit_wait(const cel_rate_limit *r, double now, double ahead) {
  cel_rate_limit then = *r;
  rate_settle(&then, now);
  return rate_due(&then, ahead);
}

void cel_rate_limit_pause(cel_rate_limit *r, double now, double seconds,
                          double spread) {
  if (!(seconds > 0))
    return;
  rate_settle(r, now);
  if (r->at + seconds > r->paused_until) {
    r->paused_until = r->at + seconds;
    r->spread = spread;
  }
  if (r->tokens > 0)
    r->tokens = 0; /* a number below 0 stays */
  if (!r->on)
    r->recovering = CEL_BURST_DEFAULT;
}

double cel_rate_limit_resume(const cel_rate_limit *r, double now,
                             double deadline, double random) {
  cel_rate_limit then = *r;
  rate_settle(&then, now);
  double paused = then.paused_until - then.at;
  if (!(paused > 0))
    return 0;
  double room = (deadline - then.paused_until) / 2;
  double spread = then.spread < room ? then.spread : room;
  return paused + (spread > 0 ? random * spread : 0);
}
