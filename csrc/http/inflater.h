/*
** inflater.h - a stream of zlib, with memory of a given allocator.
*/
#ifndef CEL_INFLATER_H
#define CEL_INFLATER_H

#define ZLIB_CONST /* next_in points to what is not changed */
#include <zlib.h>

#include "common/buf.h"

typedef struct cel_inflater cel_inflater;

/* A stream that undoes deflate. `window` is that of inflateInit2(): it also
   says whether gzip, zlib or nothing is around the data. NULL when the
   allocator refused. */
cel_inflater *cel_inflater_new(const cel_allocator *alloc, int window);

/* Nothing happens where f is NULL. */
void cel_inflater_free(cel_inflater *f);

z_stream *cel_inflater_stream(cel_inflater *f);

#endif
