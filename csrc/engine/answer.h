/*
** answer.h - the head of an answer: its fields.
*/
#ifndef CEL_ANSWER_H
#define CEL_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/queue.h"
#include "http/weblink.h"

/* The answer's head, the status line included. */
cel_span cel_head_of(const cel_call *c);

/* The next field of a head; *pos, 0 at first, moves on. The status line (which
   may hold a colon) and the empty line at the end are skipped. */
bool cel_next_field(cel_span head, size_t *pos, cel_span *name,
                    cel_span *value);

/* Whether a field has this name, in any case. */
bool cel_header_is(cel_span name, const char *wanted);

/* The first field of that name: a span into the transfer's head. */
bool cel_find_header(const cel_call *c, const char *name, cel_span *value);

#endif
