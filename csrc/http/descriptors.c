/*
** descriptors.c - looks after descriptors that libcurl makes for itself.
*/
#include "http/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAR  64 /* how far the ends of a pair may lie apart */
#define MOST 6  /* more descriptors than a multi handle makes */
#define SPARE                                                                 \
  8 /* what an exchange takes at most: a resolver's, its sockets              \
     */

static bool is_open(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

void cel_descriptors_guard(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    if (is_open(fd))
      continue;
    int got = open("/dev/null", O_RDWR);
    if (got > STDERR_FILENO) /* another thread was faster */
      close(got);
  }
}

bool cel_descriptors_are_short(void) {
  struct rlimit limit;
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC); /* the lowest free one */
  if (fd < 0)
    return errno == EMFILE || errno == ENFILE;
  close(fd);
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
         limit.rlim_cur != RLIM_INFINITY &&
         (rlim_t)fd + SPARE >= limit.rlim_cur;
}

/* Finds the lowest descriptor numbers that are free. */
static int find_free(int *numbers) {
  int n = 0;
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  close(fd);
  for (; n < MOST; fd++)
    if (!is_open(fd))
      numbers[n++] = fd;
  return n;
}

/* Whether a descriptor may be one that a multi handle wakes itself by: a
   socket, a pipe, or one without a type in the file system. */
static bool may_wake(int fd) {
  struct stat s;
  if (fstat(fd, &s) != 0)
    return false;
  return S_ISSOCK(s.st_mode) || S_ISFIFO(s.st_mode) ||
         (s.st_mode & S_IFMT) == 0;
}

/* What is closed in other programs already, such as the sockets of clients in
   other threads, is left alone. */
static void close_on_exec(int fd) {
  int flags = fcntl(fd, F_GETFD);
  if (flags >= 0 && (flags & FD_CLOEXEC) == 0 && may_wake(fd))
    fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

/* Whether two descriptors are the ends of a pair of sockets, the second made
   right after the first, or of a pipe. */
static bool are_pair(const struct stat *first, const struct stat *second) {
  if (first->st_dev != second->st_dev)
    return false;
  if (S_ISSOCK(first->st_mode))
    return S_ISSOCK(second->st_mode) && second->st_ino == first->st_ino + 1;
  return S_ISFIFO(first->st_mode) && S_ISFIFO(second->st_mode) &&
         second->st_ino == first->st_ino;
}

void cel_descriptors_adopt(int fd) {
  struct stat one;
  struct stat other;
  int flags = fcntl(fd, F_GETFD);
  if (flags < 0 || (flags & FD_CLOEXEC) != 0 || fstat(fd, &one) != 0)
    return;
  fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
  for (int i = fd + 1; i <= fd + FAR; i++) {
    flags = fcntl(i, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC) != 0 || fstat(i, &other) != 0 ||
        !are_pair(&one, &other))
      continue;
    fcntl(i, F_SETFD, flags | FD_CLOEXEC);
    return;
  }
}

CURLM *cel_descriptors_make_multi(void) {
  /* One client at a time: in several threads they would take each other's new
     descriptors for their own. */
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  int numbers[MOST];
  pthread_mutex_lock(&lock);
  int n = find_free(numbers);
  CURLM *multi = curl_multi_init();
  for (int i = 0; i < n && multi != NULL; i++)
    close_on_exec(numbers[i]);
  pthread_mutex_unlock(&lock);
  return multi;
}
