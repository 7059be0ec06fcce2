/*
** limit - the workloads in C on libcurl, without JSON: what no client that
** uses libcurl can go below.
**
**   limit OPERATION BASE CA_FILE COUNT WIDTH
**
** Bodies are gathered in memory, as any client must, and their bytes are
** counted; handles and connections are reused. Over TLS, new transfers wait
** for a connection that may carry several, and the default CA directory is
** left out, which lets libcurl parse the file of trust anchors once only. The
** output is what the other peers print, with "bytes" in place of records and
** sum.
*/
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

enum { MAX_WIDTH = 64, IDS = 50 };

typedef struct run {
  const char *base;
  const char *ca_file; /* "" for none */
  long count;
  long width;
  struct curl_slist *headers;
  size_t bytes; /* of all bodies */
} run;

typedef struct transfer {
  CURL *handle;
  char *body;
  size_t len;
  size_t cap;
  char url[256];
  char next[256]; /* target of the last rel="next" link; "" for none */
} transfer;

static void die(const char *what) {
  fprintf(stderr, "limit: %s\n", what);
  exit(1);
}

static size_t on_body(char *data, size_t size, size_t n, void *ud) {
  transfer *t = ud;
  n *= size;
  if (n > t->cap - t->len) {
    size_t cap = (t->len + n) * 2;
    char *grown = realloc(t->body, cap);
    if (grown == NULL)
      return 0;
    t->body = grown;
    t->cap = cap;
  }
  memcpy(t->body + t->len, data, n);
  t->len += n;
  return n;
}

/* Understands the one form of Link that the benchmark's server sends. */
static size_t on_header(char *line, size_t size, size_t n, void *ud) {
  transfer *t = ud;
  n *= size;
  if (n > 7 && curl_strnequal(line, "link: <", 7)) {
    const char *end = memchr(line, '>', n);
    size_t len = end ? (size_t)(end - line) - 7 : 0;
    if (len > 0 && len < sizeof t->next) {
      memcpy(t->next, line + 7, len);
      t->next[len] = '\0';
    }
  }
  return n;
}

static void transfer_open(transfer *t, const run *r) {
  *t = (transfer){.handle = curl_easy_init()};
  if (t->handle == NULL)
    die("not enough memory");
  curl_easy_setopt(t->handle, CURLOPT_HTTPHEADER, r->headers);
  curl_easy_setopt(t->handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(t->handle, CURLOPT_WRITEDATA, t);
  curl_easy_setopt(t->handle, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(t->handle, CURLOPT_HEADERDATA, t);
  curl_easy_setopt(t->handle, CURLOPT_PRIVATE, t);
  if (r->ca_file[0] != '\0') {
    curl_easy_setopt(t->handle, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(t->handle, CURLOPT_CAINFO, r->ca_file);
    curl_easy_setopt(t->handle, CURLOPT_CAPATH, NULL);
  }
}

static void transfer_close(transfer *t) {
  curl_easy_cleanup(t->handle);
  free(t->body);
}

static void transfer_start(transfer *t) {
  t->len = 0;
  t->next[0] = '\0';
  curl_easy_setopt(t->handle, CURLOPT_URL, t->url);
}

static void transfer_end(const transfer *t, CURLcode code, run *r) {
  long status = 0;
  curl_easy_getinfo(t->handle, CURLINFO_RESPONSE_CODE, &status);
  if (code != CURLE_OK || status != 200)
    die(code != CURLE_OK ? curl_easy_strerror(code) : "unexpected status");
  r->bytes += t->len;
}

static void url_of(transfer *t, const run *r, long i, const char *rest) {
  snprintf(t->url, sizeof t->url, "%s/v1/connectors/54fa0b38a7044f92%08lx%s",
           r->base, (unsigned long)(i % IDS), rest);
}

static void perform(transfer *t, run *r) {
  transfer_start(t);
  transfer_end(t, curl_easy_perform(t->handle), r);
}

static void run_get(run *r) {
  transfer t;
  transfer_open(&t, r);
  for (long i = 0; i < r->count; i++) {
    url_of(&t, r, i, "");
    perform(&t, r);
  }
  transfer_close(&t);
}

static void run_list(run *r) {
  transfer t;
  transfer_open(&t, r);
  snprintf(t.url, sizeof t.url, "%s/v1/connectors", r->base);
  for (long i = 0; i < r->count; i++)
    perform(&t, r);
  transfer_close(&t);
}

/* Pages one after another; sleeps `pause` after each, as a consumer that
   works on it would keep the walk waiting. */
static void walk(run *r, const struct timespec *pause) {
  transfer t;
  transfer_open(&t, r);
  snprintf(t.url, sizeof t.url, "%s/v1/connectors?limit=1000", r->base);
  do {
    perform(&t, r);
    memcpy(t.url, t.next, sizeof t.url);
    if (pause != NULL)
      nanosleep(pause, NULL);
  } while (t.url[0] != '\0');
  transfer_close(&t);
}

static void run_walk(run *r) {
  walk(r, NULL);
}

static void run_consume(run *r) {
  walk(r, &(struct timespec){.tv_nsec = 50000000});
}

static void run_map(run *r) {
  transfer pool[MAX_WIDTH];
  CURLM *multi = curl_multi_init();
  if (multi == NULL)
    die("not enough memory");
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, r->width);
  long next = 0;
  for (; next < r->width && next < r->count; next++) {
    transfer_open(&pool[next], r);
    url_of(&pool[next], r, next, "/licenses");
    transfer_start(&pool[next]);
    curl_multi_add_handle(multi, pool[next].handle);
  }
  long opened = next;
  for (long done = 0; done < r->count;) {
    int n;
    curl_multi_perform(multi, &n);
    for (CURLMsg *m; (m = curl_multi_info_read(multi, &n)) != NULL; done++) {
      transfer *t;
      curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
      CURLcode code = m->data.result;
      curl_multi_remove_handle(multi, t->handle);
      transfer_end(t, code, r);
      if (next < r->count) {
        url_of(t, r, next++, "/licenses");
        transfer_start(t);
        curl_multi_add_handle(multi, t->handle);
      }
    }
    if (done < r->count)
      curl_multi_poll(multi, NULL, 0, 1000, NULL);
  }
  for (long i = 0; i < opened; i++)
    transfer_close(&pool[i]);
  curl_multi_cleanup(multi);
}

static double read_clock(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*fn)(run *r);
  } operations[] = {{"get", run_get},
                    {"list", run_list},
                    {"map", run_map},
                    {"walk", run_walk},
                    {"consume", run_consume}};
  if (argc != 6)
    die("usage: limit OPERATION BASE CA_FILE COUNT WIDTH");
  run r = {.base = argv[2],
           .ca_file = argv[3],
           .count = strtol(argv[4], NULL, 10),
           .width = strtol(argv[5], NULL, 10)};
  if (r.width < 1 || r.width > MAX_WIDTH)
    die("WIDTH is 1 to 64");
  curl_global_init(CURL_GLOBAL_DEFAULT);
  r.headers = curl_slist_append(NULL, "Authorization: Bearer bench");
  bool found = false;
  for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
    if (strcmp(argv[1], operations[i].name) != 0)
      continue;
    found = true;
    double cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    double wall = read_clock(CLOCK_MONOTONIC);
    operations[i].fn(&r);
    printf("{\"bytes\":%zu,\"cpu\":%.6f,\"wall\":%.6f}\n", r.bytes,
           read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu,
           read_clock(CLOCK_MONOTONIC) - wall);
  }
  curl_slist_free_all(r.headers);
  if (!found)
    die("no such operation");
  return 0;
}
