/*
** descriptors.h - descriptors that libcurl makes for itself.
**
** Sockets are made by connections.c. But a multi handle makes a pair to be
** woken by, and resolver threads make theirs, without a way to say how.
*/
#ifndef CEL_DESCRIPTORS_H
#define CEL_DESCRIPTORS_H

#include <stdbool.h>

#include <curl/curl.h>

/* Opens /dev/null in place of each standard descriptor that the host has
   closed, once and for good: else one of libcurl's own would take the number,
   and get what somebody writes to the standard error. */
void cel_descriptors_guard(void);

/* Whether the process may open hardly any more descriptors. */
bool cel_descriptors_are_short(void);

/* curl_multi_init(), whose descriptors are closed in programs that the host
   starts. (One that another thread opens at the same moment may be closed
   there, too.) */
CURLM *cel_descriptors_make_multi(void);

#endif
