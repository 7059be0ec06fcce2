/*
** weblink.h - the Link header field (RFC 8288, section 3): where the next page
** is.
**
** Pure C. Spans point into the caller's text and live as long as it does.
*/
#ifndef CEL_WEBLINK_H
#define CEL_WEBLINK_H

#include <stdbool.h>
#include <stddef.h>

typedef struct cel_span {
  const char *text; /* not terminated */
  size_t len;       /* bytes */
} cel_span;

enum { CEL_LINK_NONE = 0, CEL_LINK_FOUND = 1, CEL_LINK_BAD = -1 };

typedef struct cel_link {
  cel_span target; /* the text between < and >, trimmed, never empty */
  bool anchored;   /* it is about what the anchor names */
  cel_span anchor; /* between its quotes, as written; may be empty */
} cel_link;

/*
** Finds the next link whose relation types hold `rel` (compared without
** case) in a Link field value, or what is left of one; several header fields
** may be joined by ", ". Where CEL_LINK_FOUND is returned *link holds it and
** *value is what follows it, which was not looked at; else both are left
** alone. A link with an anchor may be about another resource (section 3.2):
** that is for the caller to judge.
**
** CEL_LINK_BAD: the value is malformed before the end of such a link, or its
** target is empty (a next page that is this page), or a link seems to have
** the relation, but in a form that no RFC knows: in a second rel parameter,
** as rel*, as a parameter of its own, between strange quotes. CEL_LINK_NONE
** is returned only for a value that was understood to its end: a walk must
** not end early because a header was cut or garbled.
**
** Lenient where the meaning is plain: empty elements and parameters, white
** space around = and ;, bare values that are no tokens (rel=next prev),
** single quotes (rel='next').
*/
int cel_link_find(cel_span *value, const char *rel, cel_link *link);

#endif
