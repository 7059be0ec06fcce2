/*
** http_outcome.h - how an exchange has ended. For files of http/ only.
*/
#ifndef CEL_HTTP_OUTCOME_H
#define CEL_HTTP_OUTCOME_H

#include "http/transfer.h"

/* Fills in the fields of a finished transfer, which still has its easy handle.
   `code` is libcurl's. */
void cel_http_conclude(cel_transfer *t, CURLcode code);

#endif
