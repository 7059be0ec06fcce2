/*
** operations.c - the table of operations. Those on which the service works for
** minutes have a long timeout.
*/
#include "contract/operations.h"

#include <string.h>

#define CONNECTOR "/v1/connectors/{_id}"
#define LICENSE   CONNECTOR "/licenses/{_licenseId}"
#define SLOW      360.0 /* seconds */

const cel_operation cel_operations[CEL_OPERATIONS] = {
    {.name = "list_connectors",
     .method = "GET",
     .path = "/v1/connectors",
     .answer = CEL_ANSWER_LIST,
     .repeat = CEL_REPEAT_SAFE,
     .success = {200, 204}},
    {.name = "create_connector",
     .method = "POST",
     .path = "/v1/connectors",
     .body = CEL_BODY_REQUIRED,
     .shape = &cel_shape_connector,
     .repeat = CEL_REPEAT_NEVER,
     .success = {201}},
    {.name = "get_connector_by_id",
     .method = "GET",
     .path = CONNECTOR,
     .ids = 1,
     .repeat = CEL_REPEAT_SAFE,
     .success = {200}},
    {.name = "update_connector",
     .method = "PUT",
     .path = CONNECTOR,
     .ids = 1,
     .body = CEL_BODY_REQUIRED,
     .shape = &cel_shape_connector,
     .repeat = CEL_REPEAT_SAFE,
     .success = {200}},
    {.name = "delete_connector",
     .method = "DELETE",
     .path = CONNECTOR,
     .ids = 1,
     .answer = CEL_ANSWER_TRUE,
     .repeat = CEL_REPEAT_DELETE,
     .success = {204}},
    {.name = "get_connector_install_base",
     .method = "GET",
     .path = CONNECTOR "/installBase",
     .ids = 1,
     .answer = CEL_ANSWER_LIST,
     .repeat = CEL_REPEAT_SAFE,
     .success = {200, 204}},
    {.name = "push_connector_update",
     .method = "PUT",
     .path = CONNECTOR "/update",
     .ids = 1,
     .body = CEL_BODY_OPTIONAL,
     .shape = &cel_shape_push_update,
     .repeat = CEL_REPEAT_NEVER,
     .timeout = SLOW,
     .success = {200}},
    {.name = "list_connector_licenses",
     .method = "GET",
     .path = CONNECTOR "/licenses",
     .ids = 1,
     .answer = CEL_ANSWER_LIST,
     .repeat = CEL_REPEAT_SAFE,
     .success = {200, 204}},
    {.name = "create_connector_license",
     .method = "POST",
     .path = CONNECTOR "/licenses",
     .ids = 1,
     .body = CEL_BODY_REQUIRED,
     .shape = &cel_shape_license_create,
     .repeat = CEL_REPEAT_NEVER,
     .success = {201}},
    {.name = "get_connector_license_by_id",
     .method = "GET",
     .path = LICENSE,
     .ids = 2,
     .repeat = CEL_REPEAT_SAFE,
     .success = {200}},
    {.name = "update_connector_license",
     .method = "PUT",
     .path = LICENSE,
     .ids = 2,
     .body = CEL_BODY_REQUIRED,
     .shape = &cel_shape_license,
     .repeat = CEL_REPEAT_SAFE,
     .success = {200}},
    {.name = "delete_connector_license",
     .method = "DELETE",
     .path = LICENSE,
     .ids = 2,
     .answer = CEL_ANSWER_TRUE,
     .repeat = CEL_REPEAT_DELETE,
     .success = {204}},
    {.name = "install_connector",
     .method = "POST",
     .path = CONNECTOR "/install",
     .ids = 1,
     .body = CEL_BODY_OPTIONAL,
     .shape = &cel_shape_install,
     .repeat = CEL_REPEAT_NEVER,
     .timeout = SLOW,
     .success = {200}},
    {.name = "preview_connector_install",
     .method = "GET",
     .path = CONNECTOR "/preview",
     .ids = 1,
     .repeat = CEL_REPEAT_SAFE,
     .timeout = SLOW,
     .success = {200}},
};

const cel_operation *cel_operation_find(const char *name) {
  for (size_t i = 0; i < CEL_OPERATIONS; i++)
    if (strcmp(cel_operations[i].name, name) == 0)
      return &cel_operations[i];
  return NULL;
}

/* Whether a segment can be an id: a dot segment leads to another path. */
static bool is_id(const char *segment, size_t len) {
  return len > 2 || (len > 0 && memcmp(segment, "..", len) != 0);
}

/* Whether path fits the template: each {name} takes one whole segment. */
static bool path_fits(const char *template, const char *path, size_t len) {
  const char *end = path + len;
  while (*template != '\0') {
    if (*template == '{') {
      const char *start = path;
      while (path < end && *path != '/')
        path++;
      if (!is_id(start, (size_t)(path - start)))
        return false;
      template = strchr(template, '}') + 1;
    } else if (path < end && *path == *template) {
      path++;
      template ++;
    } else {
      return false;
    }
  }
  return path == end;
}

cel_repeat cel_operation_repeat(const char *method, const char *path,
                                size_t len) {
  if (strcmp(method, "GET") == 0)
    return CEL_REPEAT_SAFE;
  for (size_t i = 0; i < CEL_OPERATIONS; i++) {
    const cel_operation *o = &cel_operations[i];
    if (strcmp(o->method, method) == 0 && path_fits(o->path, path, len))
      return o->repeat;
  }
  return CEL_REPEAT_NEVER;
}
