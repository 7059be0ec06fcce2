/*
** lvalidate.h - checks values against the contract.
**
** Each function checks one value. The encoder calls them while it walks over a
** body, so that one walk does both. Faults go to the list, with its current
** path.
*/
#ifndef CEL_LVALIDATE_H
#define CEL_LVALIDATE_H

#include <stddef.h>
#include <stdint.h>

#include "contract/lfaults.h"
#include "contract/schema.h"

/* Checks the type of the value at idx. `types` are the CEL_TYPE_ bits of all
   types that it can be; 0 for null [-0, +0]. */
void cel_validate_type(cel_faults *f, const cel_shape *shape, unsigned types,
                       int idx);

/* Checks type and format of a string that is valid UTF-8 [-0, +0]. */
void cel_validate_string(cel_faults *f, const cel_shape *shape, const char *s,
                         size_t len);

/* Checks a member that must not be empty, at the current path. `types` as
   above [-0, +0]. */
void cel_validate_filled(cel_faults *f, unsigned types, bool empty);

/* Checks names of the object at idx that the shape does not have: those that
   look misspelt are faults; if the shape is closed, all are. All keys must be
   strings. `present` has a bit for each field that the object has, also if it
   is null [-0, +0]. */
void cel_validate_names(cel_faults *f, const cel_shape *shape,
                        uint64_t present, int idx);

/* Checks that the object at idx has all required members. `seen` has a bit for
   each field whose value is not null [-0, +0]. */
void cel_validate_members(cel_faults *f, const cel_shape *shape, uint64_t seen,
                          int idx);

#endif
