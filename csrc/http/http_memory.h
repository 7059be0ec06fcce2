/*
** http_memory.h - the buffers of transfers that are over, kept for the next.
** Transfers move memory in and out of cel_http's `head` and `body`.
*/
#ifndef CEL_HTTP_MEMORY_H
#define CEL_HTTP_MEMORY_H

#include "http/transfer.h"

#define CEL_KEPT_HEAD 16384u   /* bytes of a head that are kept */
#define CEL_KEPT_BODY 65536u   /* of a body */
#define CEL_KEPT_PAGE 4194304u /* of a page, by cel_http_keep() */

/* Moves the memory of one buffer to another one, which is empty. */
void cel_http_move(cel_buf *from, cel_buf *to);

/* Frees a buffer, or keeps it for the next transfer where it has no more
   than `most` bytes. */
void cel_http_drop(const cel_http *h, cel_buf *b, cel_buf *kept, size_t most);

/* A body begins: gives it the memory that is kept, if the size suits its
   length. `whole` is that length in bytes, 0 if unknown. */
void cel_http_reuse(cel_transfer *t, size_t whole);

/* A body has been read: keeps its memory for the next transfer if it has
   CEL_KEPT_PAGE bytes at most, else frees it. */
void cel_http_keep(cel_http *h, cel_buf *body);

/* Frees the memory of pages: no page follows. */
void cel_http_trim(cel_http *h);

#endif
