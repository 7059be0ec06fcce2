/*
** json_print.h - writes numbers as JSON text.
**
** Pure C; the same text whatever the host's locale.
*/
#ifndef CEL_JSON_PRINT_H
#define CEL_JSON_PRINT_H

#include <stddef.h>
#include <stdint.h>

#define CEL_JSON_NUMBER_SIZE 40 /* room for both; no terminator is written */

/* Both return the length. */
size_t cel_json_print_integer(int64_t value, char *out);

/* `value` must be finite. The text reads back as the same double, with the
   sign of zero, and has as few digits as possible (very large and very small
   numbers may have a few more). It always has a point or an exponent, so that
   it reads back as a float. */
size_t cel_json_print_float(double value, char *out);

#endif
