/*
** email.h - whether a text can be an e-mail address.
**
** Pure C. It accepts every address that mail can reach, because only the
** service knows which mailboxes exist: quoted and international local parts,
** hosts without a dot, address literals. It refuses what people write by
** mistake: no @ or two, white space, a display name, an empty part.
*/
#ifndef CEL_EMAIL_H
#define CEL_EMAIL_H

#include <stdbool.h>
#include <stddef.h>

#define CEL_EMAIL_MAX 254 /* bytes that a mail path can hold, RFC 5321 */

/* `text` is valid UTF-8. */
bool cel_email_valid(const char *text, size_t len);

/* The same for one or several, separated by commas, with or without blanks
   around them. */
bool cel_emails_valid(const char *text, size_t len);

#endif
