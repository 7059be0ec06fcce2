/*
** test_weblink.c - the Link header parser by table.
*/
#include "http/weblink.h"

#include <string.h>

#include "check.h"

#define BAD  CEL_LINK_BAD
#define NONE CEL_LINK_NONE

/* What is found is told by its target; else the status. */
typedef struct link_row {
  const char *value;
  const char *target; /* NULL: not found */
  int status;         /* where target is NULL */
} link_row;

static const link_row rows[] = {
    /* nothing there */
    {"", NULL, NONE},
    {" \t ", NULL, NONE},
    {",", NULL, NONE},
    {" , ,, ", NULL, NONE},
    {"<a>", NULL, NONE},
    {"<a>;", NULL, NONE},
    {"<a>; rel=prev", NULL, NONE},
    {"<a>; rel=\"prev\", <b>; rel=\"last\"", NULL, NONE},

    /* as the service writes it */
    {"<https://api.integrator.io/v1/x?skip=100&limit=1000>; rel=\"next\"",
     "https://api.integrator.io/v1/x?skip=100&limit=1000", 0},
    {"</v1/x>; rel=\"prev\", </v1/y?skip=2>; rel=\"next\"", "/v1/y?skip=2", 0},

    /* quoted and bare, any case, spaces */
    {"<a>;rel=next", "a", 0},
    {"<a>;rel=NEXT", "a", 0},
    {"<a>;REL=\"Next\"", "a", 0},
    {"  <a>  ;  rel  =  next  ", "a", 0},
    {"\t<a>\t;\trel\t=\t\"next\"\t", "a", 0},
    {"<  a\t>; rel=next", "a", 0},
    {"<a>; rel=next;", "a", 0},
    {"<a>;; ;rel=next", "a", 0},
    {", ,<a>; rel=next", "a", 0},
    {"<p>; rel=prev,, <a>; rel=next", "a", 0},
    {"<p>,<a>;rel=next", "a", 0},

    /* several relation types, several links, several parameters */
    {"<a>; rel=\"prev next\"", "a", 0},
    {"<a>; rel=\"next last\"", "a", 0},
    {"<a>; rel=\"  first\tnext  last \"", "a", 0},
    {"<a>; rel=\"nextprev\"", NULL, NONE},
    {"<a>; rel=\"nex\"", NULL, NONE},
    {"<a>; rel=\"xnext\"", NULL, NONE},
    {"<a>; rel=\"next-archive\"", NULL, NONE},
    {"<a>; rel=\"ne xt\"", NULL, NONE},
    {"<a>; rel=\"nextx next\"", "a", 0},
    {"<a>; rel=\"xnext next\"", "a", 0},
    {"<a>; rel=next, <b>; rel=next", "a", 0},
    {"<a>; title=\"t\"; rel=next; type=text/html", "a", 0},
    {"<a>; title*=UTF-8''caf%C3%A9; rel=next", "a", 0},
    {"<a>; rel=next prev", "a", 0},
    {"<a>; title=two words; rel=next", "a", 0},
    {"<a>; rel=http://example.com/next", NULL, NONE},
    {"<a>; rel=\"http://example.com/r next\"", "a", 0},

    /* the first rel counts; near misses of the name */
    {"<a>; rel=prev; rel=next", NULL, BAD},
    {"<a>; rel=next; rel=prev", "a", 0},
    {"<a>; rel; rel=next", NULL, BAD},
    {"<a>; rel=; rel=next", NULL, BAD},
    {"<a>; rel=\"\"; rel=next", NULL, BAD},
    {"<a>; rel=\"\"", NULL, NONE},
    {"<a>; rev=next", NULL, NONE},
    {"<a>; rel*=next", NULL, BAD},
    {"<a>; rel*=UTF-8''next", NULL, BAD},
    {"<a>; rel*=next; rel=next", "a", 0},
    {"<a>; rel*=prev", NULL, NONE},
    {"<a>; relx=next", NULL, NONE},
    {"<a>; re=next", NULL, NONE},
    {"<a>; title=next; next; rel=prev", NULL, NONE},
    {"<a>; next", NULL, BAD},
    {"<a>; NEXT=1", NULL, BAD},
    {"<a>; prev", NULL, NONE},

    /* strange quotes, and what else no RFC knows */
    {"<a>; rel='next'", "a", 0},
    {"<a>;rel = 'NEXT' ; type='x'", "a", 0},
    {"<a>; rel='prev next'", "a", 0},
    {"<a>; rel='prev', <b>; rel='next'", "b", 0},
    {"<a>; rel='prev'", NULL, NONE},
    {"<a>; rel=''", NULL, NONE},
    {"<a>; rel='", NULL, NONE},
    {"<a>; rel='next", NULL, BAD},
    {"<a>; rel=next'", NULL, BAD},
    {"<a>; rel=\"'next'\"", NULL, BAD},
    {"<a>; rel=`next`", NULL, BAD},
    {"<a>; rel=\xe2\x80\x9cnext\xe2\x80\x9d", NULL, BAD},
    {"<a>; rel=[next]", NULL, BAD},
    {"<a>; rel=\"next,last\"", NULL, BAD},
    {"<a>; rel=\"last;next\"", NULL, BAD},
    {"<a>; rel=next/last", NULL, BAD},
    {"<a>; rel=next_page", NULL, BAD},
    {"<a>; title='a; rel=next'", NULL, BAD},
    {"<a>; rel=\"next_page next\"", "a", 0},
    {"<a>; rel=\"x:next\"", NULL, NONE},
    {"<a>; rel=\"nextpage\"", NULL, NONE},
    {"<a>; rel=next.1", NULL, NONE},

    /* separators inside targets and quotes */
    {"<a,b;c=\"d\">; rel=next", "a,b;c=\"d\"", 0},
    {"<a>; title=\"x, <y>; rel=next\"", NULL, NONE},
    {"<a>; title=\"x, <y>; rel=next\", <b>; rel=next", "b", 0},
    {"<a>; title=\"say \\\"hi\\\"; \"; rel=next", "a", 0},
    {"<a>; title=\"\\\\\"; rel=next", "a", 0},
    {"<a>; rel=\"\\n\\e\\x\\t\"", "a", 0},
    {"<a>; rel=\"prev\\ next\"", "a", 0},
    {"<a>; rel=\"ne\\\\xt\"", NULL, NONE},

    /* malformed before the end of the link that is wanted */
    {"a", NULL, BAD},
    {"a <b>; rel=next", NULL, BAD},
    {"<", NULL, BAD},
    {"<a", NULL, BAD},
    {"<a; rel=next", NULL, BAD},
    {"<a <b>; rel=next", NULL, BAD},
    {"<a, <b>; rel=next", NULL, BAD},
    {"<a> rel=next", NULL, BAD},
    {"<a>> ; rel=next", NULL, BAD},
    {"<a> <b>; rel=next", NULL, BAD},
    {"<a>; =next", NULL, BAD},
    {"<a>; \"rel\"=next", NULL, BAD},
    {"<a>; rel next", NULL, BAD},
    {"<a>; rel=\"next", NULL, BAD},
    {"<a>; rel=\"next\\", NULL, BAD},
    {"<a>; rel=\"next\\\"", NULL, BAD},
    {"<a>; rel=\"", NULL, BAD},
    {"<a>; rel=\"next\"x", NULL, BAD},
    {"<a>; rel=\"next\" \"prev\"", NULL, BAD},
    {"<a>; rel=ne\"xt\"", NULL, BAD},
    {"<a>; rel=prev <b>; rel=next", NULL, BAD},
    {"<a>; rel=\"prev\" <b>; rel=next", NULL, BAD},
    {"<a>; rel=next; title=\"cut", NULL, BAD},
    {"<p>; rel=\"prev\"; \xc3\xa9=1, <a>; rel=next", NULL, BAD},
    {"<>; rel=next", NULL, BAD},
    {"< >; rel=next", NULL, BAD},

    /* empty targets of other links, and what follows the one that counts */
    {"<>; rel=self", NULL, NONE},
    {"<>; rel=self, <a>; rel=next", "a", 0},
    {"<a>; rel=next, garbage", "a", 0},
    {"<a>; rel=next, <b", "a", 0},
    {"<p>; rel=prev, garbage", NULL, BAD},
};

static void test_row(const link_row *row) {
  size_t len = strlen(row->value);
  char *copy = check_copy(row->value, len);
  cel_span value = {copy, len};
  cel_link link = {.anchored = false};
  int status = cel_link_find(&value, "next", &link);
  if (row->target == NULL) {
    CHECK(row->value, status == row->status);
    CHECK(row->value, link.target.text == NULL);
    CHECK(row->value, value.text == copy && value.len == len);
  } else if (CHECK(row->value, status == CEL_LINK_FOUND)) {
    const char *text = link.target.text;
    CHECK(row->value, link.target.len == strlen(row->target));
    CHECK(row->value, memcmp(text, row->target, link.target.len) == 0);
    CHECK(row->value, text > copy && text < copy + len);
    CHECK(row->value, !link.anchored);
    CHECK(row->value, value.text > text);
    CHECK(row->value, value.text + value.len == copy + len);
  }
  free(copy);
}

/* Links with an anchor: what it is, and what follows. */
typedef struct anchor_row {
  const char *value;
  const char *anchor;
  const char *second; /* the next link's target, or NULL */
} anchor_row;

static const anchor_row anchor_rows[] = {
    {"<a>; anchor=\"/other\"; rel=next", "/other", NULL},
    {"<a>; rel=next; anchor=\"/other\"", "/other", NULL},
    {"<a>; rel=next; anchor=/x?y=1", "/x?y=1", NULL},
    {"<a>; rel=next; anchor='/x'", "/x", NULL},
    {"<a>; rel=next; anchor=\"#here\"", "#here", NULL},
    {"<a>; rel=next; anchor=\"\"", "", NULL},
    {"<a>; rel=next; anchor", "", NULL},
    {"<a>; rel=next; anchor=x; anchor=y", "x", NULL},
    {"<a>; rel=next; ANCHOR=x, <b>; rel=next", "x", "b"},
    {"<p>; anchor=z; rel=prev, <a>; anchor=x; rel=next,, <b>; rel=next", "x",
     "b"},
};

static bool span_is(cel_span span, const char *text) {
  return span.len == strlen(text) && memcmp(span.text, text, span.len) == 0;
}

static void test_anchors(void) {
  for (size_t i = 0; i < sizeof anchor_rows / sizeof anchor_rows[0]; i++) {
    const anchor_row *row = &anchor_rows[i];
    size_t len = strlen(row->value);
    char *copy = check_copy(row->value, len);
    cel_span value = {copy, len};
    cel_link link;
    if (CHECK(row->value, cel_link_find(&value, "next", &link) == 1)) {
      CHECK(row->value, span_is(link.target, "a"));
      CHECK(row->value, link.anchored && span_is(link.anchor, row->anchor));
    }
    int status = cel_link_find(&value, "next", &link);
    CHECK(row->value, status == (row->second != NULL));
    if (row->second != NULL)
      CHECK(row->value, span_is(link.target, row->second) && !link.anchored);
    free(copy);
  }
}

int main(void) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    test_row(&rows[i]);
  test_anchors();

  const char *two = "<a>; rel=prev, <b>; rel=next";
  cel_span value = {two, strlen(two)};
  cel_link link;
  CHECK("another relation", cel_link_find(&value, "PREV", &link) == 1);
  CHECK("another relation", span_is(link.target, "a"));
  CHECK("the rest", cel_link_find(&value, "next", &link) == 1);
  CHECK("the rest", span_is(link.target, "b"));
  value = (cel_span){NULL, 0};
  CHECK("no value", cel_link_find(&value, "next", &link) == NONE);
  value = (cel_span){"\0<a>; rel=next", 14};
  CHECK("a NUL is garbage", cel_link_find(&value, "next", &link) == BAD);
  return check_report();
}
