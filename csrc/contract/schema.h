/*
** schema.h - the contract's request bodies as constant tables.
**
** Pure C. spec/schema_spec.lua compares these tables, both ways, with the
** contract that the service publishes.
*/
#ifndef CEL_SCHEMA_H
#define CEL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most fields of one shape: a set of fields is a 64-bit word. */
#define CEL_SHAPE_MAX_FIELDS 64

/* JSON types as bits: a field may allow several. */
enum {
  CEL_TYPE_STRING = 1,
  CEL_TYPE_BOOLEAN = 2,
  CEL_TYPE_INTEGER = 4,
  CEL_TYPE_NUMBER = 8,
  CEL_TYPE_ARRAY = 16,
  CEL_TYPE_OBJECT = 32,
  CEL_TYPE_ANY = 63
};

typedef enum cel_format {
  CEL_FORMAT_NONE,
  CEL_FORMAT_OBJECT_ID, /* never checked: only the service knows its ids */
  CEL_FORMAT_EMAIL,
  CEL_FORMAT_EMAILS, /* several, separated by commas */
  CEL_FORMAT_DATE_TIME
} cel_format;

typedef struct cel_shape cel_shape;

/* One member of an object. */
typedef struct cel_field {
  const char *name;
  const cel_shape *shape;
  bool required;
  bool read_only; /* sent by the service, never to it */
  bool beyond;    /* the contract does not name it here: no slip means it */
  bool filled;    /* if it is given, it must be neither null nor empty */
} cel_field;

struct cel_shape {
  unsigned types;    /* CEL_TYPE_ bits; ANY if the contract does not say */
  cel_format format; /* for strings */
  const cel_field *fields; /* for objects; NULL when none is named */
  size_t nfields;
  const cel_shape *items; /* for arrays; NULL: anything */
  bool trial_rule;        /* trialEnabled needs trialPeriod and
                             _trialLicenseId */
  bool closed; /* names that the contract does not have are faults */
  bool kinds;  /* an object with a `type` is of a kind that the contract does
                  not describe: no member is required then */
};

extern const cel_shape cel_shape_connector;
extern const cel_shape cel_shape_license;
extern const cel_shape cel_shape_license_create;
extern const cel_shape cel_shape_push_update;
extern const cel_shape cel_shape_install;

/*
** For a name that the shape does not have: the field that was most likely
** meant, or NULL. It differs only in case, underscores, a plural s or one
** letter, and the object does not have it. `present` has a bit for each field
** that the object has.
*/
const cel_field *cel_shape_slip(const cel_shape *shape, const char *name,
                                size_t len, uint64_t present);

/* The field of that name, or NULL. `name` need not be terminated. */
const cel_field *cel_shape_field(const cel_shape *shape, const char *name,
                                 size_t len);

#endif
