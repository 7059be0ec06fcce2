/*
** http_setup.h - what is set up once for a client: proxies, and the settings
** of easy handles. For files of http/ only.
*/
#ifndef CEL_HTTP_SETUP_H
#define CEL_HTTP_SETUP_H

#include "http/transfer.h"

/* Reads the trust anchors and the environment's proxy. NULL on success, else
   what is wrong: CEL_NO_MEMORY, something about ca_file (then
   h->blames_ca_file is set), or what libcurl lacks. cel_http_forget frees what
   was read, on failure too. */
const char *cel_http_prepare(cel_http *h);
void cel_http_forget(cel_http *h);

/* Sets the options that are the same for every exchange of the client. If
   libcurl refuses one, *refused is the name of that option, a constant. */
CURLcode cel_http_set_up(cel_http *h, CURL *c, const char **refused);

/* Counts forks: if the number has changed, this is another process. */
unsigned cel_http_generation(void);

/* Says in h->wrong that libcurl was built without something; returns it. */
const char *cel_http_lacks(cel_http *h, const char *what);

#endif
