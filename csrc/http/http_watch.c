/*
** http_watch.c - one descriptor for all that a client waits for.
*/
#include "http/http_watch.h"

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

static uint32_t events_of(int what) {
  return (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
         (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
}

/* epoll forgets a socket by itself when it is closed, and a new socket may
   have its number: so both ways of adding are tried. */
static bool set(int watch, curl_socket_t fd, uint32_t events) {
  struct epoll_event e = {.events = events, .data = {.fd = fd}};
  if (events == 0) {
    epoll_ctl(watch, EPOLL_CTL_DEL, fd, &e);
    return true;
  }
  return epoll_ctl(watch, EPOLL_CTL_MOD, fd, &e) == 0 ||
         (errno == ENOENT && epoll_ctl(watch, EPOLL_CTL_ADD, fd, &e) == 0);
}

void cel_http_watch_socket(cel_http *h, curl_socket_t fd, int what) {
  /* A socket that is to be removed, or is paused, has neither bit. */
  uint32_t events = what == CURL_POLL_REMOVE ? 0 : events_of(what);
  if (h->watch > 0 && !set(h->watch, fd, events))
    cel_http_watch_close(h);
}

void cel_http_watch_open(cel_http *h) {
  const cel_http_socket *s = (const cel_http_socket *)(void *)h->sockets.data;
  size_t n = h->sockets.len / sizeof *s;
  if (h->watch > 0)
    return;
  int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0)
    return;
  h->watch = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  close(fd);
  for (size_t i = 0; i < n && h->watch > 0; i++)
    cel_http_watch_socket(h, s[i].fd, s[i].what);
}

void cel_http_watch_close(cel_http *h) {
  if (h->watch > 0)
    close(h->watch);
  h->watch = 0;
}

#else

void cel_http_watch_socket(cel_http *h, curl_socket_t fd, int what) {
  (void)h;
  (void)fd;
  (void)what;
}

void cel_http_watch_open(cel_http *h) {
  (void)h;
}

void cel_http_watch_close(cel_http *h) {
  (void)h;
}

#endif
