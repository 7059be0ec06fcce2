/*
** fuzz_mask.c - libFuzzer target: a secret in any bytes. The first byte tells
** the length of a secret, which follows; the second how a piece of it is
** escaped; the rest is a text, which the piece is put into the middle of.
*/
#include "common/mask.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 64 /* bytes of a secret */

static void require(int holds) {
  if (!holds)
    abort();
}

static void *allocate(void *ud, void *ptr, size_t osize, size_t nsize) {
  (void)ud;
  (void)osize;
  if (nsize > 0)
    return realloc(ptr, nsize);
  free(ptr);
  return NULL;
}

/* Whether a run of the secret is in a text. */
static int shows(const char *text, size_t len, const char *secret, size_t n) {
  size_t run = n < CEL_MASK_RUN ? n : CEL_MASK_RUN;
  for (size_t i = 0; i + run <= len; i++)
    for (size_t k = 0; k + run <= n; k++)
      if (memcmp(text + i, secret + k, run) == 0)
        return 1;
  return 0;
}

/* Escapes one character in one of four ways. */
static size_t escape(char *out, char c, unsigned how) {
  static const char *const formats[] = {"%c", "\\u%04x", "%%%02X", "&#%d;"};
  return (size_t)sprintf(out, formats[how & 3], (unsigned char)c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const cel_allocator alloc = {allocate, NULL};
  char secret[MOST + 1] = {0};
  if (size < 3)
    return 0;
  size_t len = data[0] % MOST + 1;
  unsigned how = data[1];
  if (size < 2 + len)
    return 0;
  for (size_t i = 0; i < len; i++)
    secret[i] = (char)('!' + data[2 + i] % ('~' - '!' + 1));
  const char *rest = (const char *)data + 2 + len;
  size_t half = (size - 2 - len) / 2;
  char *text = malloc(size + 8 * MOST);
  require(text != NULL);
  memcpy(text, rest, half);
  size_t start = half;
  text[start++] = ' '; /* no half escape stands before the piece */
  size_t at = start;
  for (size_t i = 0; i < len; i++)
    at += escape(text + at, secret[i], how >> (i % 4 * 2));
  size_t end = at;
  text[at++] = ' ';
  memcpy(text + at, rest + half, size - 2 - len - half);
  at += size - 2 - len - half;
  char *before = malloc(at);
  require(before != NULL);
  memcpy(before, text, at);
  cel_mask *m = cel_mask_new(&alloc, secret, len);
  require(m != NULL);
  cel_mask_apply(m, text, at);
  for (size_t i = 0; i < at; i++)
    require(text[i] == before[i] || text[i] == '*');
  if (len >= CEL_MASK_SHORT && strchr(secret, '*') == NULL)
    require(!shows(text, at, secret, len));
  if (len >= CEL_MASK_RUN && strpbrk(secret, "\\%&*") == NULL)
    for (size_t i = start; i < end; i++)
      require(text[i] == '*');
  cel_mask_free(m);
  free(before);
  free(text);
  return 0;
}
