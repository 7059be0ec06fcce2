/*
** email.c - whether a text can be an e-mail address.
*/
#include "contract/email.h"

#include <string.h>

/* Whether a character needs no quotes: printable, and every byte beyond
   ASCII. */
static bool email_plain(char c, const char *specials) {
  unsigned u = (unsigned char)c;
  return u > 0x20 && u != 0x7F && strchr(specials, c) == NULL;
}

/* The length of the local part, up to its @; 0 if it is not valid. */
static size_t email_local(const char *s, size_t len) {
  size_t i = 0;
  if (len > 0 && s[0] == '"') {
    for (i = 1; i < len && s[i] != '"'; i++) {
      if (s[i] == '\\')
        i++;
      if (i < len && ((unsigned char)s[i] < 0x20 || s[i] == 0x7F))
        return 0;
    }
    return i + 1 < len && s[i + 1] == '@' ? i + 1 : 0;
  }
  while (i < len && email_plain(s[i], "()<>[]:;@\\,\""))
    i++;
  return i < len && s[i] == '@' ? i : 0;
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]": only the characters inside are
   checked. */
static bool email_literal(const char *s, size_t len) {
  if (len < 3 || s[len - 1] != ']')
    return false;
  for (size_t i = 1; i + 1 < len; i++)
    if (!email_plain(s[i], "()<>[]@\\,;\""))
      return false;
  return true;
}

static bool email_domain(const char *s, size_t len) {
  size_t label = 0; /* where the current label starts */
  if (len > 0 && s[0] == '[')
    return email_literal(s, len);
  for (size_t i = 0; i <= len; i++) {
    if (i < len && s[i] != '.') {
      if (!email_plain(s[i], "()<>[]:;@\\,\"!#$%&'*+/=?^`{|}~"))
        return false;
      continue;
    }
    if (i == label || s[label] == '-' || s[i - 1] == '-')
      return false;
    label = i + 1;
  }
  return true;
}

bool cel_email_valid(const char *text, size_t len) {
  if (len > CEL_EMAIL_MAX)
    return false;
  size_t local = email_local(text, len);
  return local > 0 && email_domain(text + local + 1, len - local - 1);
}

bool cel_emails_valid(const char *text, size_t len) {
  size_t start = 0;
  bool quoted = false;
  for (size_t i = 0; i <= len; i++) {
    if (i < len && text[i] == '"')
      quoted = !quoted;
    if (i < len && quoted && text[i] == '\\')
      i++;
    if (i < len && (quoted || text[i] != ','))
      continue;
    size_t end = i < len ? i : len;
    while (end < len && end > start && text[end - 1] == ' ')
      end--;
    if (!cel_email_valid(text + start, end - start))
      return false;
    start = i + 1;
    while (start < len && text[start] == ' ')
      start++;
  }
  return true;
}
