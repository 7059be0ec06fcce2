/*
** redact.h - masks secrets in texts that leave the library. Pure C.
*/
#ifndef CEL_REDACT_H
#define CEL_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/mask.h"
#include "http/headers.h"

/* Replaces the token of a set of headers by asterisks, in place, in a text
   that leaves the library; NULL has none. */
void cel_redact(const cel_headers *headers, char *text, size_t len);

/* What a proxy is told of its user: the password, and the two in Base64. */
#define CEL_PROXY_MASKS 2

/* Makes masks of what the URL of a proxy holds, if anything; `masks` has NULL
   before. False when memory ran out. */
bool cel_redact_proxy(cel_mask *masks[CEL_PROXY_MASKS],
                      const cel_allocator *alloc, const char *url);

#endif
