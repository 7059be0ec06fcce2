/*
** url.c - the project's rules about URLs, over libcurl's URL API.
*/
#include "http/url.h"

#include <string.h>

#include <arpa/inet.h> /* inet_pton */
#include <curl/mprintf.h>

#include "common/buf.h"
#include "common/chars.h"

/* Whether the URL has a part that it must not have. */
static bool has_part(CURLU *u, CURLUPart part) {
  char *value = NULL;
  bool there = curl_url_get(u, part, &value, 0) == CURLUE_OK;
  curl_free(value);
  return there;
}

/* libcurl would convert an international host name by the current locale. With
   the C locale, the default of every program, each call would fail. */
static const char international[] =
    "the host has to be written in ASCII; an international name has a form "
    "that begins with xn-- (the program idn2 shows it)";

static bool is_ascii(const char *text) {
  while (*text != '\0' && (unsigned char)*text < 128)
    text++;
  return *text == '\0';
}

/* libcurl has already brought forms such as 127.1 into dotted form. */
static bool is_loopback(const char *host) {
  struct in_addr v4;
  if (curl_strequal(host, "localhost") || strcmp(host, "[::1]") == 0)
    return true;
  return inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

static const char *check_origin(cel_base_url *base) {
  char *scheme = NULL;
  char *host = NULL;
  const char *wrong = NULL;
  if (curl_url_get(base->handle, CURLUPART_SCHEME, &scheme, 0) != 0 ||
      curl_url_get(base->handle, CURLUPART_HOST, &host, 0) != 0) {
    wrong = "it has no scheme or no host";
  } else if (!is_ascii(host)) {
    wrong = international;
  } else if (strcmp(scheme, "https") == 0) {
    base->https = true;
  } else if (strcmp(scheme, "http") != 0) {
    wrong = "only https:// is accepted";
  } else if (!is_loopback(host)) {
    wrong = "plain http:// is accepted for loopback hosts only "
            "(127.0.0.0/8, ::1, localhost); use https://";
  }
  curl_free(scheme);
  curl_free(host);
  return wrong;
}

static const char *check_rest(CURLU *u) {
  if (has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD))
    return "it must not hold a user or a password";
  if (has_part(u, CURLUPART_QUERY) || has_part(u, CURLUPART_FRAGMENT))
    return "it must not hold a query or a fragment";
  return NULL;
}

static void strip_slashes(char *text) {
  size_t len = strlen(text);
  while (len > 0 && text[len - 1] == '/')
    text[--len] = '\0';
}

/* Moves the path out of the handle into base->prefix. */
static const char *take_prefix(cel_base_url *base) {
  if (curl_url_get(base->handle, CURLUPART_URL, &base->text, 0) != 0 ||
      curl_url_get(base->handle, CURLUPART_PATH, &base->prefix, 0) != 0 ||
      curl_url_set(base->handle, CURLUPART_PATH, "/", 0) != 0)
    return "it cannot be parsed";
  strip_slashes(base->text);
  strip_slashes(base->prefix);
  size_t len = strlen(base->prefix);
  if (len >= 3 && strcmp(base->prefix + len - 3, "/v1") == 0)
    return "leave out the /v1 at its end: every path begins with it";
  return NULL;
}

const char *cel_base_url_parse(cel_base_url *base, const char *text) {
  memset(base, 0, sizeof *base);
  base->handle = curl_url();
  if (base->handle == NULL)
    return CEL_NO_MEMORY;
  const char *wrong = NULL;
  CURLUcode code = curl_url_set(base->handle, CURLUPART_URL, text, 0);
  if (code == CURLUE_OUT_OF_MEMORY)
    wrong = CEL_NO_MEMORY;
  else if (code != CURLUE_OK)
    wrong = "expected a URL such as https://api.integrator.io";
  if (wrong == NULL)
    wrong = check_origin(base);
  if (wrong == NULL)
    wrong = check_rest(base->handle);
  if (wrong == NULL)
    wrong = take_prefix(base);
  if (wrong != NULL)
    cel_base_url_free(base);
  return wrong;
}

static bool is_proxy_scheme(const char *scheme) {
  static const char *const schemes[] = {"http",    "https",  "socks4",
                                        "socks4a", "socks5", "socks5h"};
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
    if (strcmp(schemes[i], scheme) == 0)
      return true;
  return false;
}

const char *cel_proxy_check(const char *text) {
  if (*text == '\0')
    return NULL;
  CURLU *u = curl_url();
  if (u == NULL)
    return "not enough memory";
  char *scheme = NULL;
  char *host = NULL;
  const char *wrong = NULL;
  CURLUcode code = curl_url_set(u, CURLUPART_URL, text,
                                CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);
  if (code == CURLUE_OK)
    code = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
  if (code == CURLUE_OK)
    code = curl_url_get(u, CURLUPART_HOST, &host, 0);
  if (code != CURLUE_OK)
    wrong = curl_url_strerror(code);
  else if (strstr(text, "://") != NULL && !is_proxy_scheme(scheme))
    wrong = "expected a URL that begins with http, https, socks4, socks4a, "
            "socks5 or socks5h";
  else if (!is_ascii(host))
    wrong = international;
  curl_free(host);
  curl_free(scheme);
  curl_url_cleanup(u);
  return wrong;
}

void cel_base_url_free(cel_base_url *base) {
  curl_url_cleanup(base->handle);
  curl_free(base->prefix);
  curl_free(base->text);
  memset(base, 0, sizeof *base);
}

static bool is_unreserved(char c) {
  return cel_is_letter(c) || cel_is_digit(c) || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

size_t cel_url_put(char *out, const char *text, size_t len) {
  memcpy(out, text, len);
  return len;
}

size_t cel_url_escape(const char *text, size_t len, char *out) {
  char *o = out;
  for (size_t i = 0; i < len; i++) {
    const unsigned char byte = (unsigned char)text[i];
    if (is_unreserved(text[i])) {
      *o++ = text[i];
    } else {
      *o++ = '%';
      *o++ = cel_hex_digit(byte >> 4U, 'A');
      *o++ = cel_hex_digit(byte, 'A');
    }
  }
  return (size_t)(o - out);
}

const char *cel_target_check(const char *text, size_t len) {
  if (len == 0 || text[0] != '/')
    return "it must begin with \"/\"";
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c <= ' ' || c >= 127)
      return "spaces, control characters and non-ASCII characters must be "
             "percent-encoded";
    if (c == '#')
      return "it must not hold a fragment (\"#\")";
  }
  return NULL;
}

/* When a target is sent, the base URL's prefix is put before it. So the prefix
   must be removed from a link that holds it. */
static const char *without_prefix(const char *prefix, const char *path) {
  size_t n = strlen(prefix);
  if (n > 0 && strncmp(path, prefix, n) == 0 && path[n] == '/')
    return path + n;
  return path;
}

static CURLUcode join(const cel_base_url *base, CURLU *u, char **out) {
  char *path = NULL;
  char *query = NULL;
  CURLUcode code = curl_url_get(u, CURLUPART_PATH, &path, 0);
  if (code == CURLUE_OK) {
    const char *rest = without_prefix(base->prefix, path);
    if (curl_url_get(u, CURLUPART_QUERY, &query, 0) == CURLUE_OK)
      *out = curl_maprintf("%s?%s", rest, query);
    else
      *out = curl_maprintf("%s", rest);
    code = *out == NULL ? CURLUE_OUT_OF_MEMORY : CURLUE_OK;
  }
  curl_free(path);
  curl_free(query);
  return code;
}

CURLUcode cel_url_resolve(const cel_base_url *base, const char *target,
                          const char *reference, char **out) {
  *out = NULL;
  if (base->handle == NULL)
    return CURLUE_BAD_HANDLE;
  CURLU *u = curl_url_dup(base->handle);
  char *here = curl_maprintf("%s%s", base->text, target);
  CURLUcode code = CURLUE_OUT_OF_MEMORY;
  if (u != NULL && here != NULL) {
    code = curl_url_set(u, CURLUPART_URL, here, 0);
    if (code == CURLUE_OK && *reference != '#') /* that is `here` itself */
      code = curl_url_set(u, CURLUPART_URL, reference, 0);
    if (code == CURLUE_OK)
      code = join(base, u, out);
  }
  curl_url_cleanup(u);
  curl_free(here);
  return code;
}
