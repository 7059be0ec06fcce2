/*
** http_date.c - HTTP-date by pattern. strptime depends on the locale and
** timegm is not in ISO C, so neither is used.
*/
#include "time/http_date.h"

#include "common/chars.h"

#define DATE_DAY         INT64_C(86400)
#define DATE_FIFTY_YEARS (50 * INT64_C(31556952)) /* of 365.2425 days */
#define DATE_LAST_YEAR   9999
#define DATE_MONTHS      12

/* The three forms. %a and %A: short and long name of a day; %d: day, two
   digits; %e: day, space-padded; %b: month; %Y and %y: year, four and two
   digits; %T: time. Anything else stands for itself. */
static const char *const date_forms[] = {
    "%a, %d %b %Y %T GMT", /* IMF-fixdate, the only one that is written today
                            */
    "%A, %d-%b-%y %T GMT", /* RFC 850 */
    "%a %b %e %T %Y",      /* asctime */
};

static const char *const date_days[] = {"Mon", "Tue", "Wed", "Thu",
                                        "Fri", "Sat", "Sun"};
static const char *const date_long_days[] = {
    "Monday", "Tuesday",  "Wednesday", "Thursday",
    "Friday", "Saturday", "Sunday"};
static const char *const date_months[DATE_MONTHS] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

typedef struct date_reader {
  const char *at;
  const char *end;
} date_reader;

typedef struct date_fields {
  int year;
  int month; /* 0 to 11 */
  int day;   /* 1 to 31 */
  int hour, minute, second;
  bool two_digits; /* year lacks its century */
} date_fields;

static bool date_read_char(date_reader *r, char want) {
  if (r->at == r->end || cel_lower(*r->at) != cel_lower(want))
    return false;
  r->at++;
  return true;
}

static bool date_read_number(date_reader *r, int digits, int *value) {
  *value = 0;
  while (digits-- > 0) {
    if (r->at == r->end || *r->at < '0' || *r->at > '9')
      return false;
    *value = *value * 10 + (*r->at++ - '0');
  }
  return true;
}

static bool date_read_name(date_reader *r, const char *const names[],
                           int count, int *index) {
  for (*index = 0; *index < count; ++*index) {
    date_reader ahead = *r;
    const char *name = names[*index];
    while (*name != '\0' && date_read_char(&ahead, *name))
      name++;
    if (*name == '\0') {
      *r = ahead;
      return true;
    }
  }
  return false;
}

static bool date_read_time(date_reader *r, date_fields *f) {
  return date_read_number(r, 2, &f->hour) && date_read_char(r, ':') &&
         date_read_number(r, 2, &f->minute) && date_read_char(r, ':') &&
         date_read_number(r, 2, &f->second) && f->hour <= 23 &&
         f->minute <= 59 && f->second <= 60;
}

static bool date_read_field(date_reader *r, char field, date_fields *f) {
  int weekday;
  switch (field) {
  case 'a':
    return date_read_name(r, date_days, 7, &weekday);
  case 'A':
    return date_read_name(r, date_long_days, 7, &weekday);
  case 'b':
    return date_read_name(r, date_months, DATE_MONTHS, &f->month);
  case 'd':
    return date_read_number(r, 2, &f->day);
  case 'e':
    return date_read_number(r, date_read_char(r, ' ') ? 1 : 2, &f->day);
  case 'Y':
    return date_read_number(r, 4, &f->year);
  case 'y':
    f->two_digits = true;
    return date_read_number(r, 2, &f->year);
  case 'T':
    return date_read_time(r, f);
  default:
    return false;
  }
}

static bool date_read_form(date_reader r, const char *form, date_fields *f) {
  *f = (date_fields){0};
  for (; *form != '\0'; form++) {
    bool read = *form == '%' ? date_read_field(&r, *++form, f)
                             : date_read_char(&r, *form);
    if (!read)
      return false;
  }
  return r.at == r.end;
}

static bool date_is_leap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int date_month_length(int year, int month) {
  static const int lengths[DATE_MONTHS] = {31, 28, 31, 30, 31, 30,
                                           31, 31, 30, 31, 30, 31};
  return lengths[month] + (month == 1 && date_is_leap(year) ? 1 : 0);
}

/* Days from 1970-01-01 to the first of January, years 0 to 9999. */
static int64_t date_days_to_year(int year) {
  int64_t past = (int64_t)year + 399; /* whole years since January -399 */
  int64_t days = past * 365 + past / 4 - past / 100 + past / 400;
  return days - 146097 - 719162; /* 400 years; 1969 years */
}

static int64_t date_seconds(const date_fields *f) {
  int64_t days = date_days_to_year(f->year) + f->day - 1;
  for (int month = 0; month < f->month; month++)
    days += date_month_length(f->year, month);
  return days * DATE_DAY + (int64_t)f->hour * 3600 + (int64_t)f->minute * 60 +
         f->second;
}

/* Takes the latest century for which the date is not more than 50 years after
   `now`. In doubles, because `now` may be any time_t. */
static void date_add_century(date_fields *f, time_t now) {
  double limit = (double)now + (double)DATE_FIFTY_YEARS;
  date_fields later = *f;
  for (;;) {
    later.year += 100;
    if (later.year > DATE_LAST_YEAR || (double)date_seconds(&later) > limit)
      return;
    f->year = later.year;
  }
}

bool cel_http_date_parse(const char *text, size_t len, time_t now,
                         int64_t *seconds) {
  date_reader r = {text, text + len};
  date_fields f = {0};
  size_t nforms = sizeof date_forms / sizeof date_forms[0];
  size_t i = 0;
  while (i < nforms && !date_read_form(r, date_forms[i], &f))
    i++;
  if (i == nforms)
    return false;
  if (f.two_digits)
    date_add_century(&f, now);
  if (f.day < 1 || f.day > date_month_length(f.year, f.month))
    return false;
  *seconds = date_seconds(&f);
  return true;
}
