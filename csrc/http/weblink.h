/*
** weblink.h - the Link header field (RFC 8288, section 3): where the next page
** is.
**
** Pure C. Spans point into the caller's text and live as long as it does.
*/
#ifndef CEL_WEBLINK_H
#define CEL_WEBLINK_H

#include <stddef.h>

typedef struct cel_span {
  const char *text; /* not terminated */
  size_t len;       /* bytes */
} cel_span;

enum { CEL_LINK_NONE = 0, CEL_LINK_FOUND = 1, CEL_LINK_BAD = -1 };

/*
** Finds the first link whose relation types hold `rel` (compared without
** case) in a Link field value; several header fields may be joined by ", ".
** Only the first rel parameter of a link counts; a link with an anchor
** parameter is about another resource and is passed over (section 3.2).
** Where CEL_LINK_FOUND is returned, *target is the text between < and >,
** white space trimmed, never empty; else it is left alone.
**
** CEL_LINK_BAD: the value is malformed before the end of such a link, or its
** target is empty (a next page that is this page). What follows the link
** that was found is not looked at. CEL_LINK_NONE is returned only for a
** value that was understood to its end: a walk must not end early because a
** header was cut or garbled.
**
** Lenient where the meaning is plain: empty elements and parameters, white
** space around = and ;, bare values that are no tokens (rel=next prev).
*/
int cel_link_find(const char *value, size_t len, const char *rel,
                  cel_span *target);

#endif
