/*
** encoding.h - undoes the Content-Encoding of a body while it arrives, and a
** Transfer-Encoding that compresses.
**
** Pure C on zlib; knows neither Lua nor libcurl. The bytes are believed more
** than the header: what is said to be gzip and is plain text stays as it is,
** and a coding that is not known leaves the body alone. All memory is the
** allocator's, zlib's own included.
*/
#ifndef CEL_ENCODING_H
#define CEL_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

#define CEL_ENCODING_FIRST 16u /* bytes that tell what a body is */

typedef enum cel_encoding_state {
  CEL_ENCODING_NEW,     /* the head has not been read */
  CEL_ENCODING_PLAIN,   /* what comes is the body */
  CEL_ENCODING_LOOK,    /* the first bytes are awaited */
  CEL_ENCODING_INFLATE, /* within a compressed stream */
  CEL_ENCODING_AFTER,   /* behind one; another member may follow */
  CEL_ENCODING_BROKEN   /* a stream is damaged; the rest is left out */
} cel_encoding_state;

typedef struct cel_encoding {
  const cel_allocator *alloc; /* borrowed */
  cel_encoding_state state;
  bool coded;   /* the bytes go through cel_encoding_write() */
  bool unknown; /* a coding is named that is not known */
  bool raw;     /* "deflate" is named: it may have no header */
  bool members; /* the stream is gzip: others may follow */
  bool pending; /* zlib has more to give without more bytes */
  int layers;   /* known codings that are named and not undone */
  int window;   /* of the stream, as zlib wants it */
  struct cel_inflater *inflater; /* owned */
  unsigned char first[CEL_ENCODING_FIRST];
  size_t got, given; /* bytes in `first`; how many of them went on */
  size_t skip;       /* bytes, of those that come next, that are done */
  size_t received;   /* bytes so far */
  size_t need;       /* after CEL_BUF_NOMEM: the room that the body needs */
  char names[48];    /* the codings, for people */
} cel_encoding;

/* How a body ended. */
typedef enum cel_encoding_end {
  CEL_ENCODING_WHOLE,     /* as far as can be told; or broken */
  CEL_ENCODING_EMPTY,     /* a coding is named, and no byte came */
  CEL_ENCODING_CUT,       /* it ends within a stream */
  CEL_ENCODING_TOO_LARGE, /* more than the body may have */
  CEL_ENCODING_NO_MEMORY
} cel_encoding_end;

/* zlib itself was refused memory: there is no going on. */
#define CEL_ENCODING_FAILED (-3)

/* Reads the head of an answer, whose body follows. A zeroed encoding is one
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

/* No more bytes will come: undoes what is left to be undone. */
cel_encoding_end cel_encoding_finish(cel_encoding *e, cel_buf *body);

/* Whether a coding is named that was not undone. */
bool cel_encoding_is_left(const cel_encoding *e);

/* Gives zlib's memory back; what the fields tell stays. */
void cel_encoding_close(cel_encoding *e);

#endif
