/*
** lvalidate.h - values against what the contract says of them.
**
** Each function looks at one value only; who walks over a body calls them on
** the way, so that one walk does both. Faults go to the list, where its path
** is.
*/
#ifndef CEL_LVALIDATE_H
#define CEL_LVALIDATE_H

#include <stddef.h>
#include <stdint.h>

#include "contract/lfaults.h"
#include "contract/schema.h"

/* Checks the type of the value at idx; `types` are the CEL_TYPE_ bits that
   it can pass for, 0 for null [-0, +0]. */
void cel_validate_type(cel_faults *f, const cel_shape *shape, unsigned types,
                       int idx);

/* Checks type and format of a string that is valid UTF-8 [-0, +0]. */
void cel_validate_string(cel_faults *f, const cel_shape *shape, const char *s,
                         size_t len);

/* Checks what the value of a member that must not be empty is; the path is at
   it. `types` as above [-0, +0]. */
void cel_validate_filled(cel_faults *f, unsigned types, bool empty);

/* Checks the names of the object at idx, which are strings, that the shape
   does not have: slips of the pen, and where the shape is closed all of them.
   `present` has a bit for each field that the object has, be it null
   [-0, +0]. */
void cel_validate_names(cel_faults *f, const cel_shape *shape,
                        uint64_t present, int idx);

/* Checks that what must be in the object at idx is there. `seen` has a bit
   for each of the shape's fields that has a value other than null
   [-0, +0]. */
void cel_validate_members(cel_faults *f, const cel_shape *shape, uint64_t seen,
                          int idx);

#endif
