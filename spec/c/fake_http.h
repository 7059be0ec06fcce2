/*
** fake_http.h - a transport and a clock of the test's own, in place of http/:
** no socket, no time that passes by itself.
**
** Every exchange that is started takes the next plan of a table. A step moves
** the clock to the next arrival, or as far as it may wait.
*/
#ifndef FAKE_HTTP_H
#define FAKE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "http/http.h"

typedef struct fake_plan {
  double after;     /* seconds until it is over; negative: never */
  const char *head; /* fields, each with "\r\n"; NULL: none */
  int status;       /* of a whole answer; 0: it fails */
  CURLcode code;    /* of a failure */
  int parts;        /* steps that the answer takes to read; 0 is 1 */
  bool unsent;      /* it fails before the request went out */
  bool stale;       /* its kept connection was dead */
  bool no_memory;   /* it cannot be started */
} fake_plan;

extern double fake_now;  /* what cel_clock() says */
extern double fake_late; /* seconds by which a wait lasts longer than asked */

/* Forgets everything; the exchanges to come take these plans, the last one
   as often as it is needed. */
void fake_reset(const fake_plan *plans, size_t n);

/* The targets in the order in which they were sent, each with a blank behind
   it, and how many there are. */
const char *fake_sent(void);
int fake_count(void);

/* When the i-th was sent. */
double fake_time(int i);

/* From here on what is over is forgotten: any number may be sent, without
   their targets and times. The plans begin anew after the last one. */
void fake_forget(void);

/* How many were sent since then. */
long fake_total(void);

/* Exchanges that are under way. */
int fake_running(void);

#endif
