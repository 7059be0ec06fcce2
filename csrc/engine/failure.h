/*
** failure.h - every failure of a call: what it is called, and what is said of
** it. Whether trying again helps is the retry policy's (retry.h).
*/
#ifndef CEL_FAILURE_H
#define CEL_FAILURE_H

#include <stddef.h>

#include "engine/queue.h"

typedef struct cel_failure_row {
  const char *kind;  /* the error's; "http", "network", ... */
  const char *code;  /* the error's; NULL: the answer tells it */
  const char *words; /* its message, or the advice behind libcurl's words;
                        NULL: the answer, or whoever looked, tells it */
} cel_failure_row;

/* Failures that the call does not tell by itself. */
extern const cel_failure_row cel_failure_decode;     /* of a body */
extern const cel_failure_row cel_failure_no_list;    /* where one should be */
extern const cel_failure_row cel_failure_no_record;  /* where edit_* reads */
extern const cel_failure_row cel_failure_encoding;   /* of its compression */
extern const cel_failure_row cel_failure_link;       /* to the next page */
extern const cel_failure_row cel_failure_incomplete; /* of a list */
extern const cel_failure_row cel_failure_endless; /* pages without records */
extern const cel_failure_row cel_failure_validation; /* of the request */

/* The failure of a call that is being closed, or of its next page. */
const cel_failure_row *cel_failure_closed(const cel_client *c);

/* The failure of a call by how it has ended, or by its newest exchange. */
const cel_failure_row *cel_failure_of(const cel_call *c);

/* Writes what has happened to the call, for people. */
void cel_failure_describe(const cel_call *c, char *buf, size_t size);

#endif
