/*
** http_outcome.c - whether an answer is complete, and a better code for
** failures where libcurl's code says too little.
*/
#include "http/http_outcome.h"

#include <string.h>

#include <curl/mprintf.h>

#include "common/chars.h"
#include "http/http_callbacks.h"

/* CURLE_TOO_LARGE, which headers older than 8.6 do not name. */
#define TOO_LARGE ((CURLcode)100)

/* {====== Good answers, as libcurl has it */

/* Whether the head itself says that there is no body. */
static bool is_without_body(const cel_transfer *t) {
  curl_off_t total = -1;
  curl_easy_getinfo(t->easy->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &total);
  return total == 0 || t->status == 204 || t->status == 205 ||
         t->status / 100 != 2;
}

static CURLcode cut_short(cel_transfer *t, const char *words) {
  curl_msnprintf(t->easy->message, sizeof t->easy->message, "%s", words);
  return CURLE_PARTIAL_FILE;
}

/* libcurl has reported success: CURLE_OK if the answer really is complete,
   else what is wrong; t->end is set where a limit or memory is the reason. */
static CURLcode judge(cel_transfer *t) {
  /* libcurl also reports success when a connection ends within the headers, or
     after an interim answer. */
  if (!t->head_done || t->status < 200)
    return CURLE_PARTIAL_FILE;
  if (t->status == 206)
    return cut_short(t, "206 Partial Content, which was not asked for");
  cel_http_begin_body(t);
  switch (cel_encoding_finish(&t->encoding, &t->body)) {
  case CEL_ENCODING_EMPTY: /* the status of an error answer still counts */
    return is_without_body(t) ? CURLE_OK
                              : cut_short(t, "the compressed body is empty");
  case CEL_ENCODING_CUT:
    return cut_short(t, "the compressed body is cut off");
  case CEL_ENCODING_TOO_LARGE:
    t->end = CEL_HTTP_BIG_BODY;
    return CURLE_WRITE_ERROR;
  case CEL_ENCODING_NO_MEMORY:
    t->end = CEL_HTTP_NO_MEMORY;
    return CURLE_WRITE_ERROR;
  default:
    return CURLE_OK;
  }
}

/* }====== */

/* {====== Failures */

/* libcurl has limits for a single line of the head or the trailers, but
   reports them by codes that mean other things as well. */
static bool is_big_head(const cel_transfer *t, CURLcode code) {
  if (strncmp(t->easy->message, "Out of memory in chunked", 24) == 0)
    return true;
  if (code == TOO_LARGE)
    return true;
  return code == CURLE_OUT_OF_MEMORY && t->head.len > 0 && !t->head_done;
}

/* The status by which a proxy has refused to make a tunnel, else 0. */
static int proxy_refusal(const cel_transfer *t) {
  long status = 0;
  curl_easy_getinfo(t->easy->curl, CURLINFO_HTTP_CONNECTCODE, &status);
  return t->sends == 0 && status >= 300 ? (int)status : 0;
}

/* Why a server has refused a TLS handshake, where libcurl's code does not say
   it and only its message does. The words are those of OpenSSL and GnuTLS. */
typedef struct refusal {
  const char *words; /* in lower case */
  CURLcode code;
} refusal;

static const refusal refusals[] = {
    /* In TLS 1.3 this comes after the request has gone out, and libcurl
       reports a broken connection. */
    {"certificate required", CURLE_SSL_CERTPROBLEM},
    {"certificate is required", CURLE_SSL_CERTPROBLEM},
    /* The next try would offer the same, so it would fail the same way. */
    {"alert handshake failure", CURLE_SSL_CIPHER},
    {"alert protocol version", CURLE_SSL_CIPHER},
    {"alert insufficient security", CURLE_SSL_CIPHER},
    {"alert unrecognized name", CURLE_SSL_CIPHER},
};

static CURLcode tls_refusal(const cel_transfer *t, CURLcode code) {
  char text[CURL_ERROR_SIZE];
  size_t n = 0;
  for (const char *p = t->easy->message; *p != '\0'; p++)
    text[n++] = cel_lower(*p);
  text[n] = '\0';
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
    if (t->head.len == 0 && strstr(text, refusals[i].words) != NULL)
      return refusals[i].code;
  return code;
}

/* The code of a failed exchange. */
static CURLcode name_failure(cel_transfer *t, CURLcode code) {
  t->proxy_status = proxy_refusal(t);
  return t->proxy_status != 0 ? CURLE_PROXY : tls_refusal(t, code);
}

/* }====== */

void cel_http_conclude(cel_transfer *t, CURLcode code) {
  if (code == CURLE_OK)
    code = judge(t);
  if (code != CURLE_OK)
    code = name_failure(t, code);
  t->finished = true;
  t->code = code;
  if (code != CURLE_OK)
    memcpy(t->message, t->easy->message, sizeof t->message);
  if (code != CURLE_OK && t->end == CEL_HTTP_ANSWERED) {
    if (is_big_head(t, code))
      t->end = CEL_HTTP_BIG_HEAD;
    else
      t->end =
          code == CURLE_OUT_OF_MEMORY ? CEL_HTTP_NO_MEMORY : CEL_HTTP_FAILED;
  }
}
