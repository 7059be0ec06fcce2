/*
** answer.c - what an exchange has brought: the fields of its head, and its
** failure in words.
*/
#include "engine/answer.h"

#include <string.h>

#include <curl/mprintf.h> /* formats without the locale */

/* {====== Heads */

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

bool cel_next_field(cel_span head, size_t *pos, cel_span *name,
                    cel_span *value) {
  while (*pos < head.len) {
    bool first = *pos == 0;
    const char *line = head.text + *pos;
    const char *end = memchr(line, '\n', head.len - *pos);
    size_t len = end == NULL ? head.len - *pos : (size_t)(end - line);
    *pos += len + (end != NULL);
    const char *colon = memchr(line, ':', len);
    if (first || colon == NULL || colon == line || is_blank(*line))
      continue;
    while (len > 0 && is_blank(line[len - 1]))
      len--;
    *name = (cel_span){line, (size_t)(colon - line)};
    while (name->len > 0 && is_blank(line[name->len - 1]))
      name->len--;
    const char *start = colon + 1;
    while (start < line + len && is_blank(*start))
      start++;
    *value = (cel_span){start,
                        start < line + len ? (size_t)(line + len - start) : 0};
    return true;
  }
  return false;
}

cel_span cel_head_of(const cel_call *c) {
  return (cel_span){c->transfer.head.data, c->transfer.head.len};
}

bool cel_header_is(cel_span name, const char *wanted) {
  return name.len == strlen(wanted) &&
         curl_strnequal(name.text, wanted, name.len);
}

bool cel_find_header(const cel_call *c, const char *name, cel_span *value) {
  cel_span field;
  size_t pos = 0;
  while (cel_next_field(cel_head_of(c), &pos, &field, value))
    if (cel_header_is(field, name))
      return true;
  return false;
}

/* }====== */

/* {====== Failures */

typedef struct code_row {
  CURLcode code;
  const char *word;
  const char *advice;
} code_row;

static const code_row codes[] = {
    {CURLE_COULDNT_RESOLVE_HOST, "dns_failed", "check base_url and the DNS"},
    {CURLE_COULDNT_RESOLVE_PROXY, "dns_failed",
     "check the proxy option and the proxy variables of the environment"},
    {CURLE_COULDNT_CONNECT, "connect_failed",
     "check base_url, the network and the proxy"},
    {CURLE_PROXY, "proxy_failed", "check the proxy option"},
    {CURLE_SSL_CONNECT_ERROR, "tls_failed",
     "the server speaks no TLS on this port, or none from 1.2 on"},
    {CURLE_PEER_FAILED_VERIFICATION, "tls_failed",
     "the server's certificate is not trusted; a private CA goes into "
     "ca_file"},
    {CURLE_SSL_CACERT_BADFILE, "tls_failed", "check ca_file"},
    {CURLE_SSL_ISSUER_ERROR, "tls_failed", "check ca_file"},
    {CURLE_SSL_CERTPROBLEM, "tls_failed",
     "the server wants a certificate of the client, which celigo does not "
     "have; check base_url"},
    {CURLE_SSL_CIPHER, "tls_failed",
     "the server refuses the handshake: it has no TLS version or cipher in "
     "common, does not know the host's name, or wants a certificate of the "
     "client"},
    {CURLE_OPERATION_TIMEDOUT, "connect_timed_out",
     "raise connect_timeout or check the network"},
    {CURLE_GOT_NOTHING, "empty_reply", "the server closed without an answer"},
    {CURLE_PARTIAL_FILE, "cut_short", "the answer was cut short"},
    {CURLE_RECV_ERROR, "connection_reset", "the connection broke"},
    {CURLE_SEND_ERROR, "connection_reset", "the connection broke"},
    {CURLE_HTTP2, "http2_error", "the connection broke"},
    {CURLE_HTTP2_STREAM, "http2_error", "the server ended the stream"},
    {CURLE_BAD_CONTENT_ENCODING, "bad_content_encoding",
     "the answer cannot be decompressed"},
    {CURLE_WEIRD_SERVER_REPLY, "bad_response", "the answer is not HTTP"},
    {CURLE_UNSUPPORTED_PROTOCOL, "bad_response", "the answer is not HTTP"},
};

static const code_row other = {CURLE_OK, "network_error", NULL};

static const code_row *find_code(CURLcode code) {
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if (codes[i].code == code)
      return &codes[i];
  return &other;
}

/* libcurl has one code for all that can be wrong with a certificate. */
static const char *certificate_advice(const char *words, const char *usual) {
  if (strstr(words, "target host") != NULL)
    return "the certificate is for another name: check base_url (and whether "
           "something on the way answers in the server's place)";
  if (strstr(words, "expir") != NULL || strstr(words, "yet valid") != NULL)
    return "check the server's certificate and this machine's clock";
  return usual;
}

/* What to do about it; NULL where there is nothing to say. */
static const char *advice_of(const cel_call *c, const char *words) {
  const code_row *row = find_code(c->transfer.code);
  if (row->code == CURLE_PEER_FAILED_VERIFICATION)
    return certificate_advice(words, row->advice);
  if (row->code == CURLE_SSL_CACERT_BADFILE && c->client->ca_file == NULL)
    return "this system has no trust anchors: install them (ca-certificates), "
           "or name a file of them in ca_file";
  if (row->code == CURLE_PROXY && c->transfer.proxy_status == 407)
    return "the proxy wants a user and a password, or refuses those in its "
           "URL (http://user:password@host:port)";
  return row->advice;
}

const char *cel_failure_code(const cel_call *c) {
  if (c->transfer.refused)
    return "stream_refused";
  if (c->transfer.end == CEL_HTTP_BIG_BODY)
    return "response_too_large";
  if (c->transfer.end == CEL_HTTP_BIG_HEAD)
    return "headers_too_large";
  switch (c->attempt.result) {
  case CEL_RESULT_EXPIRED:
    return "timed_out";
  case CEL_RESULT_STALE:
    return "connection_reset";
  default:
    return find_code(c->transfer.code)->word;
  }
}

/* Why a call came to its deadline; a format that takes the seconds. */
static const char *expired_format(const cel_call *c) {
  if (c->attempt.sent)
    return "no whole answer within %.3g s (timeout)";
  if (cel_call_is_begun(c))
    return "could not be sent within %.3g s (timeout): there is no "
           "connection yet; check the network";
  return "could not be sent within %.3g s (timeout): the client waits for "
         "a connection, its token, its rate limit or a pause";
}

void cel_describe_failure(const cel_call *c, char *buf, size_t size) {
  const cel_transfer *t = &c->transfer;
  switch (c->attempt.result) {
  case CEL_RESULT_EXPIRED:
    curl_msnprintf(buf, size, expired_format(c), c->timeout);
    return;
  case CEL_RESULT_STALE:
    curl_msnprintf(buf, size, "the kept connection broke before an answer");
    return;
  default:
    break;
  }
  if (t->refused)
    curl_msnprintf(buf, size,
                   "the server refused the request before it looked at it "
                   "(HTTP/2); try again later");
  else if (t->end == CEL_HTTP_BIG_BODY)
    curl_msnprintf(buf, size,
                   "the answer is larger than max_response_bytes (%zu bytes)",
                   t->body.max);
  else if (t->end == CEL_HTTP_BIG_HEAD)
    curl_msnprintf(buf, size,
                   "the answer's headers are too large (over %zu bytes, or "
                   "over libcurl's limit for one line)",
                   CEL_HTTP_MAX_HEAD);
  else {
    const char *words = t->message;
    const char *advice = advice_of(c, words);
    if (words[0] == '\0' || strstr(words, "://") != NULL ||
        strchr(words, '@') != NULL) /* a proxy's URL may hold a password */
      words = curl_easy_strerror(t->code);
    curl_msnprintf(buf, size, "%s%s%s", words, advice ? "; " : "",
                   advice ? advice : "");
  }
}

const char *cel_closed_code(const cel_client *c) {
  return c->forked ? "forked" : "client_closed";
}

const char *cel_closed_words(const cel_client *c) {
  return c->forked ? "the client belongs to the process that this one was "
                     "forked from; make a client after the fork"
                   : "the client is closed";
}

/* }====== */
