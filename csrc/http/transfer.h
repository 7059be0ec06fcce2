/*
** transfer.h - the structs that all of http/ works on: an exchange, and what
** exchanges share. See http.h for the functions.
*/
#ifndef CEL_TRANSFER_H
#define CEL_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

#include "common/buf.h"
#include "http/anchors.h"
#include "http/connections.h"
#include "http/encoding.h"
#include "http/url.h"

/* The most bytes of response headers in one exchange: of interim answers, the
   final answer and trailers together. libcurl keeps them all until the
   exchange is over. */
#define CEL_HTTP_MAX_HEAD ((size_t)262144)

/* What every exchange of a client shares. Strings are borrowed and must
   outlive the cel_http. */
typedef struct cel_http_settings {
  const cel_base_url *base;
  const char *ca_file;    /* extra trust anchors, PEM; or NULL */
  const char *proxy;      /* or NULL: the environment's */
  double connect_timeout; /* seconds */
  long max_connections;
  size_t max_response; /* bytes, after decompression */
  bool http1_only;     /* no HTTP/2 */
} cel_http_settings;

/* An easy handle with what it needs; kept and used again. */
typedef struct cel_http_easy cel_http_easy;

typedef struct cel_transfer cel_transfer;

/* How a finished transfer ended. */
typedef enum cel_http_end {
  CEL_HTTP_ANSWERED, /* a whole answer */
  CEL_HTTP_FAILED,   /* `code` says why */
  CEL_HTTP_BIG_BODY, /* more than max_response bytes */
  CEL_HTTP_BIG_HEAD, /* more than CEL_HTTP_MAX_HEAD bytes */
  CEL_HTTP_NO_MEMORY /* the allocator refused, or libcurl had no memory */
} cel_http_end;

typedef struct cel_http_request {
  const char *method;
  const char *target; /* path and query; borrowed until the end */
  const char *body;   /* borrowed until the end; NULL for none */
  size_t body_len;
  struct curl_slist *headers; /* borrowed until the end */
  bool once; /* must never go out twice, so that its fate can be told */
} cel_http_request;

struct cel_transfer {
  struct cel_http *http;
  cel_http_easy *easy; /* NULL while not running */
  cel_transfer *next;  /* in the list of news */
  bool news;           /* in that list */

  bool wants_head;       /* set by the owner: a complete head is news */
  bool wants_time;       /* the same: `arrived` is needed */
  double arrived;        /* cel_clock() when the last piece had arrived, as the
                            system has it; 0: not known */
  cel_buf head;          /* status line and headers of the final answer */
  cel_buf body;          /* decompressed */
  cel_encoding encoding; /* what the body is compressed by */
  size_t head_bytes;     /* of all header lines so far */
  int status;            /* of the final answer so far; 0 before it */
  bool head_done;        /* head is whole */
  int sends;             /* times that the request went out: 0 or 1 */
  int local_port;        /* of the connection that it went out on */
  bool kept;             /* that connection had been used before */
  bool dead;    /* that connection was found dead before anything was sent */
  bool stale;   /* libcurl wanted to send it again */
  bool refused; /* and the reason is that the server refused it unread */
  bool avoid_http2; /* it was `stale` over HTTP/2; stays for later exchanges */
  bool finished;    /* the fields below are set */
  size_t starved;   /* room for the body, in bytes, that the allocator refused;
                       the transfer waits for cel_http_feed() */
  int proxy_status; /* the status by which a proxy refused a tunnel, else 0 */
  cel_http_end end;
  CURLcode code; /* CURLE_SSL_CERTPROBLEM: the server wants a certificate of
                    the client, whether the request went out before or not;
                    CURLE_SSL_CIPHER: it refuses the handshake */
  char message[CURL_ERROR_SIZE]; /* libcurl's words, may be empty */
};

/* Connections, on a multi handle of their own; see http_pools.h. */
typedef struct cel_http_pool {
  struct cel_http *http;
  CURLM *multi;        /* owned; NULL: not made */
  double timer;        /* when libcurl's timer is due; negative: never */
  size_t running;      /* transfers that are started and not finished */
  unsigned long begun; /* transfers started so far */
  long limit;          /* connections that it may have */
  bool http1;          /* all of its requests go by HTTP/1.1 */
} cel_http_pool;

#define CEL_HTTP_POOLS 2

typedef struct cel_http_socket {
  curl_socket_t fd;
  cel_http_pool *pool;
  int what;             /* CURL_POLL_IN, CURL_POLL_OUT or CURL_POLL_INOUT */
  unsigned long serial; /* distinguishes sockets that have the same fd one
                           after the other */
} cel_http_socket;

typedef struct cel_http {
  const cel_allocator *alloc; /* borrowed */
  cel_http_settings settings;
  cel_http_pool pools[CEL_HTTP_POOLS];
  bool started;              /* there was an exchange */
  unsigned generation;       /* cel_http_generation() at the first one */
  bool left;                 /* by cel_http_leave() */
  bool saw_http1, saw_http2; /* versions of answers where HTTP/2 was offered */
  cel_connections connections;
  cel_http_easy *idle; /* owned */
  cel_transfer *news;  /* transfers that have something to say */
  size_t running;      /* transfers in all pools */
  cel_buf head, body; /* memory of a transfer that is over, for the next one */
  cel_buf sockets;    /* cel_http_socket[]: the sockets to wait for */
  unsigned long serial;        /* the newest one's */
  int watch;                   /* one descriptor for all of them; 0: none */
  cel_anchors anchors;         /* whom TLS trusts */
  char *env_proxy;             /* owned; the environment's choice, or NULL */
  unsigned long long received; /* bytes of answers, of all transfers */
  bool blames_ca_file; /* what cel_http_open() found wrong is in ca_file */
  char wrong[200];     /* the text, where it is not a constant */
} cel_http;

#endif
