/*
** json_number.c - reads numbers: integers of 64 bits, and doubles that are
** correctly rounded, in every locale.
*/
#include "json/json_scan.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  EXACT_DIGITS = 19,    /* any 19 decimal digits fit into 64 bits */
  EXACT_POWER = 22,     /* 10^22 is the largest power exact in a double */
  WIDE_POWER = 27,      /* 5^27 is the largest power in 64 bits */
  KEPT_DIGITS = 770,    /* no midpoint between two doubles has more than 767
                           significant digits */
  EXPONENT_LIMIT = 9999 /* zero or infinity, whatever the digits are */
};

/* A number's parts. Its value is digits * 10^exponent. */
typedef struct number_parts {
  const char *first; /* first digit */
  const char *last;  /* behind the last digit; a point may be between them */
  int64_t exponent;  /* of the digits read as one integer */
  uint64_t digits;   /* their value, modulo 2^64 */
  size_t count;      /* how many; a single leading zero does not count */
  bool negative;
  bool real; /* has a fraction or an exponent */
} number_parts;

static bool number_is_digit(const cel_json_scan *s, const char *p) {
  return p < s->end && *p >= '0' && *p <= '9';
}

/* Reads at least one digit into n. Returns what follows, or NULL. */
static const char *number_digits(cel_json_scan *s, const char *p,
                                 number_parts *n) {
  if (!number_is_digit(s, p)) {
    cel_json_expected(s, p, "a digit");
    return NULL;
  }
  const char *const start = p;
  uint64_t digits = n->digits;
  for (; number_is_digit(s, p); p++)
    digits = digits * 10 + (uint64_t)(*p - '0');
  n->digits = digits;
  n->count += (size_t)(p - start);
  return p;
}

/* Reads an exponent's sign and digits. Huge ones are limited, but stay
   huge. */
static const char *number_exponent(cel_json_scan *s, const char *p,
                                   number_parts *n) {
  const int64_t huge = INT64_C(1) << 56; /* more than the length of any text */
  bool negative = false;
  if (p < s->end && (*p == '+' || *p == '-'))
    negative = *p++ == '-';
  if (!number_is_digit(s, p)) {
    cel_json_expected(s, p, "a digit in the exponent");
    return NULL;
  }
  int64_t exponent = 0;
  for (; number_is_digit(s, p); p++)
    if (exponent < huge)
      exponent = exponent * 10 + (*p - '0');
  n->exponent += negative ? -exponent : exponent;
  return p;
}

/* Takes a number apart. Returns what follows it, or NULL. */
static const char *number_split(cel_json_scan *s, number_parts *n) {
  const char *p = s->p;
  *n = (number_parts){.negative = *p == '-'};
  if (n->negative)
    p++;
  n->first = p;
  if (p < s->end && *p == '0') {
    p++;
    if (number_is_digit(s, p)) {
      cel_json_expected(s, p, "no digit after a leading 0");
      return NULL;
    }
  } else {
    p = number_digits(s, p, n);
  }
  if (p != NULL && p < s->end && *p == '.') {
    const char *const start = ++p;
    n->real = true;
    p = number_digits(s, p, n);
    if (p != NULL)
      n->exponent = start - p;
  }
  n->last = p;
  if (p != NULL && p < s->end && (*p == 'e' || *p == 'E')) {
    n->real = true;
    p = number_exponent(s, p + 1, n);
  }
  return p;
}

/*
** For any number of digits: the C library rounds. It is given a text without a
** decimal point, so the locale does not matter. Digits that are too many to
** matter are replaced by one digit, which says whether they were all zero.
*/
static double number_round(const number_parts *n) {
  char text[KEPT_DIGITS + 16];
  int kept = 0;
  bool rest = false;
  int64_t exponent = n->exponent;
  for (const char *p = n->first; p < n->last; p++) {
    if (*p == '.' || (kept == 0 && *p == '0'))
      continue;
    if (kept < KEPT_DIGITS) {
      text[kept++] = *p;
    } else {
      rest = rest || *p != '0';
      exponent++;
    }
  }
  if (kept == 0)
    return 0.0;
  if (rest) {
    text[kept++] = '1';
    exponent--;
  }
  if (exponent > EXPONENT_LIMIT)
    exponent = EXPONENT_LIMIT;
  if (exponent < -EXPONENT_LIMIT)
    exponent = -EXPONENT_LIMIT;
  snprintf(text + kept, sizeof text - (size_t)kept, "e%d", (int)exponent);
  return strtod(text, NULL);
}

/* For few digits and a small exponent, the usual case: both factors are exact
   as doubles, so one operation rounds once. Not where the machine computes
   doubles in a wider format. */
static bool number_exact(const number_parts *n, double *real) {
#if FLT_EVAL_METHOD == 0 || FLT_EVAL_METHOD == 1
  static const double power[EXACT_POWER + 1] = {
      1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (n->count > EXACT_DIGITS || n->digits > UINT64_C(1) << DBL_MANT_DIG ||
      n->exponent < -EXACT_POWER || n->exponent > EXACT_POWER)
    return false;
  *real = n->exponent < 0 ? (double)n->digits / power[-n->exponent]
                          : (double)n->digits * power[n->exponent];
  return true;
#else
  (void)n, (void)real;
  return false;
#endif
}

/*
** For nearly all other numbers: up to nineteen digits, and an exponent for
** which the power of five fits into 64 bits. The product is exact in 128 bits;
** of a quotient enough bits are exact, and its last bit says whether there was
** a remainder. Converting that to a double rounds once. Scaling by a power of
** two is exact, because no result here is near the ends of the range.
*/
static bool number_wide(const number_parts *n, double *real) {
#ifdef __SIZEOF_INT128__
  __extension__ typedef unsigned __int128 wide;
  static const uint64_t five[WIDE_POWER + 1] = {UINT64_C(1),
                                                UINT64_C(5),
                                                UINT64_C(25),
                                                UINT64_C(125),
                                                UINT64_C(625),
                                                UINT64_C(3125),
                                                UINT64_C(15625),
                                                UINT64_C(78125),
                                                UINT64_C(390625),
                                                UINT64_C(1953125),
                                                UINT64_C(9765625),
                                                UINT64_C(48828125),
                                                UINT64_C(244140625),
                                                UINT64_C(1220703125),
                                                UINT64_C(6103515625),
                                                UINT64_C(30517578125),
                                                UINT64_C(152587890625),
                                                UINT64_C(762939453125),
                                                UINT64_C(3814697265625),
                                                UINT64_C(19073486328125),
                                                UINT64_C(95367431640625),
                                                UINT64_C(476837158203125),
                                                UINT64_C(2384185791015625),
                                                UINT64_C(11920928955078125),
                                                UINT64_C(59604644775390625),
                                                UINT64_C(298023223876953125),
                                                UINT64_C(1490116119384765625),
                                                UINT64_C(7450580596923828125)};
  if (n->count > EXACT_DIGITS || n->digits == 0 || n->exponent < -WIDE_POWER ||
      n->exponent > WIDE_POWER)
    return false;
  const int power = (int)n->exponent;
  if (power >= 0) {
    *real = ldexp((double)((wide)n->digits * five[power]), power);
    return true;
  }
  /* With its top bit set the dividend gives a quotient of 65 bits or more. */
  const int shift = 64 + __builtin_clzll(n->digits);
  const wide dividend = (wide)n->digits << shift;
  const wide quotient = dividend / five[-power];
  const bool rest = quotient * five[-power] != dividend;
  *real = ldexp((double)(quotient | rest), power - shift);
  return true;
#else
  (void)n, (void)real;
  return false;
#endif
}

bool cel_json_scan_number(cel_json_scan *s, cel_json_number *out) {
  number_parts n;
  if (!cel_json_at(s, '-') && !number_is_digit(s, s->p))
    return cel_json_expected(s, s->p, "a value");
  const char *const after = number_split(s, &n);
  if (after == NULL)
    return false;
  const uint64_t most = (uint64_t)INT64_MAX + (n.negative ? 1 : 0);
  out->is_integer = !n.real && n.count <= EXACT_DIGITS && n.digits <= most &&
                    !(n.negative && n.digits == 0);
  if (out->is_integer) {
    /* Unsigned, because then negating the smallest integer is defined. */
    const uint64_t bits = n.negative ? 0 - n.digits : n.digits;
    memcpy(&out->integer, &bits, sizeof bits);
  } else {
    double real;
    if (!number_exact(&n, &real) && !number_wide(&n, &real))
      real = number_round(&n);
    if (isinf(real))
      return cel_json_wrong(s, s->p, "number beyond the range of a double");
    out->real = n.negative ? -real : real;
  }
  s->p = after;
  return true;
}
