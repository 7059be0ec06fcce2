/*
** http_setup.c - proxies, and the settings that every easy handle of a client
** has.
*/
#include "http/http_setup.h"

#include <stdlib.h> /* getenv */
#include <string.h>

#include <curl/mprintf.h>
#include <fcntl.h>   /* FD_CLOEXEC */
#include <pthread.h> /* pthread_once */

#include "http/anchors.h"
#include "http/noproxy.h"

/* Bytes. With this size libcurl needs half the time for large bodies. */
#define RECEIVE_BUFFER (128L * 1024L)

/* 7.86 and older ones end the process by SIGPIPE when a connection is reset
   during a TLS handshake or an upload. 7.87 does not watch the socket of a TLS
   connection until that is connected, nor while a proxy opens a tunnel: calls
   wait for the next timer, at times until connect_timeout. */
#define OLDEST      0x075800 /* as version_num has it */
#define OLDEST_TEXT "7.88.0"

/* How many forks there were between the process that set libcurl up and this
   one. */
static unsigned generation;

static void count_fork(void) {
  generation++;
}

unsigned cel_http_generation(void) {
  return generation;
}

static pthread_once_t global_once = PTHREAD_ONCE_INIT;
static char global_wrong[160]; /* empty: nothing */

static void global_init(void) {
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  if (info->version_num < OLDEST)
    curl_msnprintf(global_wrong, sizeof global_wrong,
                   "libcurl " OLDEST_TEXT " or newer is needed; this is "
                   "libcurl %s",
                   info->version);
  else if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    curl_msnprintf(global_wrong, sizeof global_wrong,
                   "libcurl %s cannot be set up", info->version);
  else if (pthread_atfork(NULL, NULL, count_fork) != 0)
    curl_msnprintf(global_wrong, sizeof global_wrong,
                   "no memory to be told of forks");
}

const char *cel_http_global(void) {
  pthread_once(&global_once, global_init);
  return global_wrong[0] == '\0' ? NULL : global_wrong;
}

static bool has_tls(void) {
  return curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_SSL;
}

/* {====== The environment's proxy, looked up once for a client */

static const char *first_env(const char *const *names) {
  for (; *names != NULL; names++) {
    const char *value = getenv(*names);
    if (value != NULL && *value != '\0')
      return value;
  }
  return NULL;
}

/* Whether the environment's no_proxy covers the base URL's host. When memory
   ran out, false, and *wrong is set. */
static bool is_kept_from_proxy(const cel_http *h, bool *wrong) {
  static const char *const names[] = {"no_proxy", "NO_PROXY", NULL};
  const char *list = first_env(names);
  char *host = NULL;
  if (list == NULL)
    return false;
  *wrong = curl_url_get(h->settings.base->handle, CURLUPART_HOST, &host, 0) !=
           CURLUE_OK;
  bool covered = !*wrong && cel_noproxy_covers(list, host);
  curl_free(host);
  return covered;
}

/* Reads the variables that libcurl reads. None is used for plain http, which
   is for loopback hosts only: a proxy could not reach those, and would see the
   token. */
static bool read_env_proxy(cel_http *h) {
  static const char *const proxies[] = {"https_proxy", "HTTPS_PROXY",
                                        "all_proxy", "ALL_PROXY", NULL};
  const char *proxy = NULL;
  bool wrong = false;
  if (h->settings.proxy == NULL && h->settings.base->https)
    proxy = first_env(proxies);
  if (proxy == NULL || is_kept_from_proxy(h, &wrong))
    return true;
  h->env_proxy = wrong ? NULL : curl_maprintf("%s", proxy);
  return h->env_proxy != NULL;
}

/* }====== */

const char *cel_http_lacks(cel_http *h, const char *what) {
  const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
  const char *tls = info->ssl_version;
  curl_msnprintf(h->wrong, sizeof h->wrong,
                 "libcurl %s (%s) lacks %s; install one that has it",
                 info->version, tls == NULL ? "no TLS library" : tls, what);
  return h->wrong;
}

const char *cel_http_prepare(cel_http *h) {
  cel_anchors_init(&h->anchors, h->alloc);
  if (h->settings.base->https && !has_tls())
    return cel_http_lacks(h, "TLS, which https:// needs");
  const char *wrong =
      h->settings.base->https || h->settings.proxy != NULL
          ? cel_anchors_read(&h->anchors, h->settings.ca_file)
          : cel_anchors_check(&h->anchors, h->settings.ca_file);
  h->blames_ca_file = wrong != NULL && strcmp(wrong, CEL_NO_MEMORY) != 0;
  if (wrong == NULL && !read_env_proxy(h))
    wrong = CEL_NO_MEMORY;
  return wrong;
}

void cel_http_forget(cel_http *h) {
  cel_anchors_free(&h->anchors);
  curl_free(h->env_proxy);
  h->env_proxy = NULL;
}

bool cel_http_absolute(const cel_http *h) {
  const char *proxy = h->settings.proxy;
  return proxy != NULL && *proxy != '\0' && !h->settings.base->https &&
         (strstr(proxy, "://") == NULL || curl_strnequal(proxy, "http", 4));
}

/* {====== Settings */

/* Sets an option; the first that libcurl refuses is noted by its name. */
#define SET(s, option, value)                                                 \
  note((s), curl_easy_setopt((s)->curl, (option), (value)), #option)

typedef struct setting {
  CURL *curl;
  CURLcode code;       /* of the first option that was refused */
  const char *refused; /* its name; a constant */
} setting;

static void note(setting *s, CURLcode code, const char *option) {
  if (s->code == CURLE_OK && code != CURLE_OK) {
    s->code = code;
    s->refused = option;
  }
}

static void set_tls(const cel_http *h, setting *s) {
  const cel_anchors *a = &h->anchors;
  const struct curl_blob blob = {
      .data = a->text.data, .len = a->text.len, .flags = CURL_BLOB_NOCOPY};
  SET(s, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  SET(s, CURLOPT_SSL_VERIFYPEER, 1L);
  SET(s, CURLOPT_SSL_VERIFYHOST, 2L);
  if (a->text.len > 0)
    SET(s, CURLOPT_CAINFO_BLOB, &blob);
  else if (a->fd >= 0)
    SET(s, CURLOPT_CAINFO, a->name);
  else if (h->settings.ca_file != NULL)
    SET(s, CURLOPT_CAINFO, h->settings.ca_file);
  else if (a->only_directory)
    SET(s, CURLOPT_CAINFO, NULL);
  /* With a directory, libcurl does not cache parsed anchors. This may fail:
     some TLS libraries have no directories. */
  if (!a->directory)
    curl_easy_setopt(s->curl, CURLOPT_CAPATH, NULL);
}

static void set_proxy(const cel_http *h, setting *s) {
  const char *proxy = h->settings.proxy;
  if (proxy == NULL)
    proxy = h->env_proxy;
  SET(s, CURLOPT_PROXY, proxy ? proxy : "");
  SET(s, CURLOPT_NOPROXY, ""); /* read_env_proxy has decided */
  SET(s, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
  SET(s, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

CURLcode cel_http_set_up(cel_http *h, CURL *c, const char **refused) {
  setting s = {.curl = c};
  SET(&s, CURLOPT_CURLU, h->settings.base->handle);
  if (h->settings.base->https || has_tls())
    set_tls(h, &s);
  set_proxy(h, &s);
  SET(&s, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  SET(&s, CURLOPT_HTTP_CONTENT_DECODING, 0L); /* encoding.c does that */
  SET(&s, CURLOPT_PROTOCOLS_STR, h->settings.base->https ? "https" : "http");
  SET(&s, CURLOPT_NOSIGNAL, 1L);
  /* Ending a transfer does not wait for a resolver that does not answer. */
  SET(&s, CURLOPT_QUICK_EXIT, 1L);
  SET(&s, CURLOPT_FOLLOWLOCATION, 0L);
  /* libcurl may have been built without HTTP/2. */
  curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  SET(&s, CURLOPT_HTTP09_ALLOWED, 0L);
  SET(&s, CURLOPT_PIPEWAIT, h->settings.base->https ? 1L : 0L);
  SET(&s, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
  SET(&s, CURLOPT_CONNECTTIMEOUT_MS,
      (long)(h->settings.connect_timeout * 1e3));
  SET(&s, CURLOPT_TCP_NODELAY, 1L);
  note(&s, cel_connections_watch(&h->connections, c),
       "CURLOPT_OPENSOCKETFUNCTION");
  *refused = s.refused;
  return s.code;
}

/* }====== */
