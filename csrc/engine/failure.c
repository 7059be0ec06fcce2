/*
** failure.c - the tables of failures.
*/
#include "engine/failure.h"

#include <string.h>

#include <curl/curl.h>
#include <curl/mprintf.h> /* formats without the locale */

const cel_failure_row cel_failure_decode = {"decode", "invalid_json", NULL};
const cel_failure_row cel_failure_no_list = {"decode", "not_a_list", NULL};
const cel_failure_row cel_failure_no_record = {"decode", "unexpected_answer",
                                               NULL};
const cel_failure_row cel_failure_encoding = {"decode", "bad_content_encoding",
                                              NULL};
const cel_failure_row cel_failure_incomplete = {"pagination", "incomplete",
                                                NULL};
const cel_failure_row cel_failure_endless = {"pagination", "no_records", NULL};
const cel_failure_row cel_failure_link = {"pagination", "bad_next_link", NULL};
const cel_failure_row cel_failure_validation = {"validation", NULL, NULL};

static const cel_failure_row status = {"http", NULL, NULL};
static const cel_failure_row cancelled = {"cancelled", "call_cancelled",
                                          "the call was cancelled"};
static const cel_failure_row closed = {"closed", "client_closed",
                                       "the client is closed"};
static const cel_failure_row forked = {
    "closed", "forked",
    "the client belongs to the process that this one was forked from; make a "
    "client after the fork"};

/* Ended by the call's deadline, by how far the call had come. %g is the
   timeout. */
static const cel_failure_row unanswered = {
    "timeout", "timed_out", "no whole answer within %.3g s (timeout)"};
static const cel_failure_row unconnected = {
    "timeout", "timed_out",
    "could not be sent within %.3g s (timeout): there is no connection yet; "
    "check the network"};
static const cel_failure_row unsent = {
    "timeout", "timed_out",
    "could not be sent within %.3g s (timeout): the client waits for a "
    "connection, its token, its rate limit or a pause"};

/* Ended by the transport. */
static const cel_failure_row big_body = {
    "limit", "response_too_large",
    "the answer is larger than max_response_bytes (%zu bytes)"};
static const cel_failure_row big_head = {
    "limit", "headers_too_large",
    "the answer's headers are too large (over %zu bytes, or over libcurl's "
    "limit for one line)"};
static const cel_failure_row stale = {
    "network", "connection_reset",
    "the kept connection broke before an answer"};
static const cel_failure_row refused = {
    "network", "stream_refused",
    "the server refused the request before it looked at it (HTTP/2); try "
    "again later"};
static const cel_failure_row no_tunnel = {
    "network", "proxy_failed",
    "the proxy wants a user and a password, or refuses those in its URL "
    "(http://user:password@host:port)"};

/* libcurl has one code for all that can be wrong with a certificate. */
static const cel_failure_row wrong_name = {
    "network", "tls_failed",
    "the certificate is for another name: check base_url (and whether "
    "something on the way answers in the server's place)"};
static const cel_failure_row wrong_time = {
    "network", "tls_failed",
    "check the server's certificate and this machine's clock"};
static const cel_failure_row no_anchors = {
    "network", "tls_failed",
    "this system has no trust anchors: install them (ca-certificates), or "
    "name a file of them in ca_file"};

/* By libcurl's code. */
typedef struct code_row {
  CURLcode code;
  cel_failure_row failure;
} code_row;

static const code_row codes[] = {
    {CURLE_COULDNT_RESOLVE_HOST,
     {"network", "dns_failed", "check base_url and the DNS"}},
    {CURLE_COULDNT_RESOLVE_PROXY,
     {"network", "dns_failed",
      "check the proxy option and the proxy variables of the environment"}},
    {CURLE_COULDNT_CONNECT,
     {"network", "connect_failed",
      "check base_url, the network and the proxy"}},
    {CURLE_PROXY, {"network", "proxy_failed", "check the proxy option"}},
    {CURLE_SSL_CONNECT_ERROR,
     {"network", "tls_failed",
      "the server speaks no TLS on this port, or none from 1.2 on"}},
    {CURLE_PEER_FAILED_VERIFICATION,
     {"network", "tls_failed",
      "the server's certificate is not trusted; a private CA goes into "
      "ca_file"}},
    {CURLE_SSL_CACERT_BADFILE, {"network", "tls_failed", "check ca_file"}},
    {CURLE_SSL_ISSUER_ERROR, {"network", "tls_failed", "check ca_file"}},
    {CURLE_SSL_CERTPROBLEM,
     {"network", "tls_failed",
      "the server wants a certificate of the client, which celigo does not "
      "have; check base_url"}},
    {CURLE_SSL_CIPHER,
     {"network", "tls_failed",
      "the server refuses the handshake: it has no TLS version or cipher in "
      "common, does not know the host's name, or wants a certificate of the "
      "client"}},
    {CURLE_OPERATION_TIMEDOUT,
     {"timeout", "connect_timed_out",
      "raise connect_timeout or check the network"}},
    {CURLE_GOT_NOTHING,
     {"network", "empty_reply", "the server closed without an answer"}},
    {CURLE_PARTIAL_FILE, {"network", "cut_short", "the answer was cut short"}},
    {CURLE_RECV_ERROR,
     {"network", "connection_reset", "the connection broke"}},
    {CURLE_SEND_ERROR,
     {"network", "connection_reset", "the connection broke"}},
    {CURLE_HTTP2, {"network", "http2_error", "the connection broke"}},
    {CURLE_HTTP2_STREAM,
     {"network", "http2_error", "the server ended the stream"}},
    {CURLE_BAD_CONTENT_ENCODING,
     {"network", "bad_content_encoding", "the answer cannot be decompressed"}},
    {CURLE_WEIRD_SERVER_REPLY,
     {"network", "bad_response", "the answer is not HTTP"}},
    {CURLE_UNSUPPORTED_PROTOCOL,
     {"network", "bad_response", "the answer is not HTTP"}},
};

static const cel_failure_row other = {"network", "network_error", NULL};

static const cel_failure_row *of_certificate(const char *words) {
  if (strstr(words, "target host") != NULL ||
      strstr(words, "subject name") != NULL)
    return &wrong_name;
  if (strstr(words, "expir") != NULL || strstr(words, "yet valid") != NULL)
    return &wrong_time;
  return NULL;
}

/* Failures that libcurl reports; its own message comes before these words. */
static const cel_failure_row *of_libcurl(const cel_call *c) {
  const cel_transfer *t = &c->transfer;
  const cel_failure_row *row = NULL;
  if (t->code == CURLE_PEER_FAILED_VERIFICATION)
    row = of_certificate(t->message);
  else if (t->code == CURLE_SSL_CACERT_BADFILE && c->client->ca_file == NULL)
    row = &no_anchors;
  else if (t->code == CURLE_PROXY && t->proxy_status == 407)
    row = &no_tunnel;
  for (size_t i = 0; row == NULL && i < sizeof codes / sizeof *codes; i++)
    if (codes[i].code == t->code)
      row = &codes[i].failure;
  return row == NULL ? &other : row;
}

const cel_failure_row *cel_failure_closed(const cel_client *c) {
  return c->forked ? &forked : &closed;
}

static const cel_failure_row *of_deadline(const cel_call *c) {
  if (c->attempt.sent)
    return &unanswered;
  return cel_call_is_begun(c) ? &unconnected : &unsent;
}

const cel_failure_row *cel_failure_of(const cel_call *c) {
  const cel_transfer *t = &c->transfer;
  if (c->end == CEL_END_CANCELLED)
    return &cancelled;
  if (c->end == CEL_END_CLOSED)
    return cel_failure_closed(c->client);
  if (c->attempt.result == CEL_RESULT_ANSWERED)
    return &status;
  if (c->attempt.result == CEL_RESULT_EXPIRED)
    return of_deadline(c);
  if (t->refused)
    return &refused;
  if (c->attempt.result == CEL_RESULT_STALE)
    return &stale;
  if (t->end == CEL_HTTP_BIG_BODY)
    return &big_body;
  if (t->end == CEL_HTTP_BIG_HEAD)
    return &big_head;
  return of_libcurl(c);
}

/* libcurl's message; a general one where that shows a URL, for the URL of a
   proxy may hold a password. */
static const char *words_of(const cel_transfer *t) {
  const char *words = t->message;
  if (words[0] == '\0' || strstr(words, "://") != NULL ||
      strchr(words, '@') != NULL)
    words = curl_easy_strerror(t->code);
  return words;
}

void cel_failure_describe(const cel_call *c, char *buf, size_t size) {
  const cel_failure_row *row = cel_failure_of(c);
  const char *words = row->words == NULL ? "" : row->words;
  if (row == &unanswered || row == &unconnected || row == &unsent)
    curl_msnprintf(buf, size, words, c->timeout);
  else if (row == &big_body)
    curl_msnprintf(buf, size, words, c->transfer.body.max);
  else if (row == &big_head)
    curl_msnprintf(buf, size, words, CEL_HTTP_MAX_HEAD);
  else if (row == of_libcurl(c))
    curl_msnprintf(buf, size, "%s%s%s", words_of(&c->transfer),
                   words[0] == '\0' ? "" : "; ", words);
  else
    curl_msnprintf(buf, size, "%s", words);
}
