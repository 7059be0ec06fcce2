/*
** test_retry_after.c - Retry-After as seconds and as a date in its three
** forms, and the calendar under it.
*/
#include "retry/retry.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "time/http_date.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 1994-11-06T08:49:37Z, the date that RFC 9110 uses in its examples. */
#define THEN 784111777

typedef struct after_row {
  const char *value;
  int64_t now;
  double seconds; /* negative: unreadable */
} after_row;

#define UNREADABLE (-1.0)
#define TOO_LONG   INFINITY /* more than CEL_RETRY_AFTER_MAX */

static const after_row after_rows[] = {
    /* seconds */
    {"0", THEN, 0},
    {"1", THEN, 1},
    {"120", THEN, 120},
    {"007", THEN, 7},
    {" 5", THEN, 5},
    {"5\t ", THEN, 5},
    {"86399", THEN, 86399},
    {"86400", THEN, 86400},
    {"86401", THEN, TOO_LONG},
    {"99999999999999999999999999999999999999999999", THEN, TOO_LONG},
    {"", THEN, UNREADABLE},
    {"  ", THEN, UNREADABLE},
    {"-1", THEN, UNREADABLE},
    {"+1", THEN, UNREADABLE},
    {"1.5", THEN, 2},
    {"1.0", THEN, 1},
    {"1.000", THEN, 1},
    {"1.0001", THEN, 2},
    {"0.25", THEN, 1},
    {" 7.9\t", THEN, 8},
    {"86399.5", THEN, 86400},
    {"86400.5", THEN, TOO_LONG},
    {"1764086400", THEN, TOO_LONG},
    {"1764086400.25", THEN, TOO_LONG},
    {"1.", THEN, UNREADABLE},
    {".5", THEN, UNREADABLE},
    {".", THEN, UNREADABLE},
    {"1.5.5", THEN, UNREADABLE},
    {"1.x", THEN, UNREADABLE},
    {"1,5", THEN, UNREADABLE},
    {"-1.5", THEN, UNREADABLE},
    {"1e3", THEN, UNREADABLE},
    {"0x10", THEN, UNREADABLE},
    {"1 2", THEN, UNREADABLE},
    {"5s", THEN, UNREADABLE},
    {"5, 7", THEN, UNREADABLE},
    {"nan", THEN, UNREADABLE},
    {"inf", THEN, UNREADABLE},
    {"soon", THEN, UNREADABLE},
    {"99999999999999999999999999999999999999999999x", THEN, UNREADABLE},

    /* the three forms of a date */
    {"Sun, 06 Nov 1994 08:49:37 GMT", THEN, 0},
    {"Sun, 06 Nov 1994 08:49:47 GMT", THEN, 10},
    {"Sunday, 06-Nov-94 08:49:47 GMT", THEN, 10},
    {"Sun Nov  6 08:49:47 1994", THEN, 10},
    {" Sun, 06 Nov 1994 08:49:47 GMT\t", THEN, 10},
    {"sun, 06 nov 1994 08:49:47 gmt", THEN, 10},
    {"Tue, 06 Nov 1994 08:49:47 GMT", THEN, 10},

    /* the past, and far ahead */
    {"Sun, 06 Nov 1994 08:49:36 GMT", THEN, 0},
    {"Thu, 01 Jan 1970 00:00:00 GMT", THEN, 0},
    {"Sat, 01 Jan 0000 00:00:00 GMT", THEN, 0},
    {"Mon, 07 Nov 1994 08:49:36 GMT", THEN, 86399},
    {"Mon, 07 Nov 1994 08:49:38 GMT", THEN, TOO_LONG},
    {"Fri, 31 Dec 9999 23:59:60 GMT", THEN, TOO_LONG},
    {"Fri, 31 Dec 9999 23:59:59 GMT", INT64_MIN, TOO_LONG},
    {"Fri, 31 Dec 9999 23:59:59 GMT", INT64_MAX, 0},
    {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300798, 1},

    /* around the ends of months and years */
    {"Sat, 31 Dec 1994 23:59:60 GMT", 788918399, 1},
    {"Sun, 01 Jan 1995 00:00:00 GMT", 788918399, 1},
    {"Tue, 29 Feb 2000 00:00:00 GMT", 951782390, 10},
    {"Wed, 01 Mar 2000 00:00:00 GMT", 951868790, 10},
    {"Mon, 01 Mar 2100 00:00:00 GMT", 4107542390, 10},
    {"Thu Feb 29 12:00:00 2024", 1709207990, 10},

    /* years of two digits: no more than 50 years ahead */
    {"Monday, 01-Jan-24 00:00:00 GMT", 1704067190, 10},
    {"Friday, 01-Jan-99 00:00:00 GMT", 1704067190, 0},
    {"Saturday, 01-Jan-00 00:00:00 GMT", 946684790, 10},
    {"Saturday, 30-Dec-73 23:59:59 GMT", 1704067190, TOO_LONG},
    {"Sunday, 31-Dec-73 23:59:59 GMT", 1704067190, 0},
    {"Tuesday, 29-Feb-00 00:00:00 GMT", 951782390, 10},
    {"Sunday, 06-Nov-94 08:49:37 GMT", INT64_MIN, TOO_LONG},
    {"Sunday, 06-Nov-94 08:49:37 GMT", INT64_MAX, 0},

    /* dates that do not exist */
    {"Sun, 31 Jun 1994 08:49:37 GMT", 0, UNREADABLE},
    {"Sun, 00 Nov 1994 08:49:37 GMT", 0, UNREADABLE},
    {"Sun, 32 Jan 1994 08:49:37 GMT", 0, UNREADABLE},
    {"Sun, 29 Feb 1994 08:49:37 GMT", 0, UNREADABLE},
    {"Sun, 29 Feb 2100 08:49:37 GMT", 0, UNREADABLE},
    {"Tuesday, 29-Feb-00 00:00:00 GMT", 4102444800, UNREADABLE},
    {"Sun, 06 Nov 1994 24:00:00 GMT", 0, UNREADABLE},
    {"Sun, 06 Nov 1994 08:60:00 GMT", 0, UNREADABLE},
    {"Sun, 06 Nov 1994 08:49:61 GMT", 0, UNREADABLE},

    /* texts that are no dates */
    {"Sun, 06 Nov 1994 08:49:37", 0, UNREADABLE},
    {"Sun, 06 Nov 1994 08:49:37 PST", 0, UNREADABLE},
    {"Sun, 06 Nov 1994 08:49:37 GMT+1", 0, UNREADABLE},
    {"Sun, 06 Nov 1994 08:49:37 +0000", 0, UNREADABLE},
    {"Sun, 6 Nov 1994 08:49:37 GMT", 0, UNREADABLE},
    {"Sun, 06 Nov 94 08:49:37 GMT", 0, UNREADABLE},
    {"Sun, 06 Nov -994 08:49:37 GMT", 0, UNREADABLE},
    {"Sun, 06 Nov 1994 8:49:37 GMT", 0, UNREADABLE},
    {"Sun, 06 Foo 1994 08:49:37 GMT", 0, UNREADABLE},
    {"Foo, 06 Nov 1994 08:49:37 GMT", 0, UNREADABLE},
    {"06 Nov 1994 08:49:37 GMT", 0, UNREADABLE},
    {"Sun, 06-Nov-1994 08:49:37 GMT", 0, UNREADABLE},
    {"Sun, 06-Nov-94 08:49:37 GMT", 0, UNREADABLE},
    {"Sun Nov 6 08:49:37 1994", 0, UNREADABLE},
    {"Sun Nov  6 08:49:37 1994 GMT", 0, UNREADABLE},
    {"1994-11-06T08:49:37Z", 0, UNREADABLE},
    {"Sun, 06 Nov 1994 08:49:3", 0, UNREADABLE},
    {"Sun", 0, UNREADABLE},
    {"S", 0, UNREADABLE},
};

static double read_after(const char *value, int64_t now) {
  size_t len = strlen(value);
  char *copy = check_copy(value, len);
  double seconds = cel_retry_after(copy, len, (time_t)now);
  free(copy);
  return seconds;
}

static void test_retry_after(void) {
  for (size_t i = 0; i < COUNT(after_rows); i++) {
    const after_row *row = &after_rows[i];
    double seconds = read_after(row->value, row->now);
    if (row->seconds < 0)
      CHECK(row->value, seconds < 0);
    else if (row->seconds > CEL_RETRY_AFTER_MAX)
      CHECK(row->value, seconds > CEL_RETRY_AFTER_MAX && isfinite(seconds));
    else
      CHECK_NEAR(row->value, seconds, row->seconds);
  }
  CHECK("no value", cel_retry_after(NULL, 0, THEN) < 0);
}

/* Every day of 400 years, one after the other, is 86400 seconds after the
   day before: a calendar cycle without a gap. */
static void test_calendar(void) {
  static const char *const months[] = {"Jan", "Feb", "Mar", "Apr",
                                       "May", "Jun", "Jul", "Aug",
                                       "Sep", "Oct", "Nov", "Dec"};
  int64_t next = 0; /* 1970-01-01 */
  int days = 0;
  bool gapless = true;
  for (int year = 1970; year < 2370; year++)
    for (int month = 0; month < 12; month++)
      for (int day = 1; day <= 31; day++) {
        char text[64];
        int len = snprintf(text, sizeof text, "Sun, %02d %s %04d 00:00:00 GMT",
                           day, months[month], year);
        int64_t date;
        if (!cel_http_date_parse(text, (size_t)len, 0, &date))
          continue;
        gapless = gapless && date == next;
        next = date + 86400;
        days++;
      }
  CHECK("calendar", gapless);
  CHECK("calendar", days == 146097);
}

int main(void) {
  test_retry_after();
  test_calendar();
  return check_report();
}
