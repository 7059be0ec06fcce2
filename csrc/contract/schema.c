/*
** schema.c - the contract's request bodies, written by hand.
** spec/schema_spec.lua compares them with the contract.
*/
#include "contract/schema.h"

#include <string.h>

#include "common/chars.h"

/* How many rows a table has, for designated initialisers. */
#define FIELDS(table)                                                         \
  .fields = (table), .nfields = sizeof(table) / sizeof((table)[0])

static const cel_shape any_string = {.types = CEL_TYPE_STRING};
static const cel_shape any_boolean = {.types = CEL_TYPE_BOOLEAN};
static const cel_shape any_integer = {.types = CEL_TYPE_INTEGER};

static const cel_shape string_or_boolean = {
    .types = CEL_TYPE_STRING | CEL_TYPE_BOOLEAN,
};

static const cel_shape object_id = {
    .types = CEL_TYPE_STRING,
    .format = CEL_FORMAT_OBJECT_ID,
};

static const cel_shape email = {
    .types = CEL_TYPE_STRING,
    .format = CEL_FORMAT_EMAIL,
};

static const cel_shape emails = {
    .types = CEL_TYPE_STRING,
    .format = CEL_FORMAT_EMAILS,
};

static const cel_shape date_time = {
    .types = CEL_TYPE_STRING,
    .format = CEL_FORMAT_DATE_TIME,
};

static const cel_shape strings = {
    .types = CEL_TYPE_ARRAY,
    .items = &any_string,
};

/* Connector */

static const cel_field connection_fields[] = {
    {.name = "type", .shape = &any_string},
};

static const cel_shape connection = {
    .types = CEL_TYPE_OBJECT,
    FIELDS(connection_fields),
};

static const cel_field client_id_map_fields[] = {
    {.name = "_id", .shape = &string_or_boolean},
    {.name = "_iClientIds", .shape = &strings},
    {.name = "connection", .shape = &connection},
};

static const cel_shape client_id_map = {
    .types = CEL_TYPE_OBJECT,
    FIELDS(client_id_map_fields),
};

static const cel_shape client_id_maps = {
    .types = CEL_TYPE_ARRAY,
    .items = &client_id_map,
};

static const cel_field oauth_server_flow_fields[] = {
    {.name = "_iClientId", .shape = &object_id},
};

static const cel_shape oauth_server_flow = {
    .types = CEL_TYPE_OBJECT,
    FIELDS(oauth_server_flow_fields),
};

static const cel_field connector_fields[] = {
    {.name = "_id", .shape = &object_id, .read_only = true},
    {.name = "name", .shape = &any_string, .required = true},
    {.name = "description", .shape = &any_string},
    {.name = "imageURL", .shape = &any_string},
    {.name = "websiteURL", .shape = &any_string},
    {.name = "contactEmail", .shape = &emails},
    {.name = "handle", .shape = &any_string, .read_only = true},
    {.name = "published", .shape = &any_boolean},
    {.name = "managed", .shape = &any_boolean},
    {.name = "_integrationId", .shape = &object_id},
    {.name = "_stackId", .shape = &object_id},
    {.name = "installerFunction", .shape = &any_string},
    {.name = "updateFunction", .shape = &any_string},
    {.name = "preUninstallFunction", .shape = &any_string},
    {.name = "uninstallerFunction", .shape = &any_string},
    {.name = "externalInstallerFunction", .shape = &any_string},
    {.name = "lastModified", .shape = &date_time, .read_only = true},
    {.name = "_sharedImportIds", .shape = &strings},
    {.name = "_sharedExportIds", .shape = &strings},
    {.name = "_iClientIdMap", .shape = &client_id_maps},
    {.name = "applications", .shape = &strings},
    {.name = "numInstalls", .shape = &any_integer, .read_only = true},
    {.name = "trialEnabled", .shape = &any_boolean},
    {.name = "trialPeriod", .shape = &any_integer},
    {.name = "_trialLicenseId", .shape = &object_id},
    {.name = "oAuthServerFlow", .shape = &oauth_server_flow},
};

_Static_assert(sizeof(connector_fields) / sizeof(connector_fields[0]) <=
                   CEL_SHAPE_MAX_FIELDS,
               "the fields of a shape are counted in one word");

const cel_shape cel_shape_connector = {
    .types = CEL_TYPE_OBJECT,
    FIELDS(connector_fields),
    .trial_rule = true,
};

/* License */

static const cel_field addon_fields[] = {
    {.name = "addOnEdition", .shape = &any_string},
};

static const cel_shape addon = {
    .types = CEL_TYPE_OBJECT,
    FIELDS(addon_fields),
};

static const cel_shape addons = {
    .types = CEL_TYPE_ARRAY,
    .items = &addon,
};

static const cel_field addon_license_fields[] = {
    {.name = "type", .shape = &any_string},
    {.name = "licenses", .shape = &addons},
};

static const cel_shape addon_license = {
    .types = CEL_TYPE_OBJECT,
    FIELDS(addon_license_fields),
};

static const cel_shape addon_licenses = {
    .types = CEL_TYPE_ARRAY,
    .items = &addon_license,
};

static const cel_field license_opts_fields[] = {
    {.name = "connectorEdition", .shape = &any_string},
    {.name = "addonLicenses", .shape = &addon_licenses},
};

static const cel_shape license_opts = {
    .types = CEL_TYPE_OBJECT,
    FIELDS(license_opts_fields),
};

static const cel_field user_fields[] = {
    {.name = "email", .shape = &email},
    {.name = "_id", .shape = &object_id},
    {.name = "name", .shape = &any_string},
};

static const cel_shape user = {
    .types = CEL_TYPE_OBJECT,
    FIELDS(user_fields),
};

/* What the service makes itself, and sends with more kinds of records than
   the contract says. */
#define BEYOND(member)                                                        \
  { .name = (member), .shape = &any_string, .read_only = true, .beyond = true }
#define MADE_BEYOND                                                           \
  BEYOND("handle"), BEYOND("lastModified"), BEYOND("numInstalls")

static const cel_field license_fields[] = {
    {.name = "_id", .shape = &object_id, .read_only = true},
    {.name = "expires", .shape = &date_time},
    {.name = "created", .shape = &date_time},
    {.name = "opts", .shape = &license_opts},
    {.name = "user", .shape = &user},
    {.name = "_integrationId", .shape = &object_id},
    MADE_BEYOND,
};

const cel_shape cel_shape_license = {
    .types = CEL_TYPE_OBJECT,
    FIELDS(license_fields),
};

/* LicenseCreateRequest */

static const cel_field license_create_fields[] = {
    {.name = "email", .shape = &email, .required = true},
    {.name = "expires", .shape = &date_time, .required = true},
    {.name = "opts", .shape = &license_opts, .required = true},
    BEYOND("_id"),
    MADE_BEYOND,
};

const cel_shape cel_shape_license_create = {
    .types = CEL_TYPE_OBJECT,
    FIELDS(license_create_fields),
    .kinds = true,
};

/* Bodies that the contract describes inside their operations */

static const cel_field push_update_fields[] = {
    {.name = "_integrationIds", .shape = &strings, .filled = true},
};

const cel_shape cel_shape_push_update = {
    .types = CEL_TYPE_OBJECT,
    FIELDS(push_update_fields),
    .closed = true, /* it changes customers' installations */
};

const cel_shape cel_shape_install = {.types = CEL_TYPE_OBJECT};

const cel_field *cel_shape_field(const cel_shape *shape, const char *name,
                                 size_t len) {
  for (size_t i = 0; i < shape->nfields; i++) {
    const char *known = shape->fields[i].name;
    if (strncmp(known, name, len) == 0 && known[len] == '\0')
      return &shape->fields[i];
  }
  return NULL;
}

/* {====== Slips of the pen */

#define SLIP_MAX 48 /* longer names are not looked at */

/* Writes a name without case, underscores and a plural s; returns its
   length, or 0 where it is too long. */
static size_t slip_plain(char *out, const char *name, size_t len) {
  size_t n = 0;
  for (size_t i = 0; i < len; i++) {
    char c = name[i];
    if (c == '_')
      continue;
    if (n == SLIP_MAX)
      return 0;
    out[n++] = cel_lower(c);
  }
  return n > 1 && out[n - 1] == 's' ? n - 1 : n;
}

/* Whether two names differ by one letter (changed, added or left out) or by
   two swapped ones. */
static bool slip_one_letter(const char *a, size_t na, const char *b,
                            size_t nb) {
  size_t head = 0;
  size_t tail = 0;
  while (head < na && head < nb && a[head] == b[head])
    head++;
  while (tail < na - head && tail < nb - head &&
         a[na - tail - 1] == b[nb - tail - 1])
    tail++;
  size_t more_a = na - head - tail;
  size_t more_b = nb - head - tail;
  return (more_a <= 1 && more_b <= 1) ||
         (more_a == 2 && more_b == 2 && a[head] == b[head + 1] &&
          a[head + 1] == b[head]);
}

#define SLIP_LETTERS                                                          \
  3 /* in shorter names a letter is too big a difference                      \
     */

const cel_field *cel_shape_slip(const cel_shape *shape, const char *name,
                                size_t len, uint64_t present) {
  char given[SLIP_MAX];
  char known[SLIP_MAX];
  const cel_field *near = NULL;
  size_t n = slip_plain(given, name, len);
  for (size_t i = 0; n > 0 && i < shape->nfields; i++) {
    const cel_field *field = &shape->fields[i];
    size_t m = slip_plain(known, field->name, strlen(field->name));
    if (field->beyond || (present >> i & 1) != 0)
      continue;
    if (n == m && memcmp(given, known, n) == 0)
      return field;
    if (near == NULL && n >= SLIP_LETTERS && m >= SLIP_LETTERS &&
        slip_one_letter(given, n, known, m))
      near = field;
  }
  return near;
}

/* }====== */
