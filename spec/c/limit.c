/*
** limit.c - `limit SECONDS COMMAND…` runs a command in a process group of its
** own and ends the whole group when the time is up, and also when the command
** ends and leaves processes behind, or when limit itself is told to end: by
** SIGTERM, and by SIGKILL where that was not enough. Its exit status is the
** command's, 128 + N where signal N ended that, 124 after the time limit.
*/
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  LATE = 124,     /* exit status after the time limit */
  NO_USE = 125,   /* wrong arguments, or no process to be had */
  NOT_RUN = 127,  /* no such command */
  GRACE = 3,      /* seconds between SIGTERM and SIGKILL */
  TICK = 10000000 /* nanoseconds between two looks */
};

static volatile sig_atomic_t told; /* the signal that told us to end */

static void on_signal(int number) {
  told = number;
}

static time_t now(void) {
  struct timespec t = {0};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec;
}

static void pause_briefly(void) {
  nanosleep(&(struct timespec){.tv_nsec = TICK}, NULL);
}

/* Whether the command has ended. It stays a zombie until end_group has done
   its work, so that its number, which is the group's, belongs to nobody
   else. */
static bool has_ended(pid_t pid) {
  siginfo_t info = {0};
  return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid == pid;
}

/* What the command left behind when it ended by itself gets no time to end
   well. */
static void end_group(pid_t pid) {
  time_t end = now() + GRACE;
  kill(-pid, SIGTERM);
  while (!has_ended(pid) && now() <= end)
    pause_briefly();
  kill(-pid, SIGKILL);
}

static int run(pid_t pid, time_t seconds) {
  time_t end = now() + seconds;
  while (!has_ended(pid) && !told && now() < end)
    pause_briefly();
  bool late = !has_ended(pid);
  end_group(pid);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    continue;
  if (told)
    return 128 + (int)told;
  if (late)
    return LATE;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv) {
  char *rest = NULL;
  long seconds = argc > 2 ? strtol(argv[1], &rest, 10) : 0;
  if (seconds <= 0 || *rest != '\0') {
    fputs("usage: limit SECONDS COMMAND…\n", stderr);
    return NO_USE;
  }
  struct sigaction action = {.sa_handler = on_signal};
  sigemptyset(&action.sa_mask);
  static const int ends[] = {SIGHUP, SIGINT, SIGTERM};
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
    sigaction(ends[i], &action, NULL);
  pid_t pid = fork();
  if (pid < 0) {
    perror("limit");
    return NO_USE;
  }
  setpgid(pid, pid); /* by both, so that nobody is too early */
  if (pid == 0) {
    execvp(argv[2], argv + 2);
    fprintf(stderr, "limit: %s: %s\n", argv[2], strerror(errno));
    _exit(NOT_RUN);
  }
  return run(pid, seconds);
}
