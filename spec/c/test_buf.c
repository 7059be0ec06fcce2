/*
** test_buf.c - the capped buffer, on an allocator that counts, that checks
** the sizes it is told, and that can run dry.
*/
#include "common/buf.h"

#include <stdint.h>
#include <string.h>

#include "check.h"

typedef struct meter {
  size_t in_use; /* bytes */
  int calls;     /* allocations and reallocations */
  int left;      /* how many more of these succeed; negative: all */
  bool lied_to;  /* an osize did not match */
} meter;

static void *meter_alloc(void *ud, void *ptr, size_t osize, size_t nsize) {
  meter *m = ud;
  size_t old = ptr == NULL ? 0 : osize;
  if (old > m->in_use)
    m->lied_to = true;
  if (nsize == 0) {
    m->in_use -= old;
    free(ptr);
    return NULL;
  }
  m->calls++;
  if (m->left == 0)
    return NULL;
  if (m->left > 0)
    m->left--;
  void *grown = realloc(ptr, nsize);
  if (grown != NULL)
    m->in_use = m->in_use - old + nsize;
  return grown;
}

/* How many allocations succeed from now on; negative: all. */
static void meter_allow(meter *m, int left) {
  m->left = left;
}

/* One append to an empty buffer with a cap. */
typedef struct append_row {
  const char *name;
  size_t max;
  size_t n;
  int status;
  size_t cap; /* afterwards */
} append_row;

static const append_row append_rows[] = {
    {"nothing", 10, 0, CEL_BUF_OK, 0},
    {"nothing into nothing", 0, 0, CEL_BUF_OK, 0},
    {"one byte into nothing", 0, 1, CEL_BUF_FULL, 0},
    {"small", SIZE_MAX, 1, CEL_BUF_OK, 256},
    {"first allocation", SIZE_MAX, 256, CEL_BUF_OK, 256},
    {"past the first allocation", SIZE_MAX, 257, CEL_BUF_OK, 257},
    {"cap below the first allocation", 10, 1, CEL_BUF_OK, 10},
    {"to the cap", 10, 10, CEL_BUF_OK, 10},
    {"past the cap", 10, 11, CEL_BUF_FULL, 0},
    {"far past the cap", 10, SIZE_MAX, CEL_BUF_FULL, 0},
};

static void test_append(void) {
  static const char zeros[512];
  for (size_t i = 0; i < sizeof append_rows / sizeof append_rows[0]; i++) {
    const append_row *row = &append_rows[i];
    meter m = {.left = -1};
    cel_allocator alloc = {meter_alloc, &m};
    cel_buf b;
    cel_buf_init(&b, &alloc, row->max);
    CHECK(row->name, m.calls == 0);
    CHECK(row->name, cel_buf_append(&b, row->n > 0 ? zeros : NULL, row->n) ==
                         row->status);
    CHECK(row->name, b.len == (row->status == CEL_BUF_OK ? row->n : 0));
    CHECK(row->name, b.cap == row->cap);
    CHECK(row->name, m.in_use == row->cap);
    CHECK(row->name, (b.data != NULL) == (row->cap > 0));
    cel_buf_free(&b);
    CHECK(row->name, m.in_use == 0 && !m.lied_to);
  }
}

static void test_growth(void) {
  meter m = {.left = -1};
  cel_allocator alloc = {meter_alloc, &m};
  cel_buf b;
  cel_buf_init(&b, &alloc, 100000);
  for (size_t i = 0; i < 100000; i++) {
    char c = (char)(i % 251);
    if (cel_buf_append(&b, &c, 1) != CEL_BUF_OK)
      break;
  }
  CHECK("growth", b.len == 100000);
  CHECK("growth stops at the cap", b.cap == 100000);
  CHECK("growth is geometric", m.calls <= 10);
  bool same = true;
  for (size_t i = 0; i < b.len; i++)
    same = same && b.data[i] == (char)(i % 251);
  CHECK("growth keeps the bytes", same);
  CHECK("full", cel_buf_append(&b, "x", 1) == CEL_BUF_FULL);
  CHECK("full", b.len == 100000 && m.calls <= 10);
  cel_buf_free(&b);
  cel_buf_free(&b);
  CHECK("freed twice", m.in_use == 0 && !m.lied_to);
  CHECK("usable after", cel_buf_append(&b, "abc", 3) == CEL_BUF_OK);
  CHECK("usable after", b.len == 3 && memcmp(b.data, "abc", 3) == 0);
  cel_buf_free(&b);
}

static void test_reserve(void) {
  meter m = {.left = -1};
  cel_allocator alloc = {meter_alloc, &m};
  cel_buf b;
  cel_buf_init(&b, &alloc, 1000);
  CHECK("reserve nothing", cel_buf_reserve(&b, 0) == CEL_BUF_OK);
  CHECK("reserve nothing", b.cap == 0);
  CHECK("reserve", cel_buf_reserve(&b, 700) == CEL_BUF_OK);
  CHECK("reserve is exact", b.cap == 700 && b.len == 0);
  const char *data = b.data;
  for (int i = 0; i < 7; i++) {
    char block[100] = {0};
    CHECK("within", cel_buf_append(&b, block, 100) == CEL_BUF_OK);
  }
  CHECK("never moved", b.data == data && m.calls == 1);
  CHECK("reserve less", cel_buf_reserve(&b, 10) == CEL_BUF_OK);
  CHECK("reserve less", b.cap == 700 && b.len == 700 && m.calls == 1);
  CHECK("reserve too much", cel_buf_reserve(&b, 1001) == CEL_BUF_FULL);
  CHECK("reserve far too much", cel_buf_reserve(&b, SIZE_MAX) == CEL_BUF_FULL);
  CHECK("reserve the cap", cel_buf_reserve(&b, 1000) == CEL_BUF_OK);
  CHECK("reserve the cap", b.cap == 1000 && b.len == 700);
  cel_buf_free(&b);
  CHECK("reserve freed", m.in_use == 0 && !m.lied_to);
}

static void test_no_memory(void) {
  meter m = {.left = 0};
  cel_allocator alloc = {meter_alloc, &m};
  cel_buf b;
  char block[300] = {0};
  cel_buf_init(&b, &alloc, 1000);
  CHECK("at first", cel_buf_append(&b, "ab", 2) == CEL_BUF_NOMEM);
  CHECK("at first", b.data == NULL && b.len == 0 && b.cap == 0);
  meter_allow(&m, 1);
  CHECK("one allocation", cel_buf_append(&b, "ab", 2) == CEL_BUF_OK);
  CHECK("growing", cel_buf_append(&b, block, 300) == CEL_BUF_NOMEM);
  CHECK("as it was", b.len == 2 && b.cap == 256);
  CHECK("as it was", memcmp(b.data, "ab", 2) == 0);
  CHECK("reserving", cel_buf_reserve(&b, 999) == CEL_BUF_NOMEM);
  CHECK("as it was", b.len == 2 && b.cap == 256);
  CHECK("full comes first", cel_buf_append(&b, block, 999) == CEL_BUF_FULL);
  CHECK("in place", cel_buf_append(&b, block, 254) == CEL_BUF_OK);
  meter_allow(&m, -1);
  CHECK("memory is back", cel_buf_append(&b, block, 300) == CEL_BUF_OK);
  CHECK("memory is back", b.len == 556);
  cel_buf_free(&b);
  CHECK("no memory freed", m.in_use == 0 && !m.lied_to);
}

/* Lengths near SIZE_MAX, where sums would wrap around. The allocator has
   nothing, so that nobody touches the bytes that are not there. */
static void test_overflow(void) {
  meter m = {.left = -1};
  cel_allocator alloc = {meter_alloc, &m};
  cel_buf b;
  cel_buf_init(&b, &alloc, SIZE_MAX);
  CHECK("a byte", cel_buf_append(&b, "x", 1) == CEL_BUF_OK);
  CHECK("the rest", cel_buf_append(&b, "x", SIZE_MAX) == CEL_BUF_FULL);
  meter_allow(&m, 0);
  CHECK("almost", cel_buf_append(&b, "x", SIZE_MAX - 1) == CEL_BUF_NOMEM);
  CHECK("reserve", cel_buf_reserve(&b, SIZE_MAX) == CEL_BUF_NOMEM);
  CHECK("as it was", b.len == 1 && b.cap == 256 && b.data[0] == 'x');
  cel_buf_free(&b);
}

int main(void) {
  test_append();
  test_growth();
  test_reserve();
  test_no_memory();
  test_overflow();
  return check_report();
}
