/*
** test_print.c - doubles as text: with 128-bit integers and by way of printf,
** which 32-bit systems use, the same bytes.
*/
#include "json/json_print.h"

#include <math.h>
#include <stdint.h>

#include "check.h"

/* json_print.c once more, without 128-bit integers (test_print_plain.c). */
size_t plain_print_float(double value, char *out);

typedef struct print_row {
  double value;
  const char *text;
} print_row;

static const print_row print_rows[] = {
    {0.0, "0.0"},
    {-0.0, "-0.0"},
    {1.0, "1.0"},
    {0.1, "0.1"},
    {-12.5, "-12.5"},
    {1e15, "1000000000000000.0"},
    {9007199254740991.0, "9007199254740991.0"},
    {9007199254740992.0, "9007199254740992.0"},
    {1e16, "1e+16"},
    {1e-5, "0.00001"},
    {9e-6, "9e-06"},
    {0.1 + 0.2, "0.30000000000000004"},
    {1010594863927141.25, "1010594863927141.2"}, /* a tie, to the even one */
    {1010594863927141.75, "1010594863927141.8"},
    {123456789.0, "123456789.0"},
    {5e-324, "4.94065645841247e-324"},
};

static void check_text(double value, const char *want) {
  char wide[CEL_JSON_NUMBER_SIZE];
  char plain[CEL_JSON_NUMBER_SIZE];
  char row[64];
  size_t n = cel_json_print_float(value, wide);
  size_t m = plain_print_float(value, plain);
  snprintf(row, sizeof row, "%.17g", value);
  if (!CHECK(row, n == m && memcmp(wide, plain, n) == 0) ||
      (want != NULL &&
       !CHECK(row, n == strlen(want) && memcmp(wide, want, n) == 0)))
    printf("  %.*s and %.*s\n", (int)n, wide, (int)m, plain);
}

/* Numbers of all kinds, from a fixed seed (xorshift64, Marsaglia 2003). */
static void check_many(void) {
  uint64_t x = UINT64_C(88172645463325252);
  const int cases = check_cases(200000);
  for (int i = 0; i < cases; i++) {
    double value;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    switch (i % 4) {
    case 0:
      memcpy(&value, &x, sizeof value); /* any bits */
      break;
    case 1:
      value = (double)(x >> 20) / 1e4;
      break;
    case 2:
      value = (double)(x % 1000000) / 1000;
      break;
    default:
      value = ldexp((double)(x >> 11), (int)(x % 90) - 75);
    }
    if (isfinite(value))
      check_text(value, NULL);
  }
}

int main(void) {
  for (size_t i = 0; i < sizeof print_rows / sizeof *print_rows; i++)
    check_text(print_rows[i].value, print_rows[i].text);
  for (int power = -80; power <= 80; power++)
    check_text(ldexp(1, power), NULL);
  check_many();
  return check_report();
}
