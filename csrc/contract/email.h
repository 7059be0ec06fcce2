/*
** email.h - whether a text can be an e-mail address.
**
** Pure C. Lenient on purpose: only the service knows which mailboxes exist,
** so no address that mail can reach is refused (quoted and internationalised
** local parts, single-label hosts, address literals). What is refused is
** what a person writes by mistake: no @ or two, white space, a display name,
** an empty part.
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
