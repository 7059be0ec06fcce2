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

/* What the method returns for a 2xx. */
typedef enum cel_answer {
  CEL_ANSWER_RECORD, /* the decoded body, or true if there is none */
  CEL_ANSWER_LIST,   /* an array of every page's records */
  CEL_ANSWER_TRUE    /* true, whatever the body is */
} cel_answer;

typedef struct cel_operation {
  const char *name;       /* the Lua method; operationId in snake_case */
  const char *method;     /* of HTTP */
  const char *path;       /* each {name} stands for an id */
  size_t ids;             /* how many */
  const cel_shape *shape; /* of the body; NULL without one */
  double timeout;         /* seconds; 0: the client's */
  cel_body_rule body;
  cel_answer answer;
  cel_repeat repeat; /* what happens if it is sent twice */
  int success[3];    /* documented 2xx statuses, 0 after the last */
} cel_operation;

#define CEL_OPERATIONS 14
extern const cel_operation cel_operations[CEL_OPERATIONS];

/* The row of that name, or NULL. */
const cel_operation *cel_operation_find(const char *name);

/*
** What happens if a request of the escape hatch is sent twice. A GET is safe;
** PUT and DELETE of one connector or license are what their rows say;
** everything else may be done twice. `path` is the target without its query,
** len bytes.
*/
cel_repeat cel_operation_repeat(const char *method, const char *path,
                                size_t len);

#endif
