/*
** fake_http.c - what the engine calls of http/, without libcurl's network.
*/
#include "fake_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/clock.h"

#define MAX_SENT 256

typedef struct exchange {
  cel_transfer *transfer; /* NULL: over, or stopped */
  const fake_plan *plan;
  double due; /* negative: never */
  int parts;  /* still to be read */
} exchange;

double fake_now;
double fake_late;

static const fake_plan *plans;
static size_t plan_count, next_plan;
static exchange exchanges[MAX_SENT];
static double times[MAX_SENT];
static int count;
static char sent[4096];
static bool forgets;
static long total;

void fake_reset(const fake_plan *table, size_t n) {
  plans = table;
  plan_count = n;
  next_plan = 0;
  count = 0;
  sent[0] = '\0';
  fake_now = 1000;
  fake_late = 0;
  forgets = false;
}

void fake_forget(void) {
  forgets = true;
  total = 0;
}

long fake_total(void) {
  return total;
}

const char *fake_sent(void) {
  return sent;
}

int fake_count(void) {
  return count;
}

double fake_time(int i) {
  return times[i];
}

int fake_running(void) {
  int n = 0;
  for (int i = 0; i < count; i++)
    n += exchanges[i].transfer != NULL;
  return n;
}

double cel_clock(void) {
  return fake_now;
}

void cel_transfer_init(cel_transfer *t, cel_http *h) {
  memset(t, 0, sizeof *t);
  t->http = h;
  cel_buf_init(&t->head, h->alloc, CEL_HTTP_MAX_HEAD);
  cel_buf_init(&t->body, h->alloc, 1024);
}

static const fake_plan *take_plan(void) {
  const fake_plan *p = &plans[next_plan];
  if (next_plan + 1 < plan_count)
    next_plan++;
  else if (forgets)
    next_plan = 0;
  return p;
}

bool cel_http_start(cel_http *h, cel_transfer *t, const cel_http_request *r) {
  const fake_plan *p = take_plan();
  if (p->no_memory)
    return false;
  int i = 0;
  while (i < count && (!forgets || exchanges[i].transfer != NULL))
    i++;
  if (i == MAX_SENT)
    abort();
  t->head.len = t->body.len = 0;
  t->finished = t->stale = t->head_done = false;
  t->status = t->sends = 0;
  t->code = CURLE_OK;
  t->end = CEL_HTTP_ANSWERED;
  exchanges[i] = (exchange){
      .transfer = t,
      .plan = p,
      .due = p->after < 0 ? -1 : fake_now + p->after,
      .parts = p->parts,
  };
  times[i] = fake_now;
  t->easy = (cel_http_easy *)(void *)&exchanges[i];
  count += i == count;
  total++;
  h->running++;
  if (!forgets) {
    size_t used = strlen(sent);
    snprintf(sent + used, sizeof sent - used, "%s ", r->target);
  }
  return true;
}

static void forget_news(cel_transfer *t) {
  cel_transfer **p = &t->http->news;
  while (*p != NULL && *p != t)
    p = &(*p)->next;
  if (*p == t)
    *p = t->next;
}

void cel_http_stop(cel_transfer *t) {
  forget_news(t);
  if (t->easy == NULL)
    return;
  ((exchange *)(void *)t->easy)->transfer = NULL;
  t->easy = NULL;
  t->http->running--;
}

void cel_http_give_up(cel_transfer *t) {
  cel_http_stop(t);
}

void cel_transfer_free(cel_transfer *t) {
  cel_http_stop(t);
  cel_buf_free(&t->head);
  cel_buf_free(&t->body);
}

void cel_http_close(cel_http *h) {
  if (h->running != 0 || h->news != NULL)
    abort(); /* a call has been left behind */
}

bool cel_http_is_foreign(const cel_http *h) {
  (void)h;
  return false;
}

void cel_http_leave(cel_http *h) {
  (void)h;
  abort(); /* the test does not fork */
}

bool cel_http_feed(cel_transfer *t) {
  (void)t;
  return true;
}

static void finish(exchange *e) {
  cel_transfer *t = e->transfer;
  const fake_plan *p = e->plan;
  t->status = p->status;
  t->sends = !p->unsent;
  t->stale = p->stale;
  t->code = p->code;
  t->end = p->status == 0 ? CEL_HTTP_FAILED : CEL_HTTP_ANSWERED;
  if (p->status != 0) {
    static const char line[] = "HTTP/1.1 200 OK\r\n";
    cel_buf_append(&t->head, line, sizeof line - 1);
    if (p->head != NULL)
      cel_buf_append(&t->head, p->head, strlen(p->head));
    cel_buf_append(&t->head, "\r\n", 2);
    t->head_done = true;
  }
  t->finished = true;
  cel_http *h = t->http;
  cel_http_stop(t);
  t->next = h->news;
  h->news = t;
}

/* One part of each answer that has come. */
static bool read_arrived(cel_http *h) {
  bool news = false;
  for (int i = 0; i < count; i++) {
    exchange *e = &exchanges[i];
    if (e->transfer == NULL || e->due < 0 || e->due > fake_now)
      continue;
    h->received++;
    if (--e->parts > 0)
      continue;
    finish(e);
    news = true;
  }
  return news;
}

double cel_http_timeout(const cel_http *h) {
  (void)h;
  double wait = -1;
  for (int i = 0; i < count; i++) {
    const exchange *e = &exchanges[i];
    if (e->transfer == NULL || e->due < 0)
      continue;
    double left = e->due > fake_now ? e->due - fake_now : 0;
    if (wait < 0 || left < wait)
      wait = left;
  }
  return wait;
}

bool cel_http_step(cel_http *h, double seconds) {
  if (read_arrived(h))
    return true;
  double arrival = cel_http_timeout(h);
  if (arrival >= 0 && arrival < seconds)
    seconds = arrival;
  if (seconds > 1e6)
    abort(); /* nothing will ever happen */
  if (seconds > 0) {
    fake_now += seconds + fake_late;
    read_arrived(h);
  }
  return true;
}

cel_transfer *cel_http_news(cel_http *h) {
  cel_transfer *t = h->news;
  if (t != NULL)
    h->news = t->next;
  return t;
}
