/*
** preload_once.c - loaded before a program together with a sanitizer's
** runtime: keeps both out of the programs that this one starts, which are
** none of ours to judge. And libraries stay loaded: what they keep in
** variables of their own is not lost, and stacks have names.
*/
#include <stdlib.h>

__attribute__((visibility("default"))) int dlclose(void *handle);

int dlclose(void *handle) {
  (void)handle;
  return 0;
}

__attribute__((constructor)) static void preload_once(void) {
  unsetenv("LD_PRELOAD");
}
