/*
** clock.c - the clock that never goes back.
*/
#include "http/clock.h"

#include <time.h>

double cel_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
