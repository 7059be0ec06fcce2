/*
** http_outcome.h - what an exchange that is over has come to. For files of
** http/ only.
*/
#ifndef CEL_HTTP_OUTCOME_H
#define CEL_HTTP_OUTCOME_H

#include "http/transfer.h"

/* Fills in the fields of a finished transfer; `code` is how libcurl says that
   it has ended. The easy handle is still the transfer's. */
void cel_http_conclude(cel_transfer *t, CURLcode code);

#endif
