/*
** test_mask.c - secrets in texts by table: whole, in pieces, escaped.
*/
#include "common/mask.h"

#include <string.h>

#include "check.h"

#define SECRET "ab/CD+ef=01\"23<45"

typedef struct mask_row {
  const char *secret, *text, *want;
} mask_row;

static const mask_row rows[] = {
    /* whole, as it is */
    {SECRET, SECRET, "*****************"},
    {SECRET, "x" SECRET "y", "x*****************y"},
    {SECRET, SECRET SECRET, "**********************************"},
    {SECRET, "", ""},
    {SECRET, "nothing of it", "nothing of it"},

    /* in pieces: eight bytes, at any place of it, and not seven */
    {SECRET, "[ab/CD+ef]", "[********]"},
    {SECRET, "[ab/CD+e]", "[ab/CD+e]"},
    {SECRET, "[1\"23<45]", "[1\"23<45]"},
    {SECRET, "[01\"23<45]", "[********]"},
    {SECRET, "[D+ef=01\"2]", "[*********]"},
    {SECRET, "b/CD+ef=0,CD+ef=01", "*********,********"},
    {SECRET, "Ab/CD+ef=", "A********"},
    {SECRET, "ab/cd+ef=01\"23<45", "ab/cd************"},
    {SECRET, "ab/CD+e f=01\"23<45", "ab/CD+e **********"},

    /* as JSON has it, and JSON in JSON */
    {SECRET, "\"ab\\/CD+ef=01\\\"23<45\"", "\"*******************\""},
    {SECRET, "\"ab\\u002FCD\\u002bef\"", "\"******************\""},
    {SECRET, "\"ab\\\\u002fCD\\\\u002bef\"", "\"********************\""},
    {SECRET, "\"ab\\\\\\/CD+ef=01\\\\\\\"23\"", "\"********************\""},
    {SECRET, "\"\\u0061\\u0062/CD+ef\"", "\"******************\""},
    {SECRET, "\"ab/CD+e\\u0066\"", "\"*************\""},
    {SECRET, "\"23\\u003c45 01\\\"23\\u003c45\"",
     "\"23\\u003c45 **************\""},

    /* percent-encoded, once and again */
    {SECRET, "?ab%2FCD%2Bef", "?************"},
    {SECRET, "?ab%2fCD%2bef", "?************"},
    {SECRET, "?ab%252FCD%25252Bef", "?******************"},
    {SECRET, "%61%62%2F%43%44%2B%65%66", "************************"},
    {SECRET, "%ab%2FCD%2Bef%3D0", "%ab**************"},
    {SECRET, "?ab%2", "?ab%2"},

    /* HTML */
    {SECRET, "<ab&#47;CD&#43;ef>", "<****************>"},
    {SECRET, "<ab&#x2F;CD&#x2b;ef>", "<******************>"},
    {SECRET, "ab/CD+ef=01&quot;23&lt;45", "*************************"},
    {SECRET, "=01&#034;23&#60;45", "******************"},
    {SECRET, "=01&amp;quot;23&amp;lt;45", "*************************"},
    {SECRET, "=01&amp;amp;#34;23&#x3c45", "=01&amp;amp;#34;23&#x3c45"},
    {SECRET, "f=01&amp;amp;#34;23&#60", "***********************"},
    {SECRET, "=01\\u0026quot;23\\u0026lt;45", "***************************"},

    /* folded over lines */
    {SECRET, "X: ab/C\r\n D+ef=0\r\n", "X: ****\r\n ******\r\n"},
    {SECRET, "ab/C\nD+ef", "****\n****"},
    {SECRET, "ab/C\\r\\n\\tD+ef", "****\\r\\n\\t****"},
    {SECRET, "ab/C +ef=01\"23", "ab/C *********"},

    /* a secret that looks like an escape */
    {"a%41b%42c%43d", "a%41b%42c%43d", "*************"},
    {"a%41b%42c%43d", "41b%42c%43", "**********"},
    {"\\\\two-of-them\\", "you sent \\\\two-of-them\\",
     "you sent \\\\t**********\\"},
    {"\\\\two-of-them\\", "\"\\\\\\\\two-of-them\\\\\"",
     "\"\\\\\\\\t**********\\\\\""},
    {"a&lt;b&gt;c&amp;", "a&lt;b&gt;c&amp;", "****************"},

    /* short ones */
    {"sixsix", "a sixsix b sixsi", "a ****** b sixsi"},
    {"sevense", "sevense evense", "******* evense"},
    {"test", "a test", "a test"},
    {"test", "Authorization: Bearer test", "Authorization: Bearer ****"},
    {"test", "bearer testing", "bearer ****ing"},
    {"t", "Bearer t t", "Bearer * t"},
};

static void check_row(const mask_row *row, const cel_allocator *alloc) {
  size_t len = strlen(row->text);
  char *text = check_copy(row->text, len);
  cel_mask *m = cel_mask_new(alloc, row->secret, strlen(row->secret));
  CHECK(row->text, m != NULL);
  cel_mask_apply(m, text, len);
  if (!CHECK(row->text,
             strlen(row->want) == len && memcmp(text, row->want, len) == 0))
    printf("  is   %.*s\n  want %s\n", (int)len, text, row->want);
  cel_mask_free(m);
  free(text);
}

static void *allocate(void *ud, void *ptr, size_t osize, size_t nsize) {
  size_t *in_use = ud;
  *in_use += nsize - (ptr == NULL ? 0 : osize);
  if (nsize > 0)
    return realloc(ptr, nsize);
  free(ptr);
  return NULL;
}

static void *refuse(void *ud, void *ptr, size_t osize, size_t nsize) {
  (void)ud, (void)ptr, (void)osize, (void)nsize;
  return NULL;
}

/* Every cut of a text shows fewer than CEL_MASK_RUN bytes of the secret. */
static void test_cuts(const cel_allocator *alloc) {
  static const char head[] = "Authorization: Bearer ";
  static const char secret[] = "0a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p";
  char whole[256];
  snprintf(whole, sizeof whole, "%s%s and more", head, secret);
  cel_mask *m = cel_mask_new(alloc, secret, strlen(secret));
  for (size_t from = 0; from < strlen(whole); from++) {
    for (size_t to = from; to <= strlen(whole); to++) {
      char *text = check_copy(whole + from, to - from);
      cel_mask_apply(m, text, to - from);
      size_t shown = 0;
      for (size_t i = 0; i < to - from; i++) {
        size_t at = from + i;
        shown += at >= strlen(head) && at < strlen(head) + strlen(secret) &&
                 text[i] != '*';
      }
      if (shown >= CEL_MASK_RUN)
        CHECK(whole + from, shown < CEL_MASK_RUN);
      free(text);
    }
  }
  CHECK("every cut", m != NULL);
  cel_mask_free(m);
}

int main(void) {
  size_t in_use = 0;
  const cel_allocator alloc = {allocate, &in_use};
  const cel_allocator none = {refuse, NULL};
  char text[] = "a secret";
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    check_row(&rows[i], &alloc);
  test_cuts(&alloc);
  CHECK("no memory", cel_mask_new(&none, SECRET, strlen(SECRET)) == NULL);
  cel_mask_apply(NULL, text, strlen(text));
  cel_mask_free(NULL);
  CHECK("no mask", strcmp(text, "a secret") == 0);
  CHECK("all freed", in_use == 0);
  return check_report();
}
