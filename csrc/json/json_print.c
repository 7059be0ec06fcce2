/*
** json_print.c - writes numbers as JSON text.
*/
#include "json/json_print.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIGITS 17 /* enough to tell any two doubles apart */

static const char pairs[] = "00010203040506070809"
                            "10111213141516171819"
                            "20212223242526272829"
                            "30313233343536373839"
                            "40414243444546474849"
                            "50515253545556575859"
                            "60616263646566676869"
                            "70717273747576777879"
                            "80818283848586878889"
                            "90919293949596979899";

/* Writes the digits of a number so that they end before `end`; returns
   where they start. */
static char *print_digits(uint64_t value, char *end) {
  while (value >= 100) {
    end -= 2;
    memcpy(end, pairs + value % 100 * 2, 2);
    value /= 100;
  }
  if (value >= 10) {
    end -= 2;
    memcpy(end, pairs + value * 2, 2);
  } else {
    *--end = (char)('0' + value);
  }
  return end;
}

static size_t print_unsigned(uint64_t value, char *out) {
  char digits[20];
  char *end = digits + sizeof digits;
  char *start = print_digits(value, end);
  memcpy(out, start, (size_t)(end - start));
  return (size_t)(end - start);
}

size_t cel_json_print_integer(int64_t value, char *out) {
  if (value >= 0)
    return print_unsigned((uint64_t)value, out);
  *out = '-';
  return 1 + print_unsigned(0 - (uint64_t)value, out + 1);
}

#define FIXED_LEAST                                                           \
  1e-5 /* below this, and from 2^53 on, an exponent is shorter \ */
#define FIXED_LIMIT 9007199254740992.0

static bool print_is_fixed(double value) {
  return value == 0 || (value >= FIXED_LEAST && value < FIXED_LIMIT);
}

/* Writes the fewest digits, 15 to 17, that read back as this double. */
static void print_shortest(double value, const char *format, int extra,
                           char *text, size_t size) {
  for (int digits = MAX_DIGITS - 2; digits <= MAX_DIGITS; digits++) {
    snprintf(text, size, format, digits - extra, value);
    if (digits == MAX_DIGITS || strtod(text, NULL) == value)
      return;
  }
}

#if defined(__SIZEOF_INT128__) && !defined(CEL_JSON_NO_INT128)

__extension__ typedef unsigned __int128 print_wide;

/*
** Writes "12.5", with the fewest decimals that read back as this double. All
** numbers are integers, in units of a quarter of the last bit, so everything
** is exact. `one` is 1 in that unit, and `rest` is the part of the fraction
** that is not written yet. `below` and `above` are how much the text may be
** too low or too high (half the distance to the next doubles). Each digit
** multiplies `rest`, `below` and `above` by ten.
*/
static size_t print_fixed(double value, char *out) {
  int exponent;
  double fraction = frexp(value, &exponent);
  uint64_t bits = (uint64_t)ldexp(fraction, 53);
  int point = 53 - exponent; /* value = bits / 2^point; 0 to 70 */
  print_wide one = (print_wide)4 << point;
  print_wide rest = (print_wide)bits * 4;
  print_wide above = 2;
  print_wide below =
      fraction == 0.5 ? 1 : 2; /* the distance is half as long there */
  char *p = out + print_unsigned((uint64_t)(rest >> (point + 2)), out);
  *p++ = '.';
  rest &= one - 1;
  if (rest == 0)
    *p++ = '0';
  while (rest >= below && rest + above <= one) {
    rest *= 10;
    below *= 10;
    above *= 10;
    *p++ = (char)('0' + (int)(rest >> (point + 2)));
    rest &= one - 1;
  }
  /* Rounds up if rounding down would be too far off, or farther off, or just
     as far and the digit is odd (as printf does). There is never a carry:
     where a 9 could go up, the loop would have ended one digit earlier. */
  bool up = rest * 2 > one || (rest * 2 == one && (p[-1] & 1) != 0);
  if (rest >= below || (rest + above > one && up))
    p[-1]++;
  return (size_t)(p - out);
}

#else /* the same text by printf, which is slower */

/*
** printf writes "d.ddde-05" with as many digits as are needed; they are then
** put around the point. The digits are the same as in the function above: the
** nearest decimal with the fewest digits. (At a power of two the nearest one
** might be too low, but there the decimals are exact.)
*/
static size_t print_fixed(double value, char *out) {
  char text[64];
  char digits[MAX_DIGITS + 1] = {0};
  int count = 0;
  int used = 0; /* without the zeros at the end */
  const char *p = text;
  char *q = out;
  print_shortest(value, "%.*e", 1, text, sizeof text);
  for (; *p != 'e' && *p != '\0'; p++) {
    if (*p < '0' || *p > '9' || count == MAX_DIGITS)
      continue; /* the locale's point may have several bytes */
    digits[count++] = *p;
    if (*p != '0')
      used = count;
  }
  int point = *p == 'e' ? (int)strtol(p + 1, NULL, 10) + 1 : 1;
  if (point <= 0)
    *q++ = '0';
  for (int i = 0; i < point; i++)
    *q++ = i < count ? digits[i] : '0';
  *q++ = '.';
  for (int i = point; i < 0; i++)
    *q++ = '0';
  for (int i = point < 0 ? 0 : point; i < used; i++)
    *q++ = digits[i];
  if (used <= point)
    *q++ = '0';
  return (size_t)(q - out);
}

#endif

/* Copies the text of printf, with a point instead of the locale's. If the text
   would read back as an integer, adds ".0". */
static size_t print_neutral(const char *text, char *out) {
  static const char plain[] = "0123456789+-e";
  size_t n = 0;
  bool is_float = false;
  for (const char *p = text; *p != '\0'; p++) {
    bool known = strchr(plain, *p) != NULL;
    if (known)
      out[n++] = *p;
    else if (!is_float)
      out[n++] = '.'; /* the locale's may have several bytes */
    is_float = is_float || !known || *p == 'e';
  }
  if (is_float)
    return n;
  out[n++] = '.';
  out[n++] = '0';
  return n;
}

size_t cel_json_print_float(double value, char *out) {
  size_t n = 0;
  char text[64];
  if (signbit(value)) {
    out[n++] = '-';
    value = -value;
  }
  if (print_is_fixed(value))
    return n + print_fixed(value, out + n);
  print_shortest(value, "%.*g", 0, text, sizeof text);
  return n + print_neutral(text, out + n);
}
