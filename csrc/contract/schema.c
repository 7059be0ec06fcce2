/*
** schema.c - the contract's request bodies, written down by hand and held
** true by spec/schema_spec.lua.
*/
#include "contract/schema.h"

#include <string.h>

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
    {.name = "contactEmail", .shape = &email},
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

static const cel_field license_fields[] = {
    {.name = "_id", .shape = &object_id, .read_only = true},
    {.name = "expires", .shape = &date_time},
    {.name = "created", .shape = &date_time},
    {.name = "opts", .shape = &license_opts},
    {.name = "user", .shape = &user},
    {.name = "_integrationId", .shape = &object_id},
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
};

const cel_shape cel_shape_license_create = {
    .types = CEL_TYPE_OBJECT,
    FIELDS(license_create_fields),
};

/* Bodies that the contract describes inside their operations */

static const cel_field push_update_fields[] = {
    {.name = "_integrationIds", .shape = &strings},
};

const cel_shape cel_shape_push_update = {
    .types = CEL_TYPE_OBJECT,
    FIELDS(push_update_fields),
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
