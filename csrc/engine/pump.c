/*
** pump.c - sends calls, ends those that last too long, reads how exchanges
** have ended and decides what comes next.
*/
#include "engine/pump.h"

#include <math.h> /* HUGE_VAL */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "engine/answer.h"
#include "http/clock.h"
#include "time/http_date.h"

/* {====== Sending, and the clocks */

static struct curl_slist *list_of(const cel_call *call) {
  return cel_headers_for(call->headers, call->method, call->body != NULL);
}

/* The headers of the next exchange; false when memory ran out. */
static bool set_headers(cel_client *c, cel_call *call) {
  cel_headers_release(call->headers);
  call->headers = cel_headers_retain(c->headers);
  if (call->own == NULL)
    return true;
  cel_headers_free_merged(&c->alloc, call->merged);
  call->merged = cel_headers_merge(&c->alloc, call->own, list_of(call));
  return call->merged != NULL;
}

static bool start_exchange(cel_client *c, cel_call *call) {
  if (!set_headers(c, call))
    return false;
  const cel_http_request r = {
      .method = call->method,
      .target = call->target,
      .body = call->body,
      .body_len = call->body_len,
      .headers = call->merged != NULL ? call->merged : list_of(call),
      .once = call->attempt.repeat == CEL_REPEAT_NEVER};
  return cel_http_start(&c->http, &call->transfer, &r);
}

static void send_call(cel_client *c, cel_call *call, double now) {
  call->transfer.wants_time = call->prefetch;
  if (start_exchange(c, call)) {
    call->refused = 0;
    call->exchanges++;
    call->sent_at = now;
    call->outside = c->outside;
    call->sent_prefetched = call->prefetch;
    cel_call_background(call, call->prefetch);
    call->announce = c->has_events;
    cel_call_move(call, call->announce ? CEL_STATE_READY : CEL_STATE_SENT);
  } else {
    call->refused++;
    cel_call_move(call, CEL_STATE_READY);
  }
}

/* An exchange is over: notes how long it took. A prefetched page may have
   arrived long before the program looks. The system may know when that was;
   and where no event loop looks as soon as something arrives, what the program
   did between two turns is left out. */
static void note_time(cel_call *k) {
  const cel_client *c = k->client;
  double now = cel_clock();
  k->took = now - k->sent_at;
  if (k->sent_prefetched && !c->has_wakeup)
    k->took -= c->outside - k->outside;
  if (k->sent_prefetched && k->transfer.arrived > 0 &&
      k->took > k->transfer.arrived - k->sent_at)
    k->took = k->transfer.arrived - k->sent_at;
  if (k->took < 0)
    k->took = 0;
}

/* The deadline has passed, or cannot be met. */
static void end_late(cel_call *call) {
  call->late = true;
  note_time(call);
  call->attempt.sent = call->transfer.easy != NULL && call->transfer.sends > 0;
  cel_http_give_up(&call->transfer);
  cel_call_background(call, false);
  cel_call_move(call, CEL_STATE_READY);
}

/* Queues the calls that have waited for their next attempt. */
static void queue_due(cel_client *c, double now) {
  while (cel_heap_least(&c->wakes) <= now)
    cel_call_move(CEL_HEAP_OWNER(c->wakes.least, cel_call, by_wake),
                  CEL_STATE_QUEUED);
}

/* Looks at calls that are due, and at calls whose deadline has passed. Only
   after a look at the network: what has arrived in time counts. */
static void look_at_clocks(cel_client *c, double now) {
  queue_due(c, now);
  while (cel_heap_least(&c->deadlines) <= now)
    end_late(CEL_HEAP_OWNER(c->deadlines.least, cel_call, by_deadline));
}

/* When the client has to look at its clocks; HUGE_VAL for never. */
static double next_wake(const cel_client *c) {
  double wake = cel_heap_least(&c->deadlines);
  double due = cel_heap_least(&c->wakes);
  if (due < wake)
    wake = due;
  return c->token_at < wake ? c->token_at : wake;
}

/* Holds a call back until a pause is over, if there is one. Where other calls
   wait too, each gets a random time after that. */
static void wait_for_pause(cel_client *c, cel_call *k, double now) {
  double random = c->unfinished > 1 ? cel_client_random(c) : 0;
  double wait = cel_rate_limit_resume(&c->limit, now, k->deadline, random);
  if (wait > 0) {
    k->not_before = now + wait;
    cel_call_move(k, CEL_STATE_WAITING);
  }
}

/* Whether the rate limit lets a queued call go before its deadline, with
   `ahead` calls in front of it; if not, it fails at once. */
static bool is_in_time(cel_client *c, cel_call *k, double now, size_t ahead) {
  if (now + cel_rate_limit_wait(&c->limit, now, (double)ahead) < k->deadline)
    return true;
  end_late(k);
  return false;
}

/* A pause holds all queued calls back. */
static void hold_for_pause(cel_client *c, double now) {
  size_t ahead = 0;
  cel_call *k;
  while ((k = cel_client_next(c)) != NULL)
    if (is_in_time(c, k, now, ahead)) {
      ahead++;
      wait_for_pause(c, k, now);
    }
}

/* The rate limit holds queued calls back. Each is looked at once, when it is
   new: later there are fewer in front of it. Only a pause changes that: then
   all are looked at again. Prefetched pages have no deadline. */
static void hold_for_rate(cel_client *c, double now) {
  const cel_call_list *queue = &c->lists[CEL_STATE_QUEUED];
  bool anew = c->planned_for != c->limit.paused_until;
  size_t ahead = queue->count;
  cel_call *last = queue->tail;
  cel_call *next;
  c->planned_for = c->limit.paused_until;
  for (; last != NULL && (anew || !last->planned); last = last->prev)
    ahead--;
  for (cel_call *k = last == NULL ? queue->head : last->next; k != NULL;
       k = next) {
    next = k->next;
    k->planned = true;
    ahead += is_in_time(c, k, now, ahead);
  }
}

static void hold_back(cel_client *c, double now, double wait) {
  if (cel_rate_limit_resume(&c->limit, now, HUGE_VAL, 0) > 0)
    hold_for_pause(c, now);
  else
    hold_for_rate(c, now);
  if (cel_client_next(c) != NULL)
    c->token_at = now + wait;
}

/* Whether a call has to wait for a connection. Prefetched pages leave one to
   the calls that somebody waits for, unless there is only one. */
static bool is_full(const cel_client *c, const cel_call *call) {
  if (c->http.running >= c->max_running)
    return true;
  return call->prefetch && c->max_running > 1 &&
         c->background + 1 >= c->max_running;
}

void cel_client_send(cel_client *c) {
  double now = cel_clock();
  queue_due(c, now);
  c->wakeup.to_send = false;
  c->token_at = HUGE_VAL;
  cel_call *k;
  while ((k = cel_client_next(c)) != NULL && !is_full(c, k)) {
    if (k->deadline <= now) {
      end_late(k);
      continue;
    }
    double wait = cel_rate_limit_take(&c->limit, now);
    if (wait > 0) {
      hold_back(c, now, wait);
      return;
    }
    send_call(c, k, now);
  }
  if (k != NULL)
    cel_rate_limit_miss(&c->limit, now);
}

double cel_client_wait(const cel_client *c) {
  double wait = cel_http_timeout(&c->http);
  double wake = next_wake(c);
  if (wake < HUGE_VAL) {
    wake -= cel_clock();
    if (wake < 0)
      wake = 0;
    if (wait < 0 || wake < wait)
      wait = wake;
  }
  return wait;
}

/* }====== */

/* {====== When an exchange is over */

/* A script must not learn the host's token, but a server, or a proxy before
   it, may answer with what it was sent. */
static void redact_answer(cel_call *k) {
  cel_transfer *t = &k->transfer;
  cel_call_redact(k, t->head.data, t->head.len);
  if (t->finished && t->end == CEL_HTTP_ANSWERED) /* no other body is read */
    cel_call_redact(k, t->body.data, t->body.len);
}

static void read_news(cel_client *c) {
  cel_transfer *t;
  while ((t = cel_http_news(&c->http)) != NULL) {
    cel_call *k =
        (cel_call *)(void *)((char *)t - offsetof(cel_call, transfer));
    if (c->secret)
      redact_answer(k);
    if (t->finished) {
      note_time(k);
      cel_call_background(k, false);
    }
    if (k->state == CEL_STATE_SENT)
      cel_call_move(k, CEL_STATE_READY);
  }
}

/* Whether an exchange is under way whose deadline has passed. */
static bool is_any_late(const cel_client *c, double now) {
  const cel_call *k = c->lists[CEL_STATE_SENT].head;
  if (cel_heap_least(&c->deadlines) > now)
    return false;
  while (k != NULL && k->deadline > now)
    k = k->next;
  return k != NULL;
}

#define CATCH_UP_ROUNDS 64 /* more than a socket's buffer holds */

/* The program may look late. So everything that has arrived is read before a
   deadline ends an exchange. */
static void catch_up(cel_client *c, double now) {
  for (int i = 0; i < CATCH_UP_ROUNDS && is_any_late(c, now); i++) {
    unsigned long long before = c->http.received;
    cel_http_step(&c->http, 0);
    read_news(c);
    if (c->http.received == before)
      return;
  }
}

bool cel_client_turn(cel_client *c, double seconds) {
  unsigned long before = c->wakeup.ended;
  if (c->left_at > 0)
    c->outside += cel_clock() - c->left_at;
  cel_client_send(c);
  double wake = next_wake(c) - cel_clock();
  if (c->wakeup.ended != before || wake < 0)
    seconds = 0;
  else if (wake < seconds)
    seconds = wake;
  bool calm = cel_http_step(&c->http, seconds);
  read_news(c);
  double now = cel_clock();
  if (now >= next_wake(c)) {
    catch_up(c, now);
    look_at_clocks(c, now);
  }
  cel_client_send(c);
  c->left_at = cel_clock();
  return calm;
}

/* Whether a failure will be the same next time, and nothing was done: a
   certificate is refused, the proxy does not let this client through, or a
   refusal has a body that is too large. */
static bool is_rejected(const cel_transfer *t) {
  const cel_attempt as_answered = {.result = CEL_RESULT_ANSWERED,
                                   .status = t->status};
  if (t->end == CEL_HTTP_BIG_BODY)
    return !cel_retry_maybe_applied(&as_answered, true);
  switch (t->code) {
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
    return true;
  case CURLE_PROXY:
    return t->proxy_status / 100 == 4 && t->proxy_status != 408 &&
           t->proxy_status != 429;
  default:
    return false;
  }
}

static cel_result classify(const cel_call *c) {
  const cel_transfer *t = &c->transfer;
  if (t->end == CEL_HTTP_ANSWERED)
    return CEL_RESULT_ANSWERED;
  if (is_rejected(t))
    return CEL_RESULT_REJECTED;
  if (t->end != CEL_HTTP_FAILED)
    return CEL_RESULT_FINAL;
  if (t->stale)
    return t->refused ? CEL_RESULT_UNSENT : CEL_RESULT_STALE;
  return t->sends > 0 ? CEL_RESULT_BROKEN : CEL_RESULT_UNSENT;
}

/* The time on the server's clock, from the answer's Date: the local clock may
   be wrong by an hour. */
static time_t now_there(const cel_call *c) {
  cel_span value;
  int64_t date;
  time_t now = time(NULL);
  if (cel_find_header(c, "date", &value) &&
      cel_http_date_parse(value.text, value.len, now, &date))
    return (time_t)date;
  return now;
}

void cel_call_read_outcome(cel_call *c) {
  cel_attempt *a = &c->attempt;
  cel_span value;
  a->result = classify(c);
  a->status = a->result == CEL_RESULT_ANSWERED ? c->transfer.status : 0;
  a->sent = c->transfer.sends > 0 && !c->transfer.refused;
  a->remaining = c->deadline - cel_clock();
  a->crowd = c->client->unfinished > 1;
  a->retry_after = -1;
  if (a->status / 100 > 2 && cel_find_header(c, "retry-after", &value))
    a->retry_after = cel_retry_after(value.text, value.len, now_there(c));
}

void cel_call_send_later(cel_call *c, const cel_decision *d) {
  cel_retry_advance(&c->attempt, d->counts);
  c->not_before = cel_clock() + d->wait;
  cel_call_move(c, d->wait > 0 ? CEL_STATE_WAITING : CEL_STATE_QUEUED);
}

cel_decision cel_call_decide(const cel_call *c) {
  static const cel_decision again = {.action = CEL_ACTION_RETRY};
  cel_result result = c->attempt.result;
  if (c->sent_prefetched &&
      (result == CEL_RESULT_UNSENT || result == CEL_RESULT_STALE ||
       result == CEL_RESULT_BROKEN))
    return again;
  return cel_retry_decide(&c->policy, &c->attempt, cel_client_random,
                          c->client);
}

/* }====== */
