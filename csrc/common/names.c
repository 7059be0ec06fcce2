/*
** names.c - finds the name that was most likely meant, by its letters or by
** its words.
*/
#include "common/names.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/chars.h"

/* {====== By letters */

#define MAX_WORD 40

/* How many letters must be changed, added, dropped or swapped to make b of a
   (optimal string alignment). */
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

/* Whether two names begin with nearly the same word: who asks for get_... does
   not mean edit_... */
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

#define SURE_PREFIX                                                           \
  4 /* a word of so many letters may be the beginning of a name */
#define SURE_DISTANCE 2 /* so many letters may be wrong anywhere */

/* The nearest name that differs in fewer than `best` letters, or NULL. */
static const char *by_letters(const char *word,
                              const char *(*name_at)(const void *, size_t),
                              const void *names, size_t n, size_t best) {
  const char *nearest = NULL;
  size_t len = strlen(word);
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

/* With so many wrong letters it is another word. */
static size_t too_many(const char *word) {
  return strlen(word) / 3 + 2;
}

const char *cel_nearest(const char *word,
                        const char *(*name_at)(const void *, size_t),
                        const void *names, size_t n) {
  return by_letters(word, name_at, names, n, too_many(word));
}

/* }====== */

/* {====== By words */

typedef struct words {
  char text[MAX_WORD + 1];
  const char *at[MAX_WORD]; /* each ends with a NUL */
  size_t n;
} words;

/* Splits a name into words: name_like_this or nameLikeThis. False if it is too
   long. */
static bool take_apart(words *w, const char *name) {
  size_t n = 0;
  w->n = 0;
  for (bool begins = true, lower = false; *name != '\0'; name++) {
    bool upper = *name >= 'A' && *name <= 'Z';
    if (*name == '_' || (upper && lower)) {
      w->text[n++] = '\0';
      begins = true;
    }
    if (n >= MAX_WORD)
      return false;
    lower = *name >= 'a' && *name <= 'z';
    if (*name == '_')
      continue;
    if (begins)
      w->at[w->n++] = &w->text[n];
    begins = false;
    w->text[n++] = (char)(w->n > 1 ? cel_lower(*name) : *name);
  }
  w->text[n] = '\0';
  return true;
}

/* Verbs that people use for each other. The verbs of methods are among
   them. */
static const char *const verbs[][10] = {
    {"get", "list", "fetch", "read", "find", "load", "show", "all"},
    {"create", "add", "new", "make", "insert", "post"},
    {"update", "put", "set", "change", "modify", "save", "patch"},
    {"delete", "remove", "destroy", "drop"},
    {"edit", "change", "modify"},
    {"each", "iterate", "walk"},
};

#define N_VERBS (sizeof verbs / sizeof *verbs)

static bool has_verb(const char *const *group, const char *verb) {
  for (; *group != NULL; group++)
    if (strcmp(*group, verb) == 0)
      return true;
  return false;
}

static bool is_verb(const char *word) {
  for (size_t i = 0; i < N_VERBS; i++)
    if (has_verb(verbs[i], word))
      return true;
  return false;
}

static bool same_meaning(const char *a, const char *b) {
  for (size_t i = 0; i < N_VERBS; i++)
    if (has_verb(verbs[i], a) && has_verb(verbs[i], b))
      return true;
  return false;
}

static bool is_plural(const char *word) {
  size_t len = strlen(word);
  return len > 3 && word[len - 1] == 's';
}

#define WHOLE_WORD                                                            \
  4 /* letters of the shorter one, where one is the other's beginning */

/* Whether two nouns are forms of the same: license, licenses, licence;
   install, installs, installation. */
static bool same_noun(const char *a, const char *b) {
  size_t na = strlen(a) - is_plural(a);
  size_t nb = strlen(b) - is_plural(b);
  size_t shorter = na < nb ? na : nb;
  if ((na == nb || shorter >= WHOLE_WORD) && strncmp(a, b, shorter) == 0)
    return true;
  return shorter > WHOLE_WORD && distance(a, b) <= 1;
}

/* How much a difference counts, compared with a letter of a word that was not
   asked for. */
#define OTHER_VERB 4
#define OTHER_NUMBER                                                          \
  8 /* a list instead of a record, or a record instead of a list */

/* How much a name differs from the words that were asked for. All of them must
   be in it, in their order; if not, SIZE_MAX. */
static size_t cost_of(const words *asked, const words *name) {
  size_t cost = 0;
  size_t i = 0;
  size_t j = 0;
  if (is_verb(asked->at[0])) {
    if (!same_meaning(asked->at[0], name->at[0]))
      return SIZE_MAX;
    cost += strcmp(asked->at[0], name->at[0]) == 0 ? 0 : OTHER_VERB;
    i = j = 1;
  }
  for (; j < name->n; j++) {
    if (i < asked->n && same_noun(asked->at[i], name->at[j])) {
      bool last = i + 1 == asked->n;
      if (last && is_plural(asked->at[i]) != is_plural(name->at[j]))
        cost += OTHER_NUMBER;
      i++;
    } else {
      cost += strlen(name->at[j]);
    }
  }
  return i == asked->n ? cost : SIZE_MAX;
}

static const char *by_words(const char *word,
                            const char *(*name_at)(const void *, size_t),
                            const void *names, size_t n) {
  const char *nearest = NULL;
  size_t best = SIZE_MAX;
  words asked;
  words other;
  if (!take_apart(&asked, word) || asked.n == 0)
    return NULL;
  for (size_t i = 0; i < n; i++) {
    const char *name = name_at(names, i);
    if (!take_apart(&other, name) || other.n == 0)
      continue;
    size_t cost = cost_of(&asked, &other);
    /* of two that are equally near, the first by name: the order in a table is
       random */
    if (cost < best ||
        (cost == best && nearest != NULL && strcmp(name, nearest) < 0)) {
      nearest = name;
      best = cost;
    }
  }
  return nearest;
}

/* }====== */

const char *cel_nearest_method(const char *word,
                               const char *(*name_at)(const void *, size_t),
                               const void *names, size_t n) {
  const char *nearest = by_letters(word, name_at, names, n, 2);
  if (nearest == NULL)
    nearest = by_words(word, name_at, names, n);
  return nearest != NULL ? nearest : cel_nearest(word, name_at, names, n);
}
