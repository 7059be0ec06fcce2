/*
** lpage.h - what a good answer comes to.
*/
#ifndef CEL_LPAGE_H
#define CEL_LPAGE_H

#include <lua.h>

/* Takes the whole 2xx answer of the call at idx: finishes the call, or
   queues it again for the next page [-0, +0]. */
void cel_page_over(lua_State *L, int idx);

/* Pushes the error of a list that has ended with fewer records than its
   totalCount tells [-0, +1]. */
void cel_push_incomplete(lua_State *L, int idx, double records, double total);

#endif
