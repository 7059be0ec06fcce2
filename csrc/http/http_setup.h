/*
** http_setup.h - what is set up once: proxies, and the settings of easy
** handles. For files of http/ only.
*/
#ifndef CEL_HTTP_SETUP_H
#define CEL_HTTP_SETUP_H

#include "http/transfer.h"

/* Reads the trust anchors and the environment's proxy. NULL on success, else
   what is wrong: CEL_NO_MEMORY, something about ca_file (h->blames_ca_file),
   or what libcurl lacks. What is there already is given back by
   cel_http_forget. */
const char *cel_http_prepare(cel_http *h);
void cel_http_forget(cel_http *h);

/* Sets what stays the same for every exchange of the client. Where libcurl
   refuses an option *refused is its name, a constant. */
CURLcode cel_http_set_up(cel_http *h, CURL *c, const char **refused);

/* Counts forks: another number than before means another process. */
unsigned cel_http_generation(void);

/* Says in h->wrong that libcurl was built without something; returns it. */
const char *cel_http_lacks(cel_http *h, const char *what);

#endif
