/*
** preload_once.c - loaded before a program together with a sanitizer's
** runtime: keeps both out of the programs that this one starts, which are
** none of ours to judge.
*/
#include <stdlib.h>

__attribute__((constructor)) static void preload_once(void) {
  unsetenv("LD_PRELOAD");
}
