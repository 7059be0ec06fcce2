/*
** lclient.h - the userdata of a client: a box (lbox.h) that points to it.
*/
#ifndef CEL_LCLIENT_H
#define CEL_LCLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "common/lbox.h"
#include "common/lmemory.h"
#include "engine/queue.h"

#define CEL_CLIENT_MT "celigo.client"

/* User values of a client. */
enum {
  CEL_CLIENT_UV_TOKEN = 1, /* the token function, or nil */
  CEL_CLIENT_UV_EVENT,     /* on_event, or nil */
  CEL_CLIENT_UV_CODEC,     /* { encode, decode }, or nil for our own */
  CEL_CLIENT_UV_YIELD,     /* function(call) that yields, or nil */
  CEL_CLIENT_UV_CALLS,     /* weak: light userdata of a call to the call */
  CEL_CLIENT_UV_SPARE, /* the userdata of a call that is over, for the next one
                        */
  CEL_CLIENT_UV_WAKEUP, /* function() of an event loop, or nil */
  CEL_CLIENT_UVS = CEL_CLIENT_UV_WAKEUP
};

/* The client at idx, closed or not [-0, +0]. Raises if the value is not a
   client, or is an empty box. In a child made by fork, a client that has sent
   something is closed first. */
cel_client *cel_client_check(lua_State *L, int idx);

/* The client at index 1, for a method of that name. If there is none, raises
   and says how to call the method [-0, +0]. */
cel_client *cel_client_self(lua_State *L, const char *method);

/* The client at idx, or NULL; raises nothing [-0, +0]. */
cel_client *cel_client_at(lua_State *L, int idx);

/* Makes sure that the client at idx has a token: calls the token function if
   there is none yet, or if `renew` is true [-0, +0]. Raises what the function
   raises. */
void cel_client_token(lua_State *L, int idx, bool renew);

/* Raises if the client's token function is running now: a call in it would
   wait for itself [-0, +0]. */
void cel_client_refuse_asking(lua_State *L, const cel_client *c);

/* Before an exchange: notes the memory that libcurl takes from the client's
   first exchange on, and collects garbage if it is time [-0, +0]. May run
   finalisers. */
void cel_client_look(lua_State *L, cel_client *c);

/* Pushes the client's table of calls [-0, +1]. */
void cel_client_push_calls(lua_State *L, int idx);

/* The configuration of a client. Strings are borrowed. */
typedef struct cel_client_config {
  const char *token; /* NULL: token_function */
  size_t token_len;
  int token_function; /* stack index; 0: none */
  int on_event;       /* stack index; 0: none */
  int codec;          /* stack index; 0: our own */
  const char *base_url;
  const char *base_url_name; /* where it comes from, for errors */
  const char *ca_file, *proxy, *user_agent; /* or NULL */
  double timeout;                           /* seconds; 0: the default */
  double connect_timeout;                   /* seconds */
  cel_policy policy;
  double rate, burst; /* rate 0: no limit */
  long max_connections;
  size_t max_response; /* bytes */
  size_t max_request;  /* bytes */
  bool validate;
  bool read_only;
  bool http1_only;
  bool secret; /* the token is the host's, not the script's */
} cel_client_config;

/* Every default. */
extern const cel_client_config cel_client_defaults;

/* The base URL of a region, or NULL. */
const char *cel_region_url(const char *region);

/* Pushes a client [-0, +1]; raises an error that begins with `what` and
   names the option that is wrong. */
void cel_client_new(lua_State *L, const cel_client_config *config,
                    const char *what);

/* Allocates n bytes. If that fails, collects garbage and tries again; then
   raises Lua's memory error [-0, +0]. */
void *cel_allocate(lua_State *L, const cel_allocator *alloc, size_t n);

#endif
