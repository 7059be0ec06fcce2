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
   that leaves the library. The set may be NULL. */
void cel_redact(const cel_headers *headers, char *text, size_t len);

/* Secrets that a proxy is sent: the password, and user and password in
   Base64. */
#define CEL_PROXY_MASKS 2

/* Makes masks for the secrets in a proxy's URL, if there are any; `masks`
   holds NULL before. False when memory ran out. */
bool cel_redact_proxy(cel_mask *masks[CEL_PROXY_MASKS],
                      const cel_allocator *alloc, const char *url);

#endif
