/*
** headers.h - the request headers of a client and of its calls.
**
** Uses libcurl's string lists; no Lua. A set belongs to one token. Transfers
** under way keep the set that they were started with, so a new token never
** frees a list that libcurl still uses.
*/
#ifndef CEL_HEADERS_H
#define CEL_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

#include "common/buf.h"
#include "common/mask.h"

typedef struct cel_headers {
  const cel_allocator *alloc;
  int references;
  cel_mask *mask;           /* of the token; owned */
  struct curl_slist *plain; /* of a request without a body; owned */
  struct curl_slist *empty; /* of a POST or PUT without one: more lines, which
                               are owned, in front of `plain` */
  struct curl_slist *json;  /* of a request with a body; the same */
} cel_headers;

/* A new set with one reference, for a token of len bytes and the value of
   User-Agent; NULL when memory ran out. */
cel_headers *cel_headers_new(const cel_allocator *alloc, const char *token,
                             size_t len, const char *agent);

cel_headers *cel_headers_retain(cel_headers *h);

/* The list for a request; lives as long as the set. */
struct curl_slist *cel_headers_for(const cel_headers *h, const char *method,
                                   bool has_body);

/* Gives a reference back. With the last one the set is wiped and freed. NULL
   is allowed. */
void cel_headers_release(cel_headers *h);

/* A call's own headers, in memory of the state's allocator. Each header is one
   block of cel_header_size() bytes: a node and its text. cel_header_put() puts
   it at the list's end, and returns the new end. */
size_t cel_header_size(const char *line);
struct curl_slist **cel_header_put(struct curl_slist **end, void *memory,
                                   const char *line);
void cel_headers_free_own(const cel_allocator *alloc, struct curl_slist *list);

/* A list of a call's own headers, followed by those of `base` whose names are
   not among them. The texts are shared. NULL when memory ran out. Freed by
   cel_headers_free_merged. */
struct curl_slist *cel_headers_merge(const cel_allocator *alloc,
                                     const struct curl_slist *own,
                                     const struct curl_slist *base);
void cel_headers_free_merged(const cel_allocator *alloc,
                             struct curl_slist *list);

/* What is wrong with a header that a user gives, as a constant text, or
   NULL: the name must be a token (RFC 9110, section 5.6.2) and not one that
   the client sets itself; the value must hold no control characters. */
const char *cel_header_check(const char *name, size_t name_len,
                             const char *value, size_t value_len);

/* Whether a token can stand in a header: visible ASCII, not empty. */
bool cel_token_check(const char *token, size_t len);

#endif
