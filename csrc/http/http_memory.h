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

/* Moves the memory of one buffer into another, which has none. */
void cel_http_move(cel_buf *from, cel_buf *to);

/* Frees a buffer, or keeps it for the next transfer where it has no more
   than `most` bytes. */
void cel_http_drop(const cel_http *h, cel_buf *b, cel_buf *kept, size_t most);

/* Gives a body that begins the memory that is kept, where that suits its
   length: `whole` bytes, 0 for unknown. */
void cel_http_reuse(cel_transfer *t, size_t whole);

/* Takes over the memory of a body that has been read, up to CEL_KEPT_PAGE
   bytes, for the next transfer; frees a larger one. */
void cel_http_keep(cel_http *h, cel_buf *body);

/* Frees a page's memory: no page is to come. */
void cel_http_trim(cel_http *h);

#endif
