/*
** quote.h - quotes a text from outside in a message.
**
** Pure C.
*/
#ifndef CEL_QUOTE_H
#define CEL_QUOTE_H

#include <stddef.h>

#define CEL_QUOTE_MAX  40  /* bytes of the text that are shown */
#define CEL_QUOTE_SIZE 168 /* both quotes, escapes, "..." and terminator */
#define CEL_QUOTE_CHAR 8   /* the longest escape, "\u{202E}" */

/* Writes s between double quotes, so that the result is one line of valid
   UTF-8: quotes, backslashes, characters that control a terminal
   (cel_utf8_steers) and malformed bytes are escaped as in Lua. A longer text
   is cut between characters and "..." follows the closing quote. Returns the
   length. */
size_t cel_quote(char out[CEL_QUOTE_SIZE], const char *s, size_t len);

/* The same for one character, without a terminator. n >= 1 bytes of s may be
   read; *used is how many it has. */
size_t cel_quote_char(char out[CEL_QUOTE_CHAR], const char *s, size_t n,
                      size_t *used);

/* Writes a character that controls a terminal, or a malformed byte, as an
   escape of Lua: "\x1b", "\u{202E}". Returns 0 for any other character. */
size_t cel_quote_escape(char out[CEL_QUOTE_CHAR], const char *s, size_t n,
                        size_t *used);

#endif
