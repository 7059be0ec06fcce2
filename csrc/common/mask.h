/*
** mask.h - finds a secret in a text, whole or in pieces, and puts asterisks
** in its place. Pure C.
**
** Every run of CEL_MASK_RUN bytes of the secret or more is found, as it is and
** as honest programs escape it: by JSON, percent-encoding or HTML, one in the
** other and as often as they like, and folded over lines. Time and memory do
** not depend on what the text is: two looks at each byte.
*/
#ifndef CEL_MASK_H
#define CEL_MASK_H

#include <stddef.h>

#include "common/buf.h"

/* Bytes of a secret in a row that are no secret yet. A script that lets a
   server cut its answer at any place learns fewer than this from each end. */
#define CEL_MASK_RUN 8

/* A shorter secret may be a part of any word ("test"): it is only taken for
   itself where it stands behind "Bearer ". */
#define CEL_MASK_SHORT 6

typedef struct cel_mask cel_mask;

/* A mask for a secret of len > 0 bytes, none of which is NUL; NULL when memory
   ran out. */
cel_mask *cel_mask_new(const cel_allocator *alloc, const char *secret,
                       size_t len);

/* Wipes and frees a mask; NULL is harmless. */
void cel_mask_free(cel_mask *m);

/* Replaces what is found of the secret by asterisks, in place; NULL has
   none. */
void cel_mask_apply(const cel_mask *m, char *text, size_t len);

/* Overwrites memory in a way that no optimiser removes. */
void cel_wipe(void *p, size_t n);

#endif
