/*
** url.h - base URLs, paths and queries.
**
** Uses libcurl's URL API, which does the parsing; no Lua. Only the project's
** own rules are here.
*/
#ifndef CEL_URL_H
#define CEL_URL_H

#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

/* Where a client's requests go. */
typedef struct cel_base_url {
  CURLU *handle; /* owned; scheme, host and port only */
  char *prefix;  /* owned by libcurl (curl_free); "" or a path such as
                    "/proxy", without a slash at its end */
  char *text;    /* owned by libcurl; as given, without a slash at its end */
  bool https;
} cel_base_url;

/*
** Takes a base URL apart. Returns NULL on success, else what is wrong with
** it as a constant text; the struct is then empty. https only, or http to
** a loopback host (127.0.0.0/8, ::1, localhost); no user, password, query
** or fragment, for a secret there would end in logs.
*/
const char *cel_base_url_parse(cel_base_url *base, const char *text);
void cel_base_url_free(cel_base_url *base);

/* What is wrong with a proxy's URL, as a constant text, or NULL. Host and port
   are enough; an empty text means no proxy. */
const char *cel_proxy_check(const char *text);

/* Writes a text as it is, without a NUL behind it; returns its length. */
size_t cel_url_put(char *out, const char *text, size_t len);

/* The same, but percent-encodes all but RFC 3986's unreserved characters
   (section 2.3): at most 3 * len bytes. */
size_t cel_url_escape(const char *text, size_t len, char *out);

/* What is wrong with a request target (RFC 9112, section 3.2.1), or NULL:
   it must begin with a slash and hold visible ASCII only, no "#". */
const char *cel_target_check(const char *text, size_t len);

/*
** The path and query of `reference`, a URI reference (RFC 3986, section
** 4.1), resolved against `target`, the path and query that it was found
** at, on the base URL's own origin: whatever host it names is left out,
** and so is a path prefix of the base URL. On success *out is a string
** that the caller frees with curl_free(); on failure *out is NULL, as it is
** for a base URL that has been freed.
*/
CURLUcode cel_url_resolve(const cel_base_url *base, const char *target,
                          const char *reference, char **out);

#endif
