/*
** encoding.h - undoes the Content-Encoding of a body while it arrives, and a
** Transfer-Encoding that compresses.
**
** Pure C on zlib, without Lua or libcurl. The bytes count more than the
** header: a plain text that is called gzip stays as it is, and so does a body
** with an unknown coding. All memory comes from the allocator, zlib's too.
*/
#ifndef CEL_ENCODING_H
#define CEL_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

#define CEL_ENCODING_FIRST 16u /* bytes that tell what a body is */

typedef enum cel_encoding_state {
  CEL_ENCODING_NEW,     /* the head has not been read */
  CEL_ENCODING_PLAIN,   /* the bytes are the body */
  CEL_ENCODING_LOOK,    /* waits for the first bytes */
  CEL_ENCODING_INFLATE, /* within a compressed stream */
  CEL_ENCODING_AFTER,   /* after a stream; another member may follow */
  CEL_ENCODING_BROKEN   /* a stream is damaged; the rest is ignored */
} cel_encoding_state;

typedef struct cel_encoding {
  const cel_allocator *alloc; /* borrowed */
  cel_encoding_state state;
  bool coded;   /* the bytes go through cel_encoding_write() */
  bool unknown; /* an unknown coding is named */
  bool raw;     /* "deflate" is named: it may have no header */
  bool members; /* the stream is gzip: more members may follow */
  bool pending; /* zlib has more output without more input */
  int layers;   /* known codings that are named and not undone yet */
  int window;   /* of the stream, as zlib wants it */
  struct cel_inflater *inflater; /* owned */
  unsigned char first[CEL_ENCODING_FIRST];
  size_t got, given; /* bytes in `first`; how many were passed on */
  size_t skip;       /* bytes of the next delivery that are done already */
  size_t received;   /* bytes so far */
  size_t need;       /* after CEL_BUF_NOMEM: the room that the body needs */
  char names[48];    /* the codings, for people */
} cel_encoding;

/* How a body ended. */
typedef enum cel_encoding_end {
  CEL_ENCODING_WHOLE,     /* whole, as far as can be told; or damaged */
  CEL_ENCODING_EMPTY,     /* a coding is named, but there is no byte */
  CEL_ENCODING_CUT,       /* it ends within a stream */
  CEL_ENCODING_TOO_LARGE, /* the body would pass its maximum */
  CEL_ENCODING_NO_MEMORY
} cel_encoding_end;

/* zlib itself got no memory: the stream is lost. */
#define CEL_ENCODING_FAILED (-3)

/* Reads the head of an answer, before its body. A zeroed struct is an encoding
   that has not begun. */
void cel_encoding_begin(cel_encoding *e, const cel_allocator *alloc,
                        const char *head, size_t len);

/*
** Takes the next bytes of a coded body and appends what they stand for.
**
**   CEL_BUF_OK           all are taken
**   CEL_BUF_NOMEM        the allocator refused: make room for e->need bytes
**                        in the body, call cel_encoding_feed(), then give the
**                        same bytes again, in pieces of any size
**   CEL_BUF_FULL         the body would pass its maximum
**   CEL_ENCODING_FAILED  see there
*/
int cel_encoding_write(cel_encoding *e, cel_buf *body, const char *data,
                       size_t len);

/* Takes what zlib needs from the allocator, where there is a stream to undo;
   false when it refuses. */
bool cel_encoding_feed(cel_encoding *e);

/* To be called after the last byte: undoes the codings that are left. */
cel_encoding_end cel_encoding_finish(cel_encoding *e, cel_buf *body);

/* Whether a coding is named that was not undone. */
bool cel_encoding_is_left(const cel_encoding *e);

/* Frees zlib's memory; the fields stay. */
void cel_encoding_close(cel_encoding *e);

#endif
