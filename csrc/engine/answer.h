/*
** answer.h - what an exchange has brought: the fields of its head, and its
** failure in words.
*/
#ifndef CEL_ANSWER_H
#define CEL_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/queue.h"
#include "http/weblink.h"

/* The answer's head, the status line included. */
cel_span cel_head_of(const cel_call *c);

/* The next field of a head; pos, 0 at first, moves on. The status line, whose
   reason may hold a colon, and the empty line at the end are passed over. */
bool cel_next_field(cel_span head, size_t *pos, cel_span *name,
                    cel_span *value);

/* Whether a field has this name, in any case. */
bool cel_header_is(cel_span name, const char *wanted);

/* The first field of that name: a span into the transfer's head. */
bool cel_find_header(const cel_call *c, const char *name, cel_span *value);

/* What a failed exchange is called, for events and errors: a constant. */
const char *cel_failure_code(const cel_call *c);

/* Writes what has happened to a failed exchange, for people. */
void cel_describe_failure(const cel_call *c, char *buf, size_t size);

/* Why a closed client is closed: the error's code and words, constants. */
const char *cel_closed_code(const cel_client *c);
const char *cel_closed_words(const cel_client *c);

#endif
