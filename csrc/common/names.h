/*
** names.h - which name was most likely meant by one that is not there.
*/
#ifndef CEL_NAMES_H
#define CEL_NAMES_H

#include <stddef.h>

/* The one of n names that `word` was most likely meant
   to be, or NULL where none is near; name_at(names, i) is the i-th. */
const char *cel_nearest(const char *word,
                        const char *(*name_at)(const void *, size_t),
                        const void *names, size_t n);

/* The same for names of methods, verbs and nouns with underscores between:
   one that holds the words of `word`, also where its verb is another for the
   same (get for list, add for create), with the fewest other words. */
const char *cel_nearest_method(const char *word,
                               const char *(*name_at)(const void *, size_t),
                               const void *names, size_t n);

#endif
