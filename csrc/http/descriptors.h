/*
** descriptors.h - looks after descriptors that libcurl makes for itself.
**
** Sockets of connections are made in connections.c. But each multi handle
** makes a pair of descriptors to wake itself by, and resolver threads make
** some, and libcurl has no option for how it makes them.
*/
#ifndef CEL_DESCRIPTORS_H
#define CEL_DESCRIPTORS_H

#include <stdbool.h>

#include <curl/curl.h>

/* Opens /dev/null, once, in place of each standard descriptor that the host
   has closed. Otherwise a descriptor of libcurl would get that number, and
   receive what the program writes to its standard error. */
void cel_descriptors_guard(void);

/* Whether the process can open only a few more descriptors. */
bool cel_descriptors_are_short(void);

/* curl_multi_init(), with descriptors that are closed in programs that the
   host starts. (A descriptor that another thread opens at the same moment may
   be closed there as well.) */
CURLM *cel_descriptors_make_multi(void);

/* A resolver of libcurl's waits at this descriptor: closes it, and the other
   end of its pair or pipe, in programs that the host starts. */
void cel_descriptors_adopt(int fd);

#endif
