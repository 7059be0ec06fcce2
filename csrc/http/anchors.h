/*
** anchors.h - the trust anchors: this system's, and those of `ca_file`.
**
** libcurl has a bundle (one file) and a directory of hashed names by default.
** A directory beside a bundle turns off libcurl's cache of what it has parsed,
** so it is left out where it holds nothing that the bundle has not.
*/
#ifndef CEL_ANCHORS_H
#define CEL_ANCHORS_H

#include <stdbool.h>

#include "common/buf.h"

typedef struct cel_anchors {
  cel_buf text;        /* both bundles joined, where that takes memory */
  int fd;              /* the same as an anonymous file; -1: none */
  char name[32];       /* by which libcurl finds it */
  bool directory;      /* the system's directory is needed */
  bool only_directory; /* the system's bundle is not there */
} cel_anchors;

void cel_anchors_init(cel_anchors *a, const cel_allocator *alloc);

/* Looks at what the system has, and joins ca_file, which may be NULL, to it.
   NULL on success, else CEL_NO_MEMORY or what is wrong with ca_file. */
const char *cel_anchors_read(cel_anchors *a, const char *ca_file);

/* What is wrong with ca_file, for a client that has no use for it. */
const char *cel_anchors_check(cel_anchors *a, const char *ca_file);

void cel_anchors_free(cel_anchors *a);

#endif
