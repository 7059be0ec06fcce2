/*
** datetime.h - date-times of RFC 3339 (section 5.6), exact to the
** millisecond in the proleptic Gregorian calendar.
**
** Pure C; no locale, no time zone database.
*/
#ifndef CEL_DATETIME_H
#define CEL_DATETIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "YYYY-MM-DDTHH:MM:SS.mmmZ" and a terminator. */
#define CEL_DATETIME_SIZE 25

/* What cel_datetime_parse returns for a text that does not look like a
   date-time at all. Compared by address. */
extern const char cel_datetime_malformed[];

/* Milliseconds since 1970-01-01T00:00:00Z of a date-time text; fractions
   beyond milliseconds are cut. NULL on success, else what is wrong, as a
   constant text ("month 13 does not exist"). Leap seconds (":60") are
   understood where RFC 3339 allows them (23:59:60 UTC) and count as the
   second after. */
const char *cel_datetime_parse(const char *text, size_t len, int64_t *millis);

/* Writes the form that the service writes; false outside the years 0000 to
   9999. */
bool cel_datetime_format(int64_t millis, char out[CEL_DATETIME_SIZE]);

#endif
