/*
** fuzz_weblink.c - libFuzzer target: the Link parser on any bytes. Seeds are
*in
** spec/fixtures/fuzz/weblink.
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  cel_span span = {NULL, 0};
  int status = cel_link_find(text, size, "next", &span);
  require(status == CEL_LINK_FOUND || status == CEL_LINK_NONE ||
          status == CEL_LINK_BAD);
  require((span.text != NULL) == (status == CEL_LINK_FOUND));
  if (status != CEL_LINK_FOUND)
    return 0;
  check_span(text, size, span);

  /* What is found does not depend on what other links follow it. */
  static const char more[] = ", <other>; rel=next, garbage";
  char *longer = malloc(size + sizeof more);
  if (longer == NULL)
    return 0;
  memcpy(longer, text, size);
  memcpy(longer + size, more, sizeof more);
  cel_span again = {NULL, 0};
  status = cel_link_find(longer, size + sizeof more - 1, "next", &again);
  require(status == CEL_LINK_FOUND && again.len == span.len);
  require(again.text - longer == span.text - text);
  free(longer);
  return 0;
}
