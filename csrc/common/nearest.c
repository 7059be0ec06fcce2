/*
** nearest.c - which of some names a misspelt one was most likely meant to be.
*/
#include "common/nearest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MAX_WORD 40

/* Letters to change, add, drop or swap (optimal string alignment). */
static size_t distance(const char *a, const char *b) {
  size_t rows[3][MAX_WORD + 1];
  size_t na = strlen(a);
  size_t nb = strlen(b);
  if (na > MAX_WORD || nb > MAX_WORD)
    return MAX_WORD;
  for (size_t j = 0; j <= nb; j++)
    rows[0][j] = j;
  for (size_t i = 1; i <= na; i++) {
    size_t *now = rows[i % 3];
    const size_t *up = rows[(i + 2) % 3];
    const size_t *up2 = rows[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= nb; j++) {
      size_t best = up[j - 1] + (a[i - 1] != b[j - 1]);
      if (up[j] + 1 < best)
        best = up[j] + 1;
      if (now[j - 1] + 1 < best)
        best = now[j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
          up2[j - 2] + 1 < best)
        best = up2[j - 2] + 1;
      now[j] = best;
    }
  }
  return rows[na % 3][nb];
}

/* Whether two names begin with nearly the same word: nobody who asks for
   get_... means edit_... */
static bool same_verb(const char *a, const char *b) {
  char first[MAX_WORD + 1];
  char second[MAX_WORD + 1];
  size_t na = strcspn(a, "_");
  size_t nb = strcspn(b, "_");
  if (a[na] == '\0' || b[nb] == '\0' || na > MAX_WORD || nb > MAX_WORD)
    return true; /* no verb */
  memcpy(first, a, na);
  memcpy(second, b, nb);
  first[na] = second[nb] = '\0';
  return distance(first, second) <= (na > nb ? na : nb) / 2;
}

#define SURE_PREFIX   4 /* letters of a name's beginning that will do */
#define SURE_DISTANCE 2 /* letters that may be wrong, wherever they are */

const char *cel_nearest(const char *word,
                        const char *(*name_at)(const void *, size_t),
                        const void *names, size_t n) {
  const char *nearest = NULL;
  size_t len = strlen(word);
  size_t best = len / 3 + 2; /* farther is another word */
  if (len > MAX_WORD)
    return NULL;
  for (size_t i = 0; i < n; i++) {
    const char *name = name_at(names, i);
    bool begun = len >= SURE_PREFIX && strncmp(word, name, len) == 0;
    size_t d = begun ? 1 : distance(word, name);
    bool nearer = d < best || (d == best && begun && nearest != NULL &&
                               strlen(name) < strlen(nearest));
    if (nearer && (d <= SURE_DISTANCE || same_verb(word, name))) {
      best = d;
      nearest = name;
    }
  }
  return nearest;
}

/* Whether the words of `asked` stand in `name`, in order, and how many bytes
   are not theirs. */
static bool holds_words(const char *asked, const char *name, size_t *others) {
  *others = strlen(name);
  while (*asked != '\0') {
    size_t len = strcspn(asked, "_");
    size_t n = 0;
    while (*name != '\0' &&
           (n = strcspn(name, "_"), n != len || memcmp(asked, name, n) != 0))
      name += name[n] == '_' ? n + 1 : n;
    if (*name == '\0')
      return false;
    *others -= n;
    name += name[n] == '_' ? n + 1 : n;
    asked += asked[len] == '_' ? len + 1 : len;
  }
  return true;
}

const char *cel_nearest_method(const char *word,
                               const char *(*name_at)(const void *, size_t),
                               const void *names, size_t n) {
  const char *nearest = cel_nearest(word, name_at, names, n);
  size_t best = SIZE_MAX;
  if (nearest != NULL || *word == '\0')
    return nearest;
  for (size_t i = 0; i < n; i++) {
    const char *name = name_at(names, i);
    size_t others;
    if (!holds_words(word, name, &others) || others > best)
      continue;
    /* of two that are as near the order of names decides, not the table's */
    if (others < best || nearest == NULL || strcmp(name, nearest) < 0)
      nearest = name;
    best = others;
  }
  return nearest;
}
