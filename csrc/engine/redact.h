/*
** redact.h - masks tokens in texts that leave the library. Pure C.
*/
#ifndef CEL_REDACT_H
#define CEL_REDACT_H

#include <stddef.h>

#include "http/headers.h"

/* Replaces the token of a set of headers by asterisks, in place, in a text
   that leaves the library; NULL has none. A very short one only where it
   stands behind "Bearer". */
void cel_redact(const cel_headers *headers, char *text, size_t len);

#endif
