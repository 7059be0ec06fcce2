/*
** clock.h - the clock that deadlines and pauses are told by.
*/
#ifndef CEL_CLOCK_H
#define CEL_CLOCK_H

/* Seconds on a clock that never goes back. */
double cel_clock(void);

#endif
