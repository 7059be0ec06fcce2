/*
** headers.c - request headers as libcurl's lists.
*/
#include "http/headers.h"

#include <string.h>

#include <curl/mprintf.h>

#include "common/chars.h"

static void free_list(struct curl_slist *list) {
  for (struct curl_slist *s = list; s != NULL; s = s->next)
    if (s->data != NULL)
      cel_wipe(s->data, strlen(s->data));
  curl_slist_free_all(list);
}

/* Appends a line. On failure the whole list is freed, and *list is NULL. */
static bool append(struct curl_slist **list, const char *line) {
  struct curl_slist *longer = curl_slist_append(*list, line);
  if (longer == NULL) {
    free_list(*list);
    *list = NULL;
    return false;
  }
  *list = longer;
  return true;
}

#define BEARER "Authorization: Bearer "

/* Does not use curl_maprintf: while that grows its buffer, it leaves parts of
   the token in freed memory. */
static bool append_secret(const cel_allocator *alloc, struct curl_slist **list,
                          const char *token, size_t len) {
  size_t size = sizeof BEARER + len;
  char *line = alloc->fn(alloc->ud, NULL, 0, size);
  if (line == NULL)
    return false;
  memcpy(line, BEARER, sizeof BEARER - 1);
  memcpy(line + sizeof BEARER - 1, token, len);
  line[size - 1] = '\0';
  bool good = append(list, line);
  cel_wipe(line, size);
  alloc->fn(alloc->ud, line, size, 0);
  return good;
}

static bool append_agent(struct curl_slist **list, const char *agent) {
  char *line = curl_maprintf("User-Agent: %s", agent);
  bool good = line != NULL && append(list, line);
  curl_free(line);
  return good;
}

/* A list of one line and all of `rest`, which it does not own. */
static struct curl_slist *prepend(const char *line, struct curl_slist *rest) {
  struct curl_slist *list = curl_slist_append(NULL, line);
  if (list != NULL)
    list->next = rest;
  return list;
}

/* Frees a list up to `rest`. */
static void free_up_to(struct curl_slist *list,
                       const struct curl_slist *rest) {
  while (list != NULL && list != rest) {
    struct curl_slist *next = list->next;
    list->next = NULL;
    curl_slist_free_all(list);
    list = next;
  }
}

cel_headers *cel_headers_new(const cel_allocator *alloc, const char *token,
                             size_t len, const char *agent) {
  cel_headers *h = alloc->fn(alloc->ud, NULL, 0, sizeof *h);
  if (h == NULL)
    return NULL;
  *h = (cel_headers){.alloc = alloc, .references = 1};
  struct curl_slist *json = NULL;
  h->mask = cel_mask_new(alloc, token, len);
  if (h->mask != NULL && append_secret(alloc, &h->plain, token, len) &&
      append_agent(&h->plain, agent) &&
      append(&h->plain, "Accept: application/json")) {
    /* no Content-Type: libcurl would say that it is a form */
    h->empty = prepend("Content-Type:", h->plain);
    json = prepend("Expect:", h->plain); /* no 100-continue */
  }
  if (json != NULL)
    h->json = prepend("Content-Type: application/json", json);
  if (h->json == NULL)
    free_up_to(json, h->plain);
  if (h->empty != NULL && h->json != NULL)
    return h;
  cel_headers_release(h);
  return NULL;
}

cel_headers *cel_headers_retain(cel_headers *h) {
  h->references++;
  return h;
}

struct curl_slist *cel_headers_for(const cel_headers *h, const char *method,
                                   bool has_body) {
  if (has_body)
    return h->json;
  return method[0] == 'P' ? h->empty : h->plain; /* POST, PUT, PATCH */
}

void cel_headers_release(cel_headers *h) {
  if (h == NULL || --h->references > 0)
    return;
  free_up_to(h->empty, h->plain);
  free_up_to(h->json, h->plain);
  free_list(h->plain);
  cel_mask_free(h->mask);
  h->alloc->fn(h->alloc->ud, h, sizeof *h, 0);
}

static bool names(const struct curl_slist *own, const char *line) {
  size_t len = strcspn(line, ":");
  for (; own != NULL; own = own->next)
    if (curl_strnequal(own->data, line, len) &&
        (own->data[len] == ':' || own->data[len] == ';'))
      return true;
  return false;
}

/* {====== A call's own lists: libcurl reads them only, so they need not be
   made by it */

size_t cel_header_size(const char *line) {
  return sizeof(struct curl_slist) + strlen(line) + 1;
}

struct curl_slist **cel_header_put(struct curl_slist **end, void *memory,
                                   const char *line) {
  struct curl_slist *node = memory;
  node->data = (char *)memory + sizeof *node;
  node->next = NULL;
  memcpy(node->data, line, strlen(line) + 1);
  *end = node;
  return &node->next;
}

void cel_headers_free_own(const cel_allocator *alloc,
                          struct curl_slist *list) {
  while (list != NULL) {
    struct curl_slist *next = list->next;
    alloc->fn(alloc->ud, list, cel_header_size(list->data), 0);
    list = next;
  }
}

void cel_headers_free_merged(const cel_allocator *alloc,
                             struct curl_slist *list) {
  while (list != NULL) {
    struct curl_slist *next = list->next;
    alloc->fn(alloc->ud, list, sizeof *list, 0);
    list = next;
  }
}

/* Puts a node with the same text before a list; false when memory ran out. */
static bool share(const cel_allocator *alloc, struct curl_slist **list,
                  char *data) {
  struct curl_slist *node = alloc->fn(alloc->ud, NULL, 0, sizeof *node);
  if (node == NULL)
    return false;
  node->data = data;
  node->next = *list;
  *list = node;
  return true;
}

struct curl_slist *cel_headers_merge(const cel_allocator *alloc,
                                     const struct curl_slist *own,
                                     const struct curl_slist *base) {
  struct curl_slist *list = NULL;
  bool good = true;
  for (const struct curl_slist *s = own; good && s != NULL; s = s->next)
    good = share(alloc, &list, s->data);
  for (const struct curl_slist *s = base; good && s != NULL; s = s->next)
    good = names(own, s->data) || share(alloc, &list, s->data);
  if (good)
    return list;
  cel_headers_free_merged(alloc, list);
  return NULL;
}

/* }====== */

static bool is_token(const char *text, size_t len) {
  static const char marks[] = "!#$%&'*+-.^_`|~";
  for (size_t i = 0; i < len; i++) {
    char c = text[i];
    if (!(cel_is_letter(c) || cel_is_digit(c) ||
          (c != '\0' && strchr(marks, c) != NULL)))
      return false;
  }
  return len > 0;
}

static bool is_reserved(const char *name, size_t len) {
  static const char *const reserved[] = {
      "Authorization",       "Host",   "Content-Length",  "Transfer-Encoding",
      "Connection",          "Expect", "Accept-Encoding", "Upgrade",
      "Proxy-Authorization", "TE",     "Trailer",         "Keep-Alive",
  };
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
    if (strlen(reserved[i]) == len && curl_strnequal(reserved[i], name, len))
      return true;
  return false;
}

/* Headers that ask for a part of an answer. Half a JSON text is of no use; and
   a part of the token at the edge of a part could not be recognised. */
static bool is_range(const char *name, size_t len) {
  return (len == 5 && curl_strnequal("Range", name, len)) ||
         (len == 13 && curl_strnequal("Request-Range", name, len)) ||
         (len == 8 && curl_strnequal("If-Range", name, len));
}

const char *cel_header_check(const char *name, size_t name_len,
                             const char *value, size_t value_len) {
  if (!is_token(name, name_len))
    return "its name is not a header name";
  if (is_reserved(name, name_len))
    return "the client sets this header itself";
  if (is_range(name, name_len))
    return "an answer is read whole";
  for (size_t i = 0; i < value_len; i++) {
    unsigned char c = (unsigned char)value[i];
    if ((c < ' ' && c != '\t') || c == 127)
      return "its value holds a control character (such as CR, LF or NUL)";
  }
  return NULL;
}

bool cel_token_check(const char *token, size_t len) {
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)token[i] <= ' ' || (unsigned char)token[i] >= 127)
      return false;
  return len > 0;
}
