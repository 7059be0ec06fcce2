/*
** fuzz_weblink.c - libFuzzer target: the Link parser on any bytes. Its seeds
** are in spec/fixtures/fuzz/weblink.
*/
#include "http/weblink.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void require(int holds) {
  if (!holds)
    abort();
}

/* A span is a target: inside the input, between < and > but for spaces. */
static void check_span(const char *text, size_t size, cel_span span) {
  const char *end = text + size;
  require(span.len > 0 && span.text > text && span.text < end);
  require(span.len < (size_t)(end - span.text));
  require(memchr(span.text, '<', span.len) == NULL);
  require(memchr(span.text, '>', span.len) == NULL);
  const char *before = span.text;
  do
    before--;
  while (before > text && (*before == ' ' || *before == '\t'));
  require(*before == '<');
  const char *after = span.text + span.len;
  while (after < end && (*after == ' ' || *after == '\t'))
    after++;
  require(after < end && *after == '>');
}

/* Whether a word is in a text, in any case. */
static int has_word(const char *text, size_t size, const char *word) {
  size_t len = strlen(word);
  for (size_t i = 0; i + len <= size; i++) {
    size_t same = 0;
    while (same < len && (text[i + same] | 32) == word[same])
      same++;
    if (same == len)
      return 1;
  }
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  cel_span rest = {text, size};
  cel_link link = {.anchored = false};
  int status = cel_link_find(&rest, "next", &link);
  require(status == CEL_LINK_FOUND || status == CEL_LINK_NONE ||
          status == CEL_LINK_BAD);
  require((link.target.text != NULL) == (status == CEL_LINK_FOUND));
  if (status != CEL_LINK_FOUND)
    return 0;
  require(has_word(text, size, "next") || memchr(text, '\\', size) != NULL);
  check_span(text, size, link.target);
  require(rest.text + rest.len == text + size && rest.text > link.target.text);
  if (link.anchored && link.anchor.len > 0)
    require(link.anchor.text > text &&
            link.anchor.text + link.anchor.len <= rest.text);

  /* What is found does not depend on what other links follow it. */
  static const char more[] = ", <other>; rel=next, garbage";
  char *longer = malloc(size + sizeof more);
  if (longer == NULL)
    return 0;
  memcpy(longer, text, size);
  memcpy(longer + size, more, sizeof more);
  cel_span whole = {longer, size + sizeof more - 1};
  cel_link again;
  status = cel_link_find(&whole, "next", &again);
  require(status == CEL_LINK_FOUND && again.target.len == link.target.len);
  require(again.target.text - longer == link.target.text - text);
  require(again.anchored == link.anchored);
  free(longer);
  return 0;
}
