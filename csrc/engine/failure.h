/*
** failure.h - every failure of a call: its kind, its code and its words. The
** retry policy (retry.h) says whether trying again can help.
*/
#ifndef CEL_FAILURE_H
#define CEL_FAILURE_H

#include <stddef.h>

#include "engine/queue.h"

typedef struct cel_failure_row {
  const char *kind;  /* the error's; "http", "network", ... */
  const char *code;  /* the error's; NULL: it comes from the answer */
  const char *words; /* its message, or the advice that follows libcurl's
                        message; NULL: the message comes from the answer, or
                        from the code that found the failure */
} cel_failure_row;

/* Failures that are found after a good answer, or before anything is sent. */
extern const cel_failure_row cel_failure_decode;    /* a body is not JSON */
extern const cel_failure_row cel_failure_no_list;   /* or no list of records */
extern const cel_failure_row cel_failure_no_record; /* edit_* has read none */
extern const cel_failure_row cel_failure_encoding;  /* cannot decompress */
extern const cel_failure_row cel_failure_link;      /* no way to a next page */
extern const cel_failure_row cel_failure_incomplete; /* totalCount says more */
extern const cel_failure_row cel_failure_endless;    /* pages are all empty */
extern const cel_failure_row cel_failure_validation; /* the request is wrong */

/* The failure of a call that is being closed, or of its next page. */
const cel_failure_row *cel_failure_closed(const cel_client *c);

/* The failure of a call by how it has ended, or by its newest exchange. */
const cel_failure_row *cel_failure_of(const cel_call *c);

/* Writes what has happened to the call, for people. */
void cel_failure_describe(const cel_call *c, char *buf, size_t size);

#endif
