/*
** queue.c - the lists of calls, how a call ends, and how a client does.
*/
#include "engine/queue.h"

#include <math.h> /* HUGE_VAL */
#include <string.h>

#include "http/clock.h"

/* {====== Lists */

static cel_call_list *list_of(const cel_call *c) {
  cel_client *client = c->client;
  bool after = c->state == CEL_STATE_QUEUED && c->prefetch;
  return after ? &client->prefetched : &client->lists[c->state];
}

static void unlink_call(cel_call *c) {
  if (c->state >= CEL_STATE_LISTS)
    return;
  cel_call_list *list = list_of(c);
  *(c->prev == NULL ? &list->head : &c->prev->next) = c->next;
  *(c->next == NULL ? &list->tail : &c->next->prev) = c->prev;
  c->prev = c->next = NULL;
  list->count--;
  if (!c->prefetch)
    c->client->unfinished--;
}

static void link_call(cel_call *c) {
  if (c->state >= CEL_STATE_LISTS)
    return;
  cel_call_list *list = list_of(c);
  c->prev = list->tail;
  *(c->prev == NULL ? &list->head : &c->prev->next) = c;
  list->tail = c;
  list->count++;
  if (!c->prefetch)
    c->client->unfinished++;
}

/* Sets when the client has to look at the call again by itself. */
static void set_alarms(cel_call *c) {
  cel_client *client = c->client;
  cel_heap_place(&client->deadlines, &c->by_deadline,
                 c->state < CEL_STATE_READY ? c->deadline : HUGE_VAL);
  cel_heap_place(&client->wakes, &c->by_wake,
                 c->state == CEL_STATE_WAITING ? c->not_before : HUGE_VAL);
}

bool cel_call_is_ready(const cel_call *c) {
  return c->state >= CEL_STATE_DONE ||
         (c->state == CEL_STATE_READY && !c->submitted);
}

static void wake_watcher(cel_call *c) {
  cel_call_list *list = &c->client->woken;
  c->watched = false;
  c->woken = true;
  c->woken_prev = list->tail;
  *(list->tail == NULL ? &list->head : &list->tail->woken_next) = c;
  list->tail = c;
  list->count++;
}

static void unlink_woken(cel_call *c) {
  cel_call_list *list = &c->client->woken;
  cel_call *prev = c->woken_prev;
  cel_call *next = c->woken_next;
  *(prev == NULL ? &list->head : &prev->woken_next) = next;
  *(next == NULL ? &list->tail : &next->woken_prev) = prev;
  c->woken_prev = c->woken_next = NULL;
  c->woken = false;
  list->count--;
}

void cel_call_watch(cel_call *c) {
  c->watched = !c->woken;
  if (c->watched && cel_call_is_ready(c))
    wake_watcher(c);
}

void cel_call_unwatch(cel_call *c) {
  if (c->woken)
    unlink_woken(c);
  c->watched = false;
}

cel_call *cel_client_take_woken(cel_client *c) {
  cel_call *k = c->woken.head;
  if (k != NULL)
    unlink_woken(k);
  return k;
}

static void note_work(cel_client *c, cel_state state) {
  if (state == CEL_STATE_QUEUED)
    c->wakeup.to_send = true;
  else if (state == CEL_STATE_READY || state == CEL_STATE_DONE)
    c->wakeup.ended++;
}

void cel_call_background(cel_call *c, bool on) {
  if (c->background == on)
    return;
  c->background = on;
  c->client->background += on ? 1 : (size_t)-1;
}

void cel_call_move(cel_call *c, cel_state state) {
  unlink_call(c);
  c->state = state;
  c->planned = false;
  if (state != CEL_STATE_SENT && state != CEL_STATE_READY)
    cel_call_background(c, false);
  note_work(c->client, state);
  link_call(c);
  set_alarms(c);
  if (c->watched && cel_call_is_ready(c))
    wake_watcher(c);
}

void cel_call_init(cel_call *c) {
  c->state = CEL_STATE_NEW;
  c->policy = c->client->policy;
  c->timeout = c->client->timeout;
  c->attempt.attempts = 1;
  c->attempt.retry_after = -1;
  cel_transfer_init(&c->transfer, &c->client->http);
}

void cel_call_begin(cel_call *c) {
  c->started = cel_clock();
  c->deadline = c->prefetch ? HUGE_VAL : c->started + c->timeout;
}

void cel_call_attend(cel_call *c) {
  cel_state state = c->state;
  if (!c->prefetch)
    return;
  cel_call_move(c, CEL_STATE_NEW);
  c->prefetch = false;
  cel_call_begin(c);
  cel_call_move(c, state);
}

void cel_call_drop_text(cel_call *c, char **text, size_t len) {
  const cel_allocator *a = &c->client->alloc;
  if (*text != NULL)
    a->fn(a->ud, *text, len + 1, 0);
  *text = NULL;
}

void cel_call_drop_target(cel_call *c) {
  if (c->target != NULL)
    cel_call_drop_text(c, &c->target, strlen(c->target));
  c->prefix_len = 0;
}

void cel_call_release(cel_call *c) {
  cel_http_stop(&c->transfer);
  if (c->pinned)
    return;
  cel_call_drop_text(c, &c->body, c->body_len);
  cel_transfer_free(&c->transfer);
  cel_headers_free_merged(&c->client->alloc, c->merged);
  cel_headers_free_own(&c->client->alloc, c->own);
  cel_headers_release(c->headers);
  for (int i = 0; i < CEL_TOKEN_REPEATS; i++) {
    cel_headers_release(c->earlier[i]);
    c->earlier[i] = NULL;
  }
  c->own = c->merged = NULL;
  c->headers = NULL;
  curl_free(c->scratch);
  c->scratch = NULL;
}

void cel_call_redact(const cel_call *c, char *text, size_t len) {
  cel_redact(c->client->headers, text, len);
  if (c->headers != c->client->headers)
    cel_redact(c->headers, text, len);
  for (int i = 0; i < CEL_TOKEN_REPEATS; i++)
    cel_redact(c->earlier[i], text, len);
  for (int i = 0; i < CEL_PROXY_MASKS; i++)
    cel_mask_apply(c->client->proxy_masks[i], text, len);
}

bool cel_call_is_begun(const cel_call *c) {
  return c->exchanges == c->attempt.attempts;
}

void cel_call_abandon(cel_call *c, cel_end end) {
  if (c->state == CEL_STATE_DONE && c->end == CEL_END_PAGE)
    cel_call_release(c); /* nobody reads the page any more */
  if (c->state >= CEL_STATE_DONE)
    return;
  c->attempt.result = CEL_RESULT_FINAL;
  c->attempt.sent = cel_call_is_begun(c) && c->transfer.sends > 0;
  c->end = end;
  cel_call_move(c, CEL_STATE_DONE);
  cel_call_release(c);
}

void cel_call_free(cel_call *c) {
  cel_client *client = c->client;
  c->pinned = false; /* os.exit() closes the state in a callback, too */
  cel_call_abandon(c, CEL_END_CANCELLED);
  client->strays = client->strays || c->woken;
  cel_call_unwatch(c);
  cel_call_release(c);
  cel_call_drop_target(c);
  client->alloc.fn(client->alloc.ud, c, sizeof *c, 0);
  cel_client_release(client);
}

/* }====== */

/* {====== Clients */

static void drop_string(cel_client *c, char **slot) {
  if (*slot != NULL)
    c->alloc.fn(c->alloc.ud, *slot, strlen(*slot) + 1, 0);
  *slot = NULL;
}

double cel_client_random(void *ud) {
  cel_client *c = ud;
  unsigned long long x = c->seed; /* xorshift64 (Marsaglia, 2003) */
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  c->seed = x;
  return (double)(x >> 11) * 0x1p-53;
}

cel_call *cel_client_unattended(const cel_client *c) {
  cel_call *k = c->lists[CEL_STATE_READY].head;
  while (k != NULL &&
         !((k->submitted && !k->pinned) || (k->prefetch && k->announce)))
    k = k->next;
  return k;
}

void cel_client_charge(cel_client *c, size_t bytes) {
  cel_holdings *h = c->holdings;
  if (h != NULL) {
    h->bytes += bytes - c->charged;
    h->clients += (size_t)(bytes > 0) - (size_t)(c->charged > 0);
  }
  c->charged = bytes;
}

void cel_client_close(cel_client *c) {
  if (c->closed)
    return;
  cel_client_charge(c, 0);
  c->closed = true;
  c->forked = cel_http_is_foreign(&c->http);
  if (c->forked)
    cel_http_leave(&c->http);
  for (int i = 0; i < CEL_STATE_LISTS; i++)
    while (c->lists[i].head != NULL)
      cel_call_abandon(c->lists[i].head, CEL_END_CLOSED);
  while (c->prefetched.head != NULL)
    cel_call_abandon(c->prefetched.head, CEL_END_CLOSED);
  cel_http_close(&c->http);
  cel_headers_release(c->headers);
  c->headers = NULL;
  if (c->proxy != NULL) /* it may hold a password */
    cel_wipe(c->proxy, strlen(c->proxy));
  for (int i = 0; i < CEL_PROXY_MASKS; i++) {
    cel_mask_free(c->proxy_masks[i]);
    c->proxy_masks[i] = NULL;
  }
}

cel_client *cel_client_retain(cel_client *c) {
  c->references++;
  return c;
}

void cel_client_release(cel_client *c) {
  if (--c->references > 0)
    return;
  cel_client_close(c);
  cel_base_url_free(&c->base);
  drop_string(c, &c->agent);
  drop_string(c, &c->ca_file);
  if (c->proxy != NULL) /* wiped: its length is gone */
    c->alloc.fn(c->alloc.ud, c->proxy, c->proxy_size, 0);
  c->alloc.fn(c->alloc.ud, c, sizeof *c, 0);
}

/* }====== */
