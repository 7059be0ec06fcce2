/*
** longjmp_chk.c - the longjmp() of programs that are built with
** _FORTIFY_SOURCE, as distributions build Lua. ThreadSanitizer (of gcc 12, at
** least) does not know it by this name: frames that an error of Lua has left
** stay in its records. They make every allocation slower, and stacks wrong.
*/
#undef _FORTIFY_SOURCE /* else longjmp() below is this function again */
#include <setjmp.h>

_Noreturn __attribute__((visibility("default"))) void
__longjmp_chk(jmp_buf env, int value); /* glibc's */

void __longjmp_chk(jmp_buf env, int value) {
  longjmp(env, value);
}
