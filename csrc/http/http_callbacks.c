/*
** http_callbacks.c - the functions that libcurl calls: about sockets, timers,
** requests and answers.
*/
#include "http/http_callbacks.h"

#include <string.h>

#include "common/chars.h"
#include "http/clock.h"
#include "http/descriptors.h"
#include "http/http_memory.h"
#include "http/http_watch.h"

#define ROOM_STEP 65536u /* the room for a body is a multiple of this */

void cel_http_tell(cel_transfer *t) {
  if (!t->news) {
    t->news = true;
    t->next = t->http->news;
    t->http->news = t;
  }
}

void cel_http_untell(cel_transfer *t) {
  if (!t->news)
    return;
  cel_transfer **p = &t->http->news;
  while (*p != t)
    p = &(*p)->next;
  *p = t->next;
  t->news = false;
}

static int on_socket(CURL *curl, curl_socket_t fd, int what, void *ud,
                     void *socket_ud) {
  (void)curl;
  (void)socket_ud;
  cel_http_pool *pool = ud;
  cel_http *h = pool->http;
  cel_http_socket *s = (cel_http_socket *)(void *)h->sockets.data;
  size_t n = h->sockets.len / sizeof *s;
  size_t i = 0;
  while (i < n && s[i].fd != fd)
    i++;
  if (what == CURL_POLL_REMOVE) {
    if (i < n) {
      s[i] = s[n - 1];
      h->sockets.len -= sizeof *s;
    }
  } else if (i < n) {
    s[i].what = what;
  } else {
    cel_http_socket entry = {
        .fd = fd, .pool = pool, .what = what, .serial = ++h->serial};
    if (cel_buf_append(&h->sockets, &entry, sizeof entry) != CEL_BUF_OK)
      return -1; /* full: cannot be, the room was made at the start */
    if (!cel_connections_has(&h->connections, fd))
      cel_descriptors_adopt(fd);
  }
  cel_http_watch_socket(h, fd, what);
  return 0;
}

static int on_timer(CURLM *multi, long ms, void *ud) {
  (void)multi;
  cel_http_pool *pool = ud;
  pool->timer = ms < 0 ? -1.0 : cel_clock() + (double)ms * 1e-3;
  return 0;
}

/* Whether the exchange uses a kept connection: one that others have used. */
static bool is_kept(const cel_http_easy *e) {
  long made = 1;
  curl_easy_getinfo(e->curl, CURLINFO_NUM_CONNECTS, &made);
  return made == 0;
}

/* libcurl wants to send the request again. Usually a kept connection has died
   (and libcurl also counts a new connection as kept when others join it). On a
   new connection with no other exchange there is one other reason: an HTTP/2
   server has refused the request unread, or wants it by HTTP/1.1. */
static void note_resend(cel_transfer *t, const cel_http_easy *e) {
  t->stale = true;
  t->refused = !t->kept && e->alone && e->number == e->pool->begun;
  t->avoid_http2 = !e->http1;
}

/* Called each time that the request is about to go out. */
static int on_send(void *ud, char *ip, char *local_ip, int port,
                   int local_port) {
  (void)ip;
  (void)local_ip;
  (void)port;
  const cel_http_easy *e = ud;
  cel_transfer *t = e->transfer;
  if (t->sends > 0) {
    note_resend(t, e);
    return CURL_PREREQFUNC_ABORT;
  }
  t->kept = is_kept(e);
  if (t->kept &&
      cel_connections_is_dead(&t->http->connections, local_port, e->http1)) {
    t->dead = true; /* libcurl must not keep it for the next one */
    curl_easy_setopt(e->curl, CURLOPT_FORBID_REUSE, 1L);
    return CURL_PREREQFUNC_ABORT;
  }
  t->local_port = local_port;
  t->sends = 1;
  return CURL_PREREQFUNC_OK;
}

static int parse_status(const char *line, size_t len) {
  /* "HTTP/1.1 200 OK" or "HTTP/2 200" */
  const char *space = memchr(line, ' ', len);
  if (space == NULL || len - (size_t)(space - line) < 4)
    return 0;
  int status = 0;
  for (int i = 1; i <= 3; i++) {
    if (space[i] < '0' || space[i] > '9')
      return 0;
    status = status * 10 + (space[i] - '0');
  }
  return status;
}

/* The line that follows continues the last one (RFC 9112, section 5.2):
   removes the line end between them. */
static void unfold(cel_buf *head) {
  for (size_t i = head->len; i > 0; i--) {
    if (head->data[i - 1] != '\r' && head->data[i - 1] != '\n')
      return;
    head->data[i - 1] = ' ';
  }
}

/* Something of the answer is here. */
static void note_piece(cel_transfer *t, size_t len) {
  t->http->received += len;
  if (t->wants_time)
    t->arrived = cel_clock() -
                 cel_connections_quiet(&t->http->connections, t->local_port);
}

static size_t on_header(char *data, size_t one, size_t len, void *ud) {
  (void)one;
  cel_transfer *t = ((cel_http_easy *)ud)->transfer;
  note_piece(t, len);
  t->head_bytes += len;
  if (t->head_bytes > CEL_HTTP_MAX_HEAD) {
    t->end = CEL_HTTP_BIG_HEAD;
    return 0;
  }
  if (t->head_done) {
    if (t->status >= 200)
      return len; /* trailers after the body are not used */
    t->head_done = false;
    t->head.len = 0; /* what was there was an interim answer */
  }
  if (t->head.len == 0)
    t->status = parse_status(data, len);
  else if (cel_is_blank(data[0]))
    unfold(&t->head);
  switch (cel_buf_append(&t->head, data, len)) {
  case CEL_BUF_OK:
    break;
  case CEL_BUF_FULL:
    t->end = CEL_HTTP_BIG_HEAD;
    return 0;
  default:
    t->end = CEL_HTTP_NO_MEMORY;
    return 0;
  }
  if (len <= 2 && (data[0] == '\r' || data[0] == '\n')) {
    t->head_done = true;
    if (t->status >= 200 && t->wants_head)
      cel_http_tell(t);
  }
  return len;
}

/* The length of the whole body, as the head tells it, else 0. Not for
   compressed bodies. */
static size_t whole_length(const cel_transfer *t) {
  curl_off_t total = -1;
  curl_easy_getinfo(t->easy->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &total);
  return total > 0 && (size_t)total <= t->body.max ? (size_t)total : 0;
}

/* Makes room for `need` bytes. A large body gets a little more: then its
   memory also fits the next page of a list. */
static int first_room(cel_transfer *t, size_t need) {
  size_t more = (ROOM_STEP - need % ROOM_STEP) % ROOM_STEP;
  if (need >= ROOM_STEP && more <= t->body.max - need &&
      cel_buf_reserve(&t->body, need + more) == CEL_BUF_OK)
    return CEL_BUF_OK;
  return cel_buf_reserve(&t->body, need);
}

/* The allocator has refused `need` bytes: pauses the transfer. When it goes
   on, libcurl gives the same bytes again. */
static size_t starve(cel_transfer *t, size_t need) {
  t->starved = need;
  cel_http_tell(t);
  return CURL_WRITEFUNC_PAUSE;
}

static size_t on_coded_body(cel_transfer *t, const char *data, size_t len) {
  cel_http_reuse(t, 0);
  switch (cel_encoding_write(&t->encoding, &t->body, data, len)) {
  case CEL_BUF_OK:
    return len;
  case CEL_BUF_NOMEM:
    return starve(t, t->encoding.need);
  case CEL_BUF_FULL:
    t->end = CEL_HTTP_BIG_BODY;
    return 0;
  default:
    t->end = CEL_HTTP_NO_MEMORY;
    return 0;
  }
}

void cel_http_begin_body(cel_transfer *t) {
  if (t->encoding.state == CEL_ENCODING_NEW)
    cel_encoding_begin(&t->encoding, t->http->alloc, t->head.data,
                       t->head.len);
}

static size_t on_body(char *data, size_t one, size_t len, void *ud) {
  (void)one;
  cel_transfer *t = ((cel_http_easy *)ud)->transfer;
  int status = CEL_BUF_OK;
  note_piece(t, len);
  cel_http_begin_body(t);
  if (t->encoding.coded)
    return on_coded_body(t, data, len);
  size_t need = t->body.len + len;
  if (need > t->body.max) {
    t->end = CEL_HTTP_BIG_BODY;
    return 0;
  }
  if (t->body.len == 0 && len > 0) {
    size_t whole = whole_length(t);
    if (whole > len)
      need = whole;
    cel_http_reuse(t, whole);
    status = first_room(t, need);
  }
  if (status == CEL_BUF_OK)
    status = cel_buf_append(&t->body, data, len);
  if (status == CEL_BUF_OK)
    return len;
  /* A body of unknown length grows in steps, and each step copies it: so the
     steps grow with it. */
  size_t more = t->body.len > 0 ? need / 8 : 0;
  return starve(t, more < t->body.max - need ? need + more : need);
}

void cel_http_watch_multi(cel_http_pool *pool) {
  curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
  curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
}

void cel_http_watch_easy(cel_http_easy *e) {
  curl_easy_setopt(e->curl, CURLOPT_WRITEDATA, e);
  curl_easy_setopt(e->curl, CURLOPT_HEADERDATA, e);
  curl_easy_setopt(e->curl, CURLOPT_PREREQDATA, e);
  curl_easy_setopt(e->curl, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(e->curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(e->curl, CURLOPT_PREREQFUNCTION, on_send);
}
