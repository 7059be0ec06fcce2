/*
** mask.h - finds a secret in a text, whole or in pieces, and replaces it by
** asterisks. Pure C.
**
** Every piece of the secret that has CEL_MASK_RUN bytes or more is found: as
** it is, folded over lines, and escaped by JSON, percent-encoding or HTML,
** also by several of them. Each byte is looked at twice at most, whatever the
** text is.
*/
#ifndef CEL_MASK_H
#define CEL_MASK_H

#include <stddef.h>

#include "common/buf.h"

/* The shortest piece that is masked. A script that has a server cut its answer
   at any place learns fewer bytes than this from each end. */
#define CEL_MASK_RUN 8

/* A secret that is shorter than this may be a part of any word ("test"): it is
   masked only behind "Bearer ". */
#define CEL_MASK_SHORT 6

typedef struct cel_mask cel_mask;

/* A mask for a secret of len > 0 bytes, without NUL; NULL when memory ran
   out. */
cel_mask *cel_mask_new(const cel_allocator *alloc, const char *secret,
                       size_t len);

/* Wipes and frees a mask; NULL is harmless. */
void cel_mask_free(cel_mask *m);

/* Replaces all pieces of the secret by asterisks, in place. Where m is NULL
   there is no secret. */
void cel_mask_apply(const cel_mask *m, char *text, size_t len);

/* Overwrites memory in a way that no optimiser removes. */
void cel_wipe(void *p, size_t n);

#endif
