/*
** names.h - finds the name that was most likely meant by one that does not
** exist.
*/
#ifndef CEL_NAMES_H
#define CEL_NAMES_H

#include <stddef.h>

/* The one of n names that `word` was most likely meant to be, or NULL if none
   is near. name_at(names, i) is the i-th name. */
const char *cel_nearest(const char *word,
                        const char *(*name_at)(const void *, size_t),
                        const void *names, size_t n);

/* The same for names of methods, which are verbs and nouns with underscores
   between them. Also finds a name that holds the words of `word` and the
   fewest others; its verb may be another one with the same meaning (list for
   get, create for add). */
const char *cel_nearest_method(const char *word,
                               const char *(*name_at)(const void *, size_t),
                               const void *names, size_t n);

#endif
