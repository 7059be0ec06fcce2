/*
** queue.h - what a call is, what its client is, and in which list it stands.
**
** Every call takes the same way: it is queued, sent, perhaps waits and is
** sent again, perhaps goes on to the next page, and is done. The pump
** (pump.h) moves it as far as that goes without Lua. Whenever a decision, an
** event or a value is due the call becomes READY, and whoever waits for it,
** or the step for a submitted call, runs cel_call_advance() (client/).
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
  size_t count;
} cel_call_list;

/* The wake-up state: work that nobody has looked at yet. cel_call_move() sets
   it, for whatever queues or ends a call goes through there. */
typedef struct cel_wakeup {
  bool to_send;        /* a call was queued: cel_client_send() has to look */
  unsigned long ended; /* how often a call became READY or was done: whoever
                          waits for it has to look */
  unsigned long seen;  /* how far the event loop has looked at that */
  bool sent;           /* the event loop has been told, and will look */
} cel_wakeup;

/* What a state's userdata lead to, and its collector does not see. */
typedef struct cel_holdings {
  size_t bytes;
  size_t clients; /* that are open: each has descriptors */
} cel_holdings;

/* What the calls of a client share. It lives for as long as somebody holds a
   reference: its userdata, a call, a cursor. */
typedef struct cel_client {
  cel_owned owned;     /* by its state, for the reference of its userdata */
  cel_allocator alloc; /* the state's own */
  size_t references;
  cel_holdings *holdings; /* whose count this client is part of; or NULL */
  size_t charged;         /* bytes of it that are libcurl's */
  cel_base_url base;
  cel_http http;
  cel_rate_limit limit;
  cel_policy policy;
  double timeout;     /* seconds */
  bool timeout_set;   /* by the user: holds for slow operations too */
  size_t max_request; /* bytes of a body */
  bool validate;
  bool read_only;      /* sends no writes */
  bool has_function;   /* the token comes from a function */
  bool asking;         /* which is being called */
  bool secret;         /* the script must not learn the token from an answer */
  bool has_events;     /* on_event is set */
  bool has_codec;      /* json is not our own */
  bool has_yield_hook; /* a scheduler lets callers wait without blocking */
  bool has_wakeup;     /* an event loop wants to be told of work */
  bool closed;
  bool forked; /* closed because its connections are the parent's */
  cel_wakeup wakeup;
  size_t max_running; /* exchanges at once */
  size_t unfinished;  /* calls in the lists */
  double waited;      /* seconds, since a debug hook had its turn */
  size_t background;  /* exchanges under way for which nobody waits */
  double left_at;     /* cel_clock() at the end of the newest turn */
  double outside;     /* seconds between turns, which are the program's */
  cel_call_list lists[CEL_STATE_LISTS];
  cel_call_list prefetched; /* queued: sent when no other is */
  cel_call_list woken;      /* watched calls that have become ready */
  bool strays;              /* watched calls have been freed */
  cel_heap deadlines;       /* of calls that are queued, wait or are sent */
  cel_heap wakes;           /* when those that wait are queued again */
  double token_at;          /* when the rate limit lets the next one go;
                               HUGE_VAL: it holds none back */
  double planned_for;       /* the limit's pause that calls were planned by */
  unsigned long long seed;  /* of the jitter's random numbers */

  /* Strings and lists of this client, all owned. */
  char *agent;          /* the User-Agent's value */
  char *ca_file;        /* or NULL */
  char *proxy;          /* or NULL */
  size_t proxy_size;    /* bytes allocated for it */
  cel_headers *headers; /* with the token; NULL until it is known */
  cel_mask *proxy_masks[CEL_PROXY_MASKS]; /* or NULL */
} cel_client;

/* What a done call gives to the one who asks. */
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
  cel_owned owned;    /* by its state */
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
  cel_headers *earlier[CEL_TOKEN_REPEATS]; /* those of tokens that were
                                              refused, newest first; same */

  /* How it goes. */
  cel_transfer transfer;
  double started, deadline; /* cel_clock() */
  double sent_at;           /* of the newest exchange */
  double took;              /* seconds that it took, once it is over */
  double outside;           /* the client's, when it was sent */
  double not_before;        /* of the next attempt */
  cel_attempt attempt;      /* history and newest outcome */
  int exchanges;            /* that were begun */
  int page;                 /* of a list or a walk, from 1; 0: it is neither */
  int before;               /* attempts of the pages before this one */
  long long records;        /* in the records so far */
  int empty;                /* pages without a record, in a row */
  double skipped;           /* records of the list that its first target
                               leaves out */
  double total;             /* records of the whole list, as it tells; or 0 */
  char *scratch;            /* libcurl's; a string on its way into Lua */
  int token_repeats;        /* of this page, after a 401 */
  bool collected;           /* garbage, for descriptors */
  bool renewed;             /* for this page the token function was asked */
  bool sent_prefetched;     /* nobody waited when the exchange went out */
  bool pinned;              /* its answer is being read: buffers stay */
  bool announce;            /* a request event is due */
  bool background;          /* it counts as one of the client's */
  bool planned;             /* queued, and the rate limit lets it go in time */
  bool late;                /* the deadline ended it before it was sent */
  bool watched;             /* a coroutine waits until the call wants it */
  bool woken;               /* it does, and nobody has told the coroutine */
  int refused;              /* times in a row without memory to send it */
};

/* {====== Calls */

/* Fills in what a new call has from its client, which is set; everything else
   is zero. */
void cel_call_init(cel_call *c);

/* Its time begins: the deadline runs, unless it is prefetched. */
void cel_call_begin(cel_call *c);

/* Gives back all that a done call has no use for. A finaliser or a callback
   may end a call whose answer is being read: that stays until it was. */
void cel_call_release(cel_call *c);

/* Replaces every token that the call has sent, the client's, and what its
   proxy is told, by asterisks, in place, in a text that leaves the
   library. */
void cel_call_redact(const cel_call *c, char *text, size_t len);

/* Whether the exchange of its newest attempt has been begun, be it over or
   not; before that the transfer holds the one before. */
bool cel_call_is_begun(const cel_call *c);

/* Its exchange is under way, and nobody waits for it; or no longer. */
void cel_call_background(cel_call *c, bool on);

/* Moves a call to a state's list, or out of all of them. */
void cel_call_move(cel_call *c, cel_state state);

/* Whether whoever waits for the call has something to do. */
bool cel_call_is_ready(const cel_call *c);

/* A coroutine waits for the call: once that is ready it is put among the woken
   ones. */
void cel_call_watch(cel_call *c);

/* Nobody is told of the call any more. */
void cel_call_unwatch(cel_call *c);

/* Somebody waits for the call from now on: its deadline begins. */
void cel_call_attend(cel_call *c);

/* Ends a call without a value: cancelled or closed. It does nothing to one
   that is done, but for a page that nobody reads any more. */
void cel_call_abandon(cel_call *c, cel_end end);

/* Ends a call and frees it: nobody knows it any more. */
void cel_call_free(cel_call *c);

/* Frees a call's strings. */
void cel_call_drop_text(cel_call *c, char **text, size_t len);
void cel_call_drop_target(cel_call *c);

/* }====== */

/* {====== Clients */

/* The call that is to be sent next, or NULL: prefetched pages let the others
   pass. */
static inline cel_call *cel_client_next(const cel_client *c) {
  cel_call *k = c->lists[CEL_STATE_QUEUED].head;
  return k != NULL ? k : c->prefetched.head;
}

/* Whether a call became READY or was done since the event loop looked. */
static inline bool cel_client_is_due(const cel_client *c) {
  return c->wakeup.ended != c->wakeup.seen;
}

/* Takes the call that was woken first off their list; or NULL. */
cel_call *cel_client_take_woken(cel_client *c);

/* The next READY call that the step has something to do for, because nobody
   else does: a submitted call, or a prefetched page to be announced; or
   NULL. One that is pinned is being advanced: a callback steps the client. */
cel_call *cel_client_unattended(const cel_client *c);

/* References. */
cel_client *cel_client_retain(cel_client *c);
void cel_client_release(cel_client *c);

/* Notes that libcurl keeps so many bytes for the client, until it is closed.
 */
void cel_client_charge(cel_client *c, size_t bytes);

/* Ends every call with `closed` and gives all resources back. */
void cel_client_close(cel_client *c);

/* A random number in [0, 1), of the client at ud. */
double cel_client_random(void *ud);

/* }====== */

#endif
