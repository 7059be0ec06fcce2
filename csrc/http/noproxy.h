/*
** noproxy.h - which hosts a no_proxy list excludes from the use of a proxy.
**
** Pure C. libcurl reads such lists too, but not all spellings of IPv6
** addresses. Here the addresses are compared, not their spellings.
*/
#ifndef CEL_NOPROXY_H
#define CEL_NOPROXY_H

#include <stdbool.h>

/*
** Whether a list covers a host, as it stands in a URL: a name, or an address,
** in brackets or not. The list's entries, between commas or spaces, are names,
** which cover the names below them too ("example.com" and ".example.com"
** alike); addresses in any spelling, in brackets or not; networks
** ("10.0.0.0/8", "fd00::/8"); and "*", which covers all. Any other entry
** covers nothing.
*/
bool cel_noproxy_covers(const char *list, const char *host);

#endif
