/*
** operations.h - the 14 operations of the contract, one row each.
**
** Pure C; knows neither Lua nor libcurl. spec/operations_spec.lua compares
** the rows, both ways, with the contract that the service publishes.
*/
#ifndef CEL_OPERATIONS_H
#define CEL_OPERATIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "contract/schema.h"
#include "retry/retry.h"

#define CEL_MAX_IDS 2 /* ids that a path may hold */

typedef enum cel_body_rule {
  CEL_BODY_NONE,     /* takes no body */
  CEL_BODY_OPTIONAL, /* may be left out */
  CEL_BODY_REQUIRED
} cel_body_rule;

/* What a 2xx becomes in Lua. */
typedef enum cel_answer {
  CEL_ANSWER_RECORD, /* the decoded body; true where there is none */
  CEL_ANSWER_LIST,   /* an array of every page's records */
  CEL_ANSWER_TRUE    /* true, whatever the body */
} cel_answer;

typedef struct cel_operation {
  const char *name;       /* the Lua method; operationId in snake_case */
  const char *method;     /* HTTP's */
  const char *path;       /* each {name} stands for an id */
  size_t ids;             /* how many */
  const cel_shape *shape; /* of the body; NULL without one */
  double timeout;         /* seconds; 0: the client's */
  cel_body_rule body;
  cel_answer answer;
  cel_repeat repeat; /* what a second sending does */
  int success[3];    /* documented 2xx statuses, 0 after the last */
} cel_operation;

#define CEL_OPERATIONS 14
extern const cel_operation cel_operations[CEL_OPERATIONS];

/* The row of that name, or NULL. */
const cel_operation *cel_operation_find(const char *name);

/*
** What a second sending of a request of the escape hatch does: a GET is
** safe; so are PUT and DELETE of one connector or license, whose rows say
** so; everything else is a write of unknown fate. `path` is the target
** without its query, len bytes.
*/
cel_repeat cel_operation_repeat(const char *method, const char *path,
                                size_t len);

#endif
