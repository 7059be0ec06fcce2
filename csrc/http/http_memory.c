/*
** http_memory.c - buffers of transfers that are over, kept for the next.
*/
#include "http/http_memory.h"

void cel_http_move(cel_buf *from, cel_buf *to) {
  to->data = from->data;
  to->cap = from->cap;
  to->len = from->len = from->cap = 0;
  from->data = NULL;
}

void cel_http_drop(const cel_http *h, cel_buf *b, cel_buf *kept, size_t most) {
  if (h->pools[0].multi != NULL && kept->cap < b->cap && b->cap <= most) {
    cel_buf_free(kept);
    cel_http_move(b, kept);
  } else {
    cel_buf_free(b);
  }
}

void cel_http_keep(cel_http *h, cel_buf *body) {
  cel_http_drop(h, body, &h->body, CEL_KEPT_PAGE);
}

/* A page's memory is given away only now, when a body begins: so it goes to
   the page whose body comes first, not to the one that was requested first. */
void cel_http_reuse(cel_transfer *t, size_t whole) {
  cel_buf *kept = &t->http->body;
  bool suits =
      whole == 0 || (whole > CEL_KEPT_BODY) == (kept->cap > CEL_KEPT_BODY);
  if (t->body.cap > 0 || !suits)
    return;
  if (kept->cap < whole)
    cel_buf_free(kept);
  else
    cel_http_move(kept, &t->body);
}

void cel_http_trim(cel_http *h) {
  if (h->body.cap > CEL_KEPT_BODY)
    cel_buf_free(&h->body);
}
