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
** Reads a date. False if it has none of the three forms, or does not exist (31
** June). *seconds counts from 1970-01-01T00:00:00Z. A leap second counts as
** the second after it. Names are compared without case; the name of the day
** need not fit the date. A two-digit year (RFC 850) that would be more than 50
** years after `now` is in the century before.
*/
bool cel_http_date_parse(const char *text, size_t len, time_t now,
                         int64_t *seconds);

#endif
