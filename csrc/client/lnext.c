/*
** lnext.c - finds out where the next page of a list is, from an answer.
*/
#include "client/lnext.h"

#include <string.h>

#include "client/lresult.h"
#include "http/weblink.h"
#include "json/ljson.h"

const char *cel_push_resolved(lua_State *L, int idx) {
  cel_call *c = cel_call_get(L, idx);
  size_t len;
  if (lua_type(L, -1) != LUA_TSTRING) {
    lua_pop(L, 1);
    lua_pushnil(L);
    return "its nextPageURL is not a string";
  }
  const char *reference = lua_tolstring(L, -1, &len);
  const char *wrong = NULL;
  const char *target = c->target == NULL ? "" : c->target + c->prefix_len;
  curl_free(
      c->scratch); /* left over from a call of this function that raised */
  c->scratch = NULL;
  if (c->target == NULL || len == 0 || memchr(reference, '\0', len) != NULL ||
      cel_url_resolve(&c->client->base, target, reference, &c->scratch) !=
          CURLUE_OK)
    wrong = "the target of its next link is not a URL";
  else
    wrong = cel_target_check(c->scratch, strlen(c->scratch));
  lua_pop(L, 1);
  if (wrong == NULL)
    lua_pushstring(L, c->scratch);
  else
    lua_pushnil(L);
  curl_free(c->scratch);
  c->scratch = NULL;
  return wrong;
}

/* Pushes path and query of a reference, or nil if it is not a valid one
   [-0, +1]. */
static void push_place(lua_State *L, int idx, const char *text, size_t len) {
  lua_pushlstring(L, text, len);
  cel_push_resolved(L, idx);
}

/* What a link with this anchor is about. */
typedef enum anchor_kind {
  ANCHOR_PAGE,    /* the page itself */
  ANCHOR_UNCLEAR, /* the same path with another query, or not a URL */
  ANCHOR_OTHER    /* another resource */
} anchor_kind;

/* Says what a link with this anchor, on the page of the call at idx, is about
   [-0, +0]. */
static anchor_kind judge_anchor(lua_State *L, int idx, cel_span anchor) {
  const cel_call *c = cel_call_get(L, idx);
  int top = lua_gettop(L);
  if (anchor.len == 0 || *anchor.text == '#')
    return ANCHOR_PAGE;
  if (memchr(anchor.text, '\\', anchor.len) != NULL)
    return ANCHOR_UNCLEAR; /* it holds escapes, or is not a URL */
  push_place(L, idx, anchor.text, anchor.len);
  push_place(L, idx, c->target + c->prefix_len,
             strlen(c->target + c->prefix_len));
  const char *there = lua_tostring(L, -2);
  const char *here = lua_tostring(L, -1);
  anchor_kind kind = ANCHOR_UNCLEAR;
  if (there != NULL && here != NULL) {
    size_t path = strcspn(here, "?");
    if (strcmp(there, here) == 0)
      kind = ANCHOR_PAGE;
    else if (strcspn(there, "?") != path || memcmp(there, here, path) != 0)
      kind = ANCHOR_OTHER;
  }
  lua_settop(L, top);
  return kind;
}

/* Replaces the target on top, or nil, by that of one more link to a next page;
   both must be the same [-0, +0]. Returns NULL or what is wrong. */
static const char *take_link(lua_State *L, int idx, const cel_link *link) {
  lua_pushlstring(L, link->target.text, link->target.len);
  const char *wrong = cel_push_resolved(L, idx);
  if (wrong == NULL && !lua_isnil(L, -2) && !lua_rawequal(L, -1, -2))
    wrong = "its Link header names two next pages";
  lua_replace(L, -2);
  return wrong;
}

/* Finds the link to the next page in the Link header on top, and pushes its
   target, or nil [-0, +1]. Returns NULL or what is wrong. */
static const char *push_link(lua_State *L, int idx) {
  const char *wrong = NULL;
  cel_span rest = {NULL, 0};
  cel_link link;
  int status = CEL_LINK_FOUND;
  rest.text = lua_tolstring(L, -1, &rest.len);
  lua_pushnil(L);
  while (wrong == NULL &&
         (status = cel_link_find(&rest, "next", &link)) == CEL_LINK_FOUND) {
    anchor_kind kind =
        link.anchored ? judge_anchor(L, idx, link.anchor) : ANCHOR_PAGE;
    if (kind == ANCHOR_PAGE)
      wrong = take_link(L, idx, &link);
    else if (kind == ANCHOR_UNCLEAR)
      wrong = "its next link does not say clearly that it is about this page";
  }
  if (status == CEL_LINK_BAD && lua_isnil(L, -1))
    wrong = "its Link header cannot be parsed";
  if (wrong != NULL) {
    lua_pushnil(L);
    lua_replace(L, -2);
  }
  return wrong;
}

const char *cel_push_next_link(lua_State *L, int idx) {
  const cel_call *c = cel_call_get(L, idx);
  idx = lua_absindex(L, idx);
  if (c->target == NULL || !cel_push_header(L, c, "link")) {
    lua_pushnil(L);
    return NULL;
  }
  const char *wrong = push_link(L, idx);
  lua_remove(L, -2);
  return wrong;
}

const char *cel_push_next_member(lua_State *L, int idx, const char *raw,
                                 size_t len) {
  cel_json_fault fault;
  if (cel_json_decode(L, raw - 1, len + 2, &fault) != 0) {
    lua_pushnil(L);
    return "its nextPageURL cannot be read";
  }
  return cel_push_resolved(L, idx);
}
