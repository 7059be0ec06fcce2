/*
** lclient.h - the client: what its calls share, and which of them are in
** what state.
*/
#ifndef CEL_LCLIENT_H
#define CEL_LCLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <lauxlib.h>
#include <lua.h>

#include "common/lbox.h"
#include "http/headers.h"
#include "http/http.h"
#include "http/url.h"
#include "retry/rate_limit.h"
#include "retry/retry.h"

#define CEL_CLIENT_MT "celigo.client"

typedef struct cel_call cel_call;

/* The states of a call that is not done; each has a list in the client. */
typedef enum cel_state {
  CEL_STATE_QUEUED,  /* wants to be sent: in order of arrival */
  CEL_STATE_WAITING, /* for the time of its next attempt */
  CEL_STATE_SENT,    /* an exchange is under way */
  CEL_STATE_READY,   /* wants its owner's attention: cel_call_advance */
  CEL_STATE_LISTS,   /* how many lists there are */
  CEL_STATE_NEW,     /* not started */
  CEL_STATE_DONE,
  CEL_STATE_SPARE /* a userdata that waits for its next call */
} cel_state;

typedef struct cel_call_list {
  cel_call *head, *tail;
} cel_call_list;

/* User values of a client. */
enum {
  CEL_CLIENT_UV_TOKEN = CEL_BOX_UV_OWNER + 1, /* the token function, or nil */
  CEL_CLIENT_UV_EVENT,                        /* on_event, or nil */
  CEL_CLIENT_UV_CODEC,    /* { encode, decode }, or nil for our own */
  CEL_CLIENT_UV_GIVE_WAY, /* function(call) that yields, or nil */
  CEL_CLIENT_UV_CALLS,    /* weak: light userdata of a call to the call */
  CEL_CLIENT_UV_SPARE,    /* a call's userdata that can be used again */
  CEL_CLIENT_UV_BELL,     /* function() of an event loop, or nil */
  CEL_CLIENT_UVS = CEL_CLIENT_UV_BELL
};

/* A block that its userdata leads to (lbox.h); it lives for as long as that,
   a call or a cursor holds a reference. */
typedef struct cel_client {
  cel_allocator alloc; /* the state's own */
  size_t references;
  cel_base_url base;
  cel_http http;
  cel_rate_limit limit;
  cel_policy policy;
  double timeout;   /* seconds */
  bool timeout_set; /* by the user: holds for slow operations too */
  bool validate;
  bool has_function; /* the token comes from a function */
  bool secret;       /* the script must not learn the token from an answer */
  bool has_events;   /* on_event is set */
  bool has_codec;    /* json is not our own */
  bool gives_way;    /* CEL_CLIENT_UV_GIVE_WAY is set */
  bool has_bell;     /* CEL_CLIENT_UV_BELL is set */
  bool rung;         /* the event loop knows that there is work */
  bool stirred;      /* a call has become READY or been ended since its event
                        loop looked */
  bool closed;
  bool news;          /* a call has become READY since the flag was lowered */
  size_t max_running; /* exchanges at once */
  size_t unfinished;  /* calls in the lists */
  double waited;      /* seconds, since a debug hook had its turn */
  double next_wake;   /* no queued or waiting call needs a look before */
  cel_call_list lists[CEL_STATE_LISTS];
  unsigned long long seed; /* of the jitter's random numbers */

  /* Strings and lists of this client, all owned. */
  char *agent;          /* the User-Agent's value */
  char *ca_file;        /* or NULL */
  char *proxy;          /* or NULL */
  size_t proxy_size;    /* bytes allocated for it */
  cel_headers *headers; /* with the token; NULL until it is known */
} cel_client;

/* The client at idx, closed or not [-0, +0]; raises if it is none. */
cel_client *cel_client_check(lua_State *L, int idx);

/* The client at idx, or NULL; raises nothing [-0, +0]. */
cel_client *cel_client_at(lua_State *L, int idx);

/* Whether the value at idx is the userdata of c, or was: once both are
   closed, one is as good as the other [-0, +0]. */
bool cel_client_is(lua_State *L, int idx, const cel_client *c);

/* References. No Lua. */
cel_client *cel_client_retain(cel_client *c);
void cel_client_release(cel_client *c);

/* Makes sure that the client at idx has a token, asking the token function
   where there is none, or again where `renew` [-0, +0]. Raises what the
   function raises. */
void cel_client_token(lua_State *L, int idx, bool renew);

/* Pushes the client's table of calls [-0, +1]; raises where the debug library
   has put something else in its place. */
void cel_client_push_calls(lua_State *L, int idx);

/* Ends every call with `closed` and gives all resources back. No Lua. */
void cel_client_close(cel_client *c);

/* Replaces the token of a set of headers by asterisks, in place, in a text
   that leaves the library; NULL has none. A very short one only where it
   stands behind "Bearer". */
void cel_redact(const cel_headers *headers, char *text, size_t len);

/* What a client is made of; strings are borrowed. */
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
  bool validate;
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

/* Raises Lua's own memory error (LUA_ERRMEM). */
_Noreturn void cel_raise_memory(lua_State *L);

/* n bytes from an allocator, after a collection where need be; raises Lua's
   memory error where there are none [-0, +0]. */
void *cel_allocate(lua_State *L, const cel_allocator *alloc, size_t n);

/* A random number in [0, 1), of the client at ud. */
double cel_client_random(void *ud);

/* client:close(), a lua_CFunction. */
int cel_client_l_close(lua_State *L);

/* The class's metamethods, all but __index. */
extern const luaL_Reg cel_client_meta[];

#endif
