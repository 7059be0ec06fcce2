/*
** http_date.h - HTTP-date (RFC 9110, section 5.6.7) in its three forms.
**
** Pure C; no locale, no time zone database.
*/
#ifndef CEL_HTTP_DATE_H
#define CEL_HTTP_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
** Reads a date; false when it is none of the three forms or does not exist
** (31 June). *seconds counts from 1970-01-01T00:00:00Z. A leap second counts
** as the second after. Names are compared without case, and the name of the
** day is not held against the date. `now` places the two-digit years of the
** RFC 850 form: more than 50 years ahead means the century before.
*/
bool cel_http_date_parse(const char *text, size_t len, time_t now,
                         int64_t *seconds);

#endif
