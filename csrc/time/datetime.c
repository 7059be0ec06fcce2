/*
** datetime.c - converts date-times of RFC 3339 to and from milliseconds.
*/
#include "time/datetime.h"

#include <string.h>

#define MILLIS_PER_DAY 86400000

/* Days from 0000-01-01 to 1970-01-01. */
#define EPOCH_DAYS 719528

const char cel_datetime_malformed[] = "it is no date-time of RFC 3339";

static const int month_days[12] = {31, 28, 31, 30, 31, 30,
                                   31, 31, 30, 31, 30, 31};

static const char *const month_faults[12] = {
    "January has 31 days",   "February has 28 days in that year",
    "March has 31 days",     "April has 30 days",
    "May has 31 days",       "June has 30 days",
    "July has 31 days",      "August has 31 days",
    "September has 30 days", "October has 31 days",
    "November has 30 days",  "December has 31 days",
};

typedef struct datetime_parts {
  int year, month, day; /* month and day from 1 */
  int hour, minute, second;
  int millis;
  int offset; /* minutes east of UTC */
} datetime_parts;

/* What is left to read. */
typedef struct datetime_input {
  const char *s;
  size_t len;
} datetime_input;

static bool datetime_is_leap(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int datetime_month_days(int year, int month) {
  return month_days[month - 1] + (month == 2 && datetime_is_leap(year));
}

/* Days from 0000-01-01 to the first of January of a year >= 0. */
static int datetime_year_start(int year) {
  if (year == 0)
    return 0;
  int past = year - 1; /* the 1 below is for year 0, a leap year */
  return year * 365 + past / 4 - past / 100 + past / 400 + 1;
}

/* Reads exactly n digits. */
static bool datetime_digits(datetime_input *in, size_t n, int *value) {
  if (in->len < n)
    return false;
  *value = 0;
  for (size_t i = 0; i < n; i++) {
    if (in->s[i] < '0' || in->s[i] > '9')
      return false;
    *value = *value * 10 + (in->s[i] - '0');
  }
  in->s += n;
  in->len -= n;
  return true;
}

/* Reads one character of a set; 0 if it is not one of them. */
static char datetime_one_of(datetime_input *in, const char *set) {
  if (in->len == 0 || in->s[0] == '\0' || strchr(set, in->s[0]) == NULL)
    return 0;
  in->len--;
  return *in->s++;
}

static bool datetime_date(datetime_input *in, datetime_parts *p) {
  return datetime_digits(in, 4, &p->year) && datetime_one_of(in, "-") &&
         datetime_digits(in, 2, &p->month) && datetime_one_of(in, "-") &&
         datetime_digits(in, 2, &p->day);
}

/* ".5" is 500 milliseconds; digits beyond the third are cut. */
static bool datetime_fraction(datetime_input *in, int *millis) {
  int weight = 100;
  int digit;
  *millis = 0;
  if (!datetime_one_of(in, "."))
    return true;
  if (!datetime_digits(in, 1, &digit))
    return false;
  do {
    *millis += digit * weight;
    weight /= 10;
  } while (datetime_digits(in, 1, &digit));
  return true;
}

static bool datetime_time(datetime_input *in, datetime_parts *p) {
  return datetime_digits(in, 2, &p->hour) && datetime_one_of(in, ":") &&
         datetime_digits(in, 2, &p->minute) && datetime_one_of(in, ":") &&
         datetime_digits(in, 2, &p->second) &&
         datetime_fraction(in, &p->millis);
}

static const char *datetime_offset(datetime_input *in, datetime_parts *p) {
  int hours;
  int minutes;
  p->offset = 0;
  if (datetime_one_of(in, "Zz"))
    return NULL;
  char sign = datetime_one_of(in, "+-");
  if (!datetime_digits(in, 2, &hours) || !datetime_one_of(in, ":") ||
      !datetime_digits(in, 2, &minutes))
    return cel_datetime_malformed;
  if (hours > 23 || minutes > 59)
    return "offsets from UTC end at 23:59";
  p->offset = hours * 60 + minutes;
  if (sign == '-')
    p->offset = -p->offset;
  return NULL;
}

static const char *datetime_read(datetime_input *in, datetime_parts *p) {
  if (!datetime_date(in, p))
    return cel_datetime_malformed;
  if (in->len == 0)
    return "the time of day is missing";
  if (!datetime_one_of(in, "Tt") || !datetime_time(in, p))
    return cel_datetime_malformed;
  if (in->len == 0)
    return "the offset from UTC is missing (Z, +02:00)";
  const char *fault = datetime_offset(in, p);
  return fault == NULL && in->len > 0 ? cel_datetime_malformed : fault;
}

/* A leap second is the last of a day in UTC. */
static bool datetime_is_leap_second(const datetime_parts *p) {
  int utc = p->hour * 60 + p->minute - p->offset;
  return p->second == 60 && (utc + 1440) % 1440 == 1439;
}

static const char *datetime_check(const datetime_parts *p) {
  if (p->month < 1 || p->month > 12)
    return "months go from 01 to 12";
  if (p->day < 1)
    return "days start at 01";
  if (p->day > datetime_month_days(p->year, p->month))
    return p->month == 2 && datetime_is_leap(p->year)
               ? "February has 29 days in that year"
               : month_faults[p->month - 1];
  if (p->hour > 23)
    return "hours go from 00 to 23";
  if (p->minute > 59)
    return "minutes go from 00 to 59";
  if (p->second == 60 && !datetime_is_leap_second(p))
    return "a leap second can only be 23:59:60 in UTC";
  if (p->second > 60)
    return "seconds go from 00 to 59";
  return NULL;
}

const char *cel_datetime_parse(const char *text, size_t len, int64_t *millis) {
  datetime_input in = {text, len};
  datetime_parts p;
  const char *fault = datetime_read(&in, &p);
  if (fault == NULL)
    fault = datetime_check(&p);
  if (fault != NULL)
    return fault;
  int days = datetime_year_start(p.year) - EPOCH_DAYS + p.day - 1;
  for (int month = 1; month < p.month; month++)
    days += datetime_month_days(p.year, month);
  int seconds = (p.hour * 60 + p.minute - p.offset) * 60 + p.second;
  *millis =
      (int64_t)days * MILLIS_PER_DAY + (int64_t)seconds * 1000 + p.millis;
  return NULL;
}

static char *datetime_put(char *out, int value, int digits, char after) {
  for (int i = digits - 1; i >= 0; i--) {
    out[i] = (char)('0' + value % 10);
    value /= 10;
  }
  out[digits] = after;
  return out + digits + 1;
}

bool cel_datetime_format(int64_t millis, char out[CEL_DATETIME_SIZE]) {
  int64_t floor_days = millis / MILLIS_PER_DAY - (millis % MILLIS_PER_DAY < 0);
  int64_t from_zero = floor_days + EPOCH_DAYS;
  if (from_zero < 0 || from_zero >= datetime_year_start(10000))
    return false;
  int days = (int)from_zero;
  int rest = (int)(millis - floor_days * MILLIS_PER_DAY);
  int year = days / 366; /* never too high, for no year is longer */
  while (datetime_year_start(year + 1) <= days)
    year++;
  days -= datetime_year_start(year);
  int month = 1;
  while (days >= datetime_month_days(year, month))
    days -= datetime_month_days(year, month++);
  out = datetime_put(out, year, 4, '-');
  out = datetime_put(out, month, 2, '-');
  out = datetime_put(out, days + 1, 2, 'T');
  out = datetime_put(out, rest / 3600000, 2, ':');
  out = datetime_put(out, rest / 60000 % 60, 2, ':');
  out = datetime_put(out, rest / 1000 % 60, 2, '.');
  out = datetime_put(out, rest % 1000, 3, 'Z');
  *out = '\0';
  return true;
}
