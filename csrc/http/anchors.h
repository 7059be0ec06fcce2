/*
** anchors.h - the trust anchors of TLS: those of the system, and those of
** `ca_file`.
**
** By default libcurl uses a bundle (one file) and a directory (of files with
** hashed names). With a directory, libcurl does not cache what it has parsed.
** So the directory is left out if all its certificates are in the bundle too.
*/
#ifndef CEL_ANCHORS_H
#define CEL_ANCHORS_H

#include <stdbool.h>

#include "common/buf.h"

typedef struct cel_anchors {
  cel_buf text;        /* both bundles joined, where that takes memory */
  int fd;              /* the same as an anonymous file; -1: none */
  char name[32];       /* of that file, for libcurl */
  bool directory;      /* the system's directory is needed */
  bool only_directory; /* the system's bundle is not there */
} cel_anchors;

void cel_anchors_init(cel_anchors *a, const cel_allocator *alloc);

/* Looks at what the system has, and joins ca_file, which may be NULL, to it.
   NULL on success, else CEL_NO_MEMORY or what is wrong with ca_file. */
const char *cel_anchors_read(cel_anchors *a, const char *ca_file);

/* What is wrong with ca_file, for a client that does not use it (plain
   http). */
const char *cel_anchors_check(cel_anchors *a, const char *ca_file);

void cel_anchors_free(cel_anchors *a);

#endif
