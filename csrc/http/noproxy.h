/*
** noproxy.h - which hosts a no_proxy list keeps from a proxy.
**
** Pure C. libcurl reads such lists too, but only some spellings of IPv6
** addresses. Here an address is compared as what it is, not as it is written.
*/
#ifndef CEL_NOPROXY_H
#define CEL_NOPROXY_H

#include <stdbool.h>

/*
** Whether a list covers a host, as it stands in a URL: a name, or an address,
** in brackets or not. The list's entries, between commas or spaces, are
** names, which cover the names below them too ("example.com" and
** ".example.com" alike); addresses in any spelling, in brackets or not;
** networks ("10.0.0.0/8", "fd00::/8"); and "*", which covers all. What is
** none of these covers nothing.
*/
bool cel_noproxy_covers(const char *list, const char *host);

#endif
