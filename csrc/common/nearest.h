/*
** nearest.h - which of some names a misspelt one was most likely meant to be.
*/
#ifndef CEL_NEAREST_H
#define CEL_NEAREST_H

#include <stddef.h>

/* The one of n names that `word` was most likely meant to be, or NULL where
   none is near; name_at(names, i) is the i-th. */
const char *cel_nearest(const char *word,
                        const char *(*name_at)(const void *, size_t),
                        const void *names, size_t n);

/* The same for names of methods. Where no name is near, takes the one that
   holds all words of `word` and the fewest others. */
const char *cel_nearest_method(const char *word,
                               const char *(*name_at)(const void *, size_t),
                               const void *names, size_t n);

#endif
