// What Linux has and Swift's Glibc module does not show.
#ifndef CLINUX_H
#define CLINUX_H

#include <sys/types.h>

// Blocks the signals and returns a descriptor from which they are read, or -1 with errno.
int clinux_signalfd(const int *signals, int count);

// The next signal, 0 when there is none, or -1 with errno. Never blocks.
int clinux_next_signal(int descriptor);

// The name without SIG ("SEGV"), or NULL.
const char *clinux_signal_name(int signal);

struct clinux_child {
  // NULL-terminated; argv[0] is looked up in PATH.
  char *const *argv;
  char *const *envp;
  // Descriptors that the child gets as its numbers 2, 3 and 4.
  int error;
  int ready;
  int lifeline;
};

// Starts a child in a process group of its own, with standard input from /dev/null, no signal
// blocked or ignored, every descriptor from 5 up closed, and the kernel's promise that it is
// killed when the calling thread ends. Returns its pid, or -1 with the errno of the fork or exec.
pid_t clinux_spawn(const struct clinux_child *child);

struct clinux_exit {
  // 0: nobody has ended.
  pid_t pid;
  // The exit status, when the child ended by itself, otherwise -1.
  int status;
  // The signal that ended it, otherwise 0.
  int signal;
};

// Reaps one child that has ended. Returns 0, or -1 with errno (ECHILD: there are none).
int clinux_reap(struct clinux_exit *result);

// Makes the calling process inherit the children that its children leave behind.
int clinux_become_subreaper(void);

#endif
