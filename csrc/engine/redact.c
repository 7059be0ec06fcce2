/*
** redact.c - the secrets of a client, and where they are masked.
*/
#include "engine/redact.h"

#include <string.h>

#include <curl/curl.h>
#include <curl/mprintf.h>

/* {====== A proxy's password */

/* Base64 (RFC 4648, section 4) of len bytes, for curl_free(); NULL when memory
   ran out. */
static char *encode_base64(const char *text, size_t len) {
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char *out = curl_maprintf("%*s", (int)((len + 2) / 3 * 4), "");
  for (size_t i = 0; out != NULL && i < len; i += 3) {
    unsigned long bits = 0;
    for (size_t k = 0; k < 3; k++)
      bits = bits << 8 | (i + k < len ? (unsigned char)text[i + k] : 0u);
    for (size_t k = 0; k < 4; k++)
      out[i / 3 * 4 + k] =
          (char)(i + k > len ? '=' : digits[bits >> (18 - 6 * k) & 63]);
  }
  return out;
}

static void wipe_free(char *text) {
  if (text != NULL)
    cel_wipe(text, strlen(text));
  curl_free(text);
}

/* Makes a mask for a text, and frees the text. A short text gets none: it may
   be a part of any word. False when memory ran out. */
static bool mask_text(cel_mask **m, const cel_allocator *alloc, char *text) {
  bool good = text != NULL;
  if (good && strlen(text) >= CEL_MASK_SHORT) {
    *m = cel_mask_new(alloc, text, strlen(text));
    good = *m != NULL;
  }
  wipe_free(text);
  return good;
}

bool cel_redact_proxy(cel_mask *masks[CEL_PROXY_MASKS],
                      const cel_allocator *alloc, const char *url) {
  char *user = NULL;
  char *password = NULL;
  bool good = true;
  CURLU *u = url == NULL || *url == '\0' ? NULL : curl_url();
  if (u == NULL)
    return url == NULL || *url == '\0';
  if (curl_url_set(u, CURLUPART_URL, url,
                   CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == 0 &&
      curl_url_get(u, CURLUPART_USER, &user, CURLU_URLDECODE) == 0 &&
      curl_url_get(u, CURLUPART_PASSWORD, &password, CURLU_URLDECODE) == 0) {
    char *both = curl_maprintf("%s:%s", user, password);
    good = both != NULL &&
           mask_text(&masks[0], alloc, encode_base64(both, strlen(both)));
    wipe_free(both);
    good = mask_text(&masks[1], alloc, password) && good;
  }
  wipe_free(user);
  curl_url_cleanup(u);
  return good;
}

/* }====== */

void cel_redact(const cel_headers *headers, char *text, size_t len) {
  if (headers != NULL)
    cel_mask_apply(headers->mask, text, len);
}
