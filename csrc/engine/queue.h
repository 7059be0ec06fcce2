/*
** queue.h - the structs of calls and clients, and the lists that calls stand
** in.
**
** Every call takes the same steps: it is queued, it is sent, it may wait and
** be sent again, it may go on to the next page, and it is done. The pump
** (pump.h) does all of this that needs no Lua. When Lua is needed, for a
** decision, an event or a value, the call becomes READY. Then
** cel_call_advance() (client/) goes on with it: called by whoever waits for
** the call, or by the step if the call was submitted.
**
** No Lua: a C test can make a client and its calls.
*/
#ifndef CEL_QUEUE_H
#define CEL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/heap.h"
#include "common/owner.h"
#include "contract/operations.h"
#include "engine/redact.h"
#include "http/headers.h"
#include "http/http.h"
#include "http/url.h"
#include "retry/rate_limit.h"
#include "retry/retry.h"

/* How often a request is repeated because of a 401: once because its token
   was not the newest, once with a new one. */
#define CEL_TOKEN_REPEATS 2

typedef struct cel_call cel_call;

/* The states of a call that is not done; each has a list in the client. */
typedef enum cel_state {
  CEL_STATE_QUEUED,  /* waits to be sent, first come, first sent */
  CEL_STATE_WAITING, /* until the time of its next attempt */
  CEL_STATE_SENT,    /* an exchange is under way */
  CEL_STATE_READY,   /* cel_call_advance() has to go on with it */
  CEL_STATE_LISTS,   /* how many lists there are */
  CEL_STATE_NEW,     /* not started */
  CEL_STATE_DONE,
  CEL_STATE_SPARE /* over, and kept for the client's next call */
} cel_state;

typedef struct cel_call_list {
  cel_call *head, *tail;
  size_t count;
} cel_call_list;

/* The wake-up state: work that nobody has looked at yet. cel_call_move() keeps
   it, for every call that is queued or ends goes through there. */
typedef struct cel_wakeup {
  bool to_send;        /* a call was queued: cel_client_send() is due */
  unsigned long ended; /* how often a call became READY or was done */
  unsigned long seen;  /* `ended` when the event loop last looked */
  bool sent;           /* the event loop has been told, and will look */
} cel_wakeup;

/* What belongs to a state's userdata, but is not known to its collector. */
typedef struct cel_holdings {
  size_t bytes;
  size_t clients; /* open ones: each has descriptors */
} cel_holdings;

/* What the calls of a client share. References are counted: its userdata has
   one, and so has each call and each cursor. */
typedef struct cel_client {
  cel_owned owned; /* in its state's list, for the reference of its userdata */
  cel_allocator alloc; /* the state's own */
  size_t references;
  cel_holdings *holdings; /* that this client counts in; or NULL */
  size_t charged; /* bytes in `holdings` that stand for libcurl's memory */
  cel_base_url base;
  cel_http http;
  cel_rate_limit limit;
  cel_policy policy;
  double timeout;   /* seconds */
  bool timeout_set; /* the user has set it: slow operations have no default of
                       their own then */
  size_t max_request; /* bytes of a body */
  bool validate;
  bool read_only;      /* sends no writes */
  bool has_function;   /* the token comes from a function */
  bool asking;         /* that function is running */
  bool secret;         /* the script must not learn the token from an answer */
  bool has_events;     /* on_event is set */
  bool has_codec;      /* json is not our own */
  bool has_yield_hook; /* a scheduler lets callers wait without blocking the
                          thread */
  bool has_wakeup;     /* an event loop wants to be told of work */
  bool closed;
  bool forked; /* closed because its connections are the parent's */
  cel_wakeup wakeup;
  size_t max_running; /* exchanges at once */
  size_t unfinished;  /* calls in the lists */
  double waited;      /* seconds, since a debug hook had its turn */
  size_t background;  /* exchanges under way for which nobody waits */
  double left_at;     /* cel_clock() at the end of the newest turn */
  double outside; /* seconds between turns so far: the program's own time */
  cel_call_list lists[CEL_STATE_LISTS];
  cel_call_list prefetched; /* queued, but sent only after all others */
  cel_call_list woken;      /* watched calls that have become ready */
  bool strays;              /* watched calls were freed */
  cel_heap deadlines;       /* of calls that are queued, wait or are sent */
  cel_heap wakes;           /* times when waiting calls are queued again */
  double token_at; /* when the rate limit lets the next call go; HUGE_VAL: it
                      holds no call back */
  double planned_for; /* the end of the pause by which calls were looked at
                         last */
  unsigned long long seed; /* of the random numbers */

  /* Strings and lists of this client, all owned. */
  char *agent;          /* the User-Agent's value */
  char *ca_file;        /* or NULL */
  char *proxy;          /* or NULL */
  size_t proxy_size;    /* bytes allocated for it */
  cel_headers *headers; /* with the token; NULL until it is known */
  cel_mask *proxy_masks[CEL_PROXY_MASKS]; /* or NULL */
} cel_client;

/* What a done call gives as its result. */
typedef enum cel_end {
  CEL_END_NONE,
  CEL_END_VALUE,     /* value, response */
  CEL_END_ERROR,     /* nil, error object */
  CEL_END_RAISE,     /* raises the value: a callback's error */
  CEL_END_PAGE,      /* a page of an iterator: its text is in the transfer */
  CEL_END_CANCELLED, /* nil, error object, made when asked for */
  CEL_END_CLOSED     /* the same */
} cel_end;

struct cel_call {
  cel_owned owned;    /* in its state's list */
  cel_client *client; /* a reference */
  cel_call *prev, *next;
  cel_call *woken_prev, *woken_next;
  cel_heap_node by_deadline, by_wake;
  cel_state state;
  cel_end end;

  /* What to do. */
  const cel_operation *op; /* NULL for the escape hatch */
  char method[8];
  size_t prefix_len; /* of the target before the path: origin, prefix */
  cel_answer answer;
  bool follow;    /* go on to the next page */
  bool page_only; /* end with CEL_END_PAGE */
  bool submitted; /* the step advances it */
  bool prefetch;  /* a page that nobody waits for yet: no deadline runs, it
                     is not counted as unfinished, others are sent first */
  bool writes;    /* anything but GET */
  cel_policy policy;
  double timeout; /* seconds */
  char *target;   /* of the request; owned, on the client's allocator */
  char *body;     /* or NULL; the same */
  size_t body_len;
  struct curl_slist *own;    /* headers of this call only; owned */
  struct curl_slist *merged; /* those and the client's; owned */
  cel_headers *headers;      /* the set in use; a reference */
  cel_headers *earlier[CEL_TOKEN_REPEATS]; /* with tokens that were refused,
                                              newest first; references */

  /* How far it is. */
  cel_transfer transfer;
  double started, deadline; /* cel_clock() */
  double sent_at;           /* of the newest exchange */
  double took;              /* seconds that it took, once it is over */
  double outside;           /* the client's `outside` when it was sent */
  double not_before;        /* of the next attempt */
  cel_attempt attempt;      /* history and newest outcome */
  int exchanges;            /* that were begun */
  int page;                 /* of a list or a walk, from 1; 0: it is neither */
  int before;               /* attempts of the pages before this one */
  long long records;        /* in the records so far */
  int empty;                /* pages without a record, in a row */
  double skipped;           /* records of the list that its first target
                               leaves out */
  double total;         /* totalCount, as the list says; 0: it does not say */
  char *scratch;        /* a string of libcurl's until Lua has a copy */
  int token_repeats;    /* of this page, after a 401 */
  bool collected;       /* garbage was collected for it, to free descriptors */
  bool renewed;         /* the token function was asked for this page */
  bool sent_prefetched; /* nobody waited when the exchange went out */
  bool pinned;          /* its answer is being read: buffers stay */
  bool announce;        /* a request event is due */
  bool background;      /* it counts as one of the client's */
  bool planned; /* the rate limit was asked whether it can go in time */
  bool late;    /* the deadline ended it before it was sent */
  bool watched; /* a coroutine waits until the call is READY or done */
  bool woken;   /* it is, and nobody has told the coroutine yet */
  int refused;  /* times in a row without memory to send it */
};

/* {====== Calls */

/* Fills in a new call from its client, which must be set; all other fields
   must be zero. */
void cel_call_init(cel_call *c);

/* The call's time begins now. Its deadline runs from here, unless it is
   prefetched. */
void cel_call_begin(cel_call *c);

/* Frees all that a done call does not need any more. While its answer is being
   read (`pinned`), the answer stays. */
void cel_call_release(cel_call *c);

/* Replaces secrets by asterisks, in place, in a text that leaves the library:
   every token that the call has sent, the client's token, and what its proxy
   is told. */
void cel_call_redact(const cel_call *c, char *text, size_t len);

/* Whether the exchange of the newest attempt has begun (it may be over). If
   not, `transfer` still holds the attempt before. */
bool cel_call_is_begun(const cel_call *c);

/* Notes whether its exchange is one that is under way and that nobody waits
   for. */
void cel_call_background(cel_call *c, bool on);

/* Moves a call to a state's list, or out of all of them. */
void cel_call_move(cel_call *c, cel_state state);

/* Whether the one who waits for the call has something to do now. */
bool cel_call_is_ready(const cel_call *c);

/* A coroutine waits for the call: when the call is ready, it is put into the
   client's list `woken`. */
void cel_call_watch(cel_call *c);

/* The coroutine does not wait any more. */
void cel_call_unwatch(cel_call *c);

/* Somebody waits for the call from now on: its deadline begins. */
void cel_call_attend(cel_call *c);

/* Ends a call without a value: cancelled or closed. A call that is done stays
   as it is; only a page that was not read yet is given up. */
void cel_call_abandon(cel_call *c, cel_end end);

/* Ends a call and frees it. Nothing may point to it afterwards. */
void cel_call_free(cel_call *c);

/* Frees a call's strings. */
void cel_call_drop_text(cel_call *c, char **text, size_t len);
void cel_call_drop_target(cel_call *c);

/* }====== */

/* {====== Clients */

/* The call to send next, or NULL. Prefetched pages come after all others. */
static inline cel_call *cel_client_next(const cel_client *c) {
  cel_call *k = c->lists[CEL_STATE_QUEUED].head;
  return k != NULL ? k : c->prefetched.head;
}

/* Whether a call became READY or was done since the event loop looked. */
static inline bool cel_client_is_due(const cel_client *c) {
  return c->wakeup.ended != c->wakeup.seen;
}

/* Takes the oldest call out of the list `woken`; NULL if that is empty. */
cel_call *cel_client_take_woken(cel_client *c);

/* The next READY call that the step has to go on with, because nobody waits
   for it: a submitted call, or a prefetched page whose request event is due;
   or NULL. A pinned call is left out: somebody is advancing it, and this is a
   step within one of its callbacks. */
cel_call *cel_client_unattended(const cel_client *c);

/* References. */
cel_client *cel_client_retain(cel_client *c);
void cel_client_release(cel_client *c);

/* Notes how many bytes libcurl takes for the client. They count until it is
   closed. */
void cel_client_charge(cel_client *c, size_t bytes);

/* Ends every call with `closed` and frees all resources. */
void cel_client_close(cel_client *c);

/* A random number in [0, 1), of the client at ud. */
double cel_client_random(void *ud);

/* }====== */

#endif
