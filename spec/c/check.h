/*
** check.h - checks for the C test programs: each is counted, a failed one is
** printed with the row of the table that it belongs to.
*/
#ifndef CEL_CHECK_H
#define CEL_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_passed;
static int check_failed;

/* `row` is a text that tells one row of a table from the others. */
#define CHECK(row, condition)                                                 \
  check_that((condition), (row), #condition, __FILE__, __LINE__)

/* Two numbers that are the same but for rounding. */
#define CHECK_NEAR(row, value, want)                                          \
  check_near((value), (want), (row), #value, __FILE__, __LINE__)

static inline bool check_that(bool ok, const char *row, const char *what,
                              const char *file, int line) {
  if (ok) {
    check_passed++;
  } else {
    check_failed++;
    printf("%s:%d: %s: %s\n", file, line, row, what);
  }
  return ok;
}

static inline bool check_near(double value, double want, const char *row,
                              const char *what, const char *file, int line) {
  double gap = value > want ? value - want : want - value;
  double size = want < 0 ? -want : want;
  bool ok = gap <= 1e-9 * (size + 1);
  check_that(ok, row, what, file, line);
  if (!ok)
    printf("  is %.17g, expected %.17g\n", value, want);
  return ok;
}

/* A copy in a block of exactly its size, so that a sanitizer sees a byte read
   too far. The caller frees it. */
static inline char *check_copy(const char *bytes, size_t len) {
  char *copy = malloc(len > 0 ? len : 1);
  if (copy == NULL)
    abort();
  memcpy(copy, bytes, len);
  return copy;
}

/* How many of so many random cases are to be tried; see
   spec/support/seeded.lua. */
static inline int check_cases(int all) {
  const char *share = getenv("CELIGO_TEST_CASES");
  return share == NULL ? all : (int)(all * strtod(share, NULL)) + 1;
}

/* Prints the count and gives the program's exit status. A program that
   checked nothing has failed. */
static inline int check_report(void) {
  printf("%d passed, %d failed\n", check_passed, check_failed);
  return check_failed == 0 && check_passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
