/*
** connections.c - the sockets of a client.
*/
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* POLLRDHUP */
#endif

#include "http/connections.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* The most sockets for one connection: several addresses of a host are tried
   at once, and a pool may keep an old socket until the new one is
   connected. */
#define SOCKETS_EACH 4

/* A preview may take minutes without a byte. So silence does not tell that a
   peer is gone; keep-alive probes do. Seconds. */
#define KEEPALIVE_IDLE     30
#define KEEPALIVE_INTERVAL 10
#define KEEPALIVE_PROBES   3
#define USER_TIMEOUT       60 /* for data that nobody acknowledges */

#ifndef POLLRDHUP
#define POLLRDHUP 0
#endif

typedef struct connection {
  curl_socket_t fd;
  int port; /* local; 0: not asked for yet */
  bool avoided;
} connection;

static connection *entries(const cel_connections *c, size_t *n) {
  *n = c->sockets.len / sizeof(connection);
  return (connection *)(void *)c->sockets.data;
}

bool cel_connections_init(cel_connections *c, const cel_allocator *alloc,
                          long max_connections) {
  size_t most = ((size_t)max_connections + 2) * SOCKETS_EACH;
  cel_buf_init(&c->sockets, alloc, most * sizeof(connection));
  return cel_buf_reserve(&c->sockets, c->sockets.max) == CEL_BUF_OK;
}

void cel_connections_free(cel_connections *c) {
  cel_buf_free(&c->sockets);
}

/* {====== Making and closing */

static void set_number(int fd, int level, int name, int value) {
  setsockopt(fd, level, name, &value, sizeof value);
}

/* Each option is left out where the system does not have it. */
static void set_options(int fd) {
  set_number(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
  set_number(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE);
#elif defined(TCP_KEEPALIVE)
  set_number(fd, IPPROTO_TCP, TCP_KEEPALIVE, KEEPALIVE_IDLE);
#endif
#ifdef TCP_KEEPINTVL
  set_number(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL);
#endif
#ifdef TCP_KEEPCNT
  set_number(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
#endif
#ifdef TCP_USER_TIMEOUT
  set_number(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT * 1000);
#endif
#ifdef SO_NOSIGPIPE
  set_number(fd, SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
}

/* A new socket. Its descriptor must not be a standard one (0 to 2): the host
   may have closed those, and what it writes to its standard error would go to
   the API. */
static int make_socket(int family, int type, int protocol) {
#ifdef SOCK_CLOEXEC
  type |= SOCK_CLOEXEC;
#endif
  int fd = socket(family, type, protocol);
  if (fd >= 0 && fd <= STDERR_FILENO) {
    int higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close(fd);
    fd = higher;
  }
  if (fd >= 0)
    fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
}

static curl_socket_t on_open(void *ud, curlsocktype purpose,
                             struct curl_sockaddr *address) {
  cel_connections *c = ud;
  connection entry = {.port = 0};
  (void)purpose;
  int fd = make_socket(address->family, address->socktype, address->protocol);
  if (fd < 0)
    return CURL_SOCKET_BAD;
  entry.fd = fd;
  if (cel_buf_append(&c->sockets, &entry, sizeof entry) != CEL_BUF_OK) {
    close(fd);
    return CURL_SOCKET_BAD;
  }
  set_options(fd);
  return fd;
}

static int on_close(void *ud, curl_socket_t fd) {
  cel_connections *c = ud;
  size_t n;
  connection *all = entries(c, &n);
  for (size_t i = 0; i < n; i++) {
    if (all[i].fd == fd) {
      all[i] = all[n - 1];
      c->sockets.len -= sizeof *all;
      break;
    }
  }
  return close(fd);
}

void cel_connections_leave(cel_connections *c) {
  size_t n;
  connection *all = entries(c, &n);
  for (size_t i = 0; i < n; i++)
    close(all[i].fd);
  c->sockets.len = 0;
}

CURLcode cel_connections_watch(cel_connections *c, CURL *curl) {
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, c);
  curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, c);
  CURLcode code = curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_open);
  if (code == CURLE_OK)
    code = curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  return code;
}

/* }====== */

/* {====== Looking */

bool cel_connections_has(const cel_connections *c, curl_socket_t fd) {
  size_t n;
  const connection *all = entries(c, &n);
  for (size_t i = 0; i < n; i++)
    if (all[i].fd == fd)
      return true;
  return false;
}

/* The local port of a socket; 0 where it has none yet. */
static int read_port(curl_socket_t fd) {
  struct sockaddr_storage address = {0};
  socklen_t len = sizeof address;
  if (getsockname(fd, (struct sockaddr *)(void *)&address, &len) != 0)
    return 0;
  if (address.ss_family == AF_INET)
    return ntohs(((struct sockaddr_in *)(void *)&address)->sin_port);
  if (address.ss_family == AF_INET6)
    return ntohs(((struct sockaddr_in6 *)(void *)&address)->sin6_port);
  return 0;
}

/* The next socket with this local port, from entry *i on, or NULL. Sockets of
   different address families may have the same port. */
static connection *next_with_port(const cel_connections *c, int port,
                                  size_t *i) {
  size_t n;
  connection *all = entries(c, &n);
  while (*i < n) {
    connection *one = &all[(*i)++];
    if (one->port == 0)
      one->port = read_port(one->fd);
    if (one->port == port)
      return one;
  }
  return NULL;
}

static bool is_ended(curl_socket_t fd, bool idle_is_quiet) {
  struct pollfd p = {.fd = fd, .events = POLLIN | POLLRDHUP};
  const int ended =
      POLLRDHUP | POLLHUP | POLLERR | POLLNVAL | (idle_is_quiet ? POLLIN : 0);
  char byte;
  if (poll(&p, 1, 0) <= 0)
    return false;
  if (p.revents & ended)
    return true;
  /* Systems without POLLRDHUP say only that something can be read. */
  return POLLRDHUP == 0 && (p.revents & POLLIN) != 0 &&
         recv(fd, &byte, 1, MSG_PEEK) == 0;
}

bool cel_connections_is_dead(const cel_connections *c, int local_port,
                             bool idle_is_quiet) {
  size_t i = 0;
  const connection *one;
  while (local_port > 0 && (one = next_with_port(c, local_port, &i)) != NULL)
    if (one->avoided || is_ended(one->fd, idle_is_quiet))
      return true;
  return false;
}

/* The same for one socket. */
static double quiet_for(curl_socket_t fd) {
#if defined(__linux__) && defined(TCP_INFO)
  struct tcp_info info = {0};
  socklen_t len = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0)
    return info.tcpi_last_data_recv / 1e3;
#else
  (void)fd;
#endif
  return 0;
}

double cel_connections_quiet(const cel_connections *c, int local_port) {
  size_t i = 0;
  double least = 0;
  const connection *one;
  for (bool first = true;
       local_port > 0 && (one = next_with_port(c, local_port, &i)) != NULL;
       first = false) {
    double quiet = quiet_for(one->fd);
    if (first || quiet < least)
      least = quiet;
  }
  return least;
}

void cel_connections_avoid(cel_connections *c, int local_port) {
  size_t i = 0;
  connection *one;
  while (local_port > 0 && (one = next_with_port(c, local_port, &i)) != NULL)
    one->avoided = true;
}

/* }====== */
