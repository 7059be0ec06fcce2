/*
** lpage.h - goes on with a call after a good answer.
*/
#ifndef CEL_LPAGE_H
#define CEL_LPAGE_H

#include <lua.h>

/* The call at idx has a complete 2xx answer: finishes the call, or queues it
   again for the next page [-0, +0]. */
void cel_page_over(lua_State *L, int idx);

/* Pushes the error for a list that has ended with fewer records than its
   totalCount says [-0, +1]. */
void cel_push_incomplete(lua_State *L, int idx, double records, double total);

#endif
