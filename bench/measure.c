/*
** measure - runs one command and tells what it cost.
**
**   measure COMMAND [ARGUMENT...]
**
** The command's output passes through; after it comes one line of JSON:
** {"status", "cpu", "wall", "rss"}: exit status, seconds of user and system
** time, seconds, and peak resident memory in KiB. It is a small program on
** purpose: Linux counts what a process held before exec into its peak, so a
** large parent would hide a small child.
*/
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t) {
  return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fputs("usage: measure COMMAND [ARGUMENT...]\n", stderr);
    return 2;
  }
  double start = now();
  pid_t child = fork();
  if (child < 0) {
    perror("fork");
    return 1;
  }
  if (child == 0) {
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    _exit(127);
  }
  int status = 0;
  struct rusage used;
  if (wait4(child, &status, 0, &used) != child) {
    perror("wait4");
    return 1;
  }
  int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  printf("{\"status\":%d,\"cpu\":%.6f,\"wall\":%.6f,\"rss\":%ld}\n", code,
         seconds(used.ru_utime) + seconds(used.ru_stime), now() - start,
         used.ru_maxrss);
  return 0;
}
