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

// An eventfd, which never blocks, or -1 with errno.
int clinux_eventfd(void);

// A timer that is not set, which never blocks, or -1 with errno.
int clinux_timerfd(void);

// Has a timer become readable in so many milliseconds, more than none. Returns 0, or -1 with errno.
int clinux_set_timer(int timer, long milliseconds);

// How many milliseconds ago a tcp connection has received something, or -1.
long clinux_received_before(int descriptor);

// A pipe, the read end first, closed for programs started from here. Returns 0, or -1 with errno.
int clinux_pipe(int ends[2]);

struct clinux_child {
  // NULL-terminated; argv[0] is looked up in PATH.
  char *const *argv;
  char *const *envp;
  // In `envp`: here the child enters its pid in its own copy, as decimal digits, with the NUL up to 11
  // bytes.
  char *pid;
  // Descriptors that the child gets as its numbers 2, 3 and 4.
  int error;
  int ready;
  int lifeline;
  // What `clinux_guardian` has opened: the child enters itself there before it becomes the
  // program, so that there is no moment at which it could be missed.
  int guardian;
  // How many descriptors it may have open, if that is fewer than the caller may.
  unsigned long descriptors;
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

// Looks at one child that has ended, which stays a zombie: so its pid and its process group are
// nobody else's until `clinux_release`. Returns 0, also when nobody has ended, or -1 with errno.
int clinux_next_exit(struct clinux_exit *result);

// One child that a signal has stopped, or that goes on again, which `is_stopped` tells; each such
// change is told once, and of several of one child the last. Returns its pid, 0 when there is none,
// or -1 with errno.
pid_t clinux_next_stop(int *is_stopped);

// Reaps a child that has ended.
void clinux_release(pid_t pid);

// Makes the calling process inherit the children that its children leave behind.
int clinux_become_subreaper(void);

// Starts a process that waits until the calling process is gone, however that ended, and then kills
// the process groups that are entered with it: those in `entered` from the start. Returns its pid,
// and in `entries` the descriptor, which never blocks, to which a pid_t is written to enter a group
// and the negative one to strike it out; or -1 with errno. It keeps nothing open of what the caller
// has, nor its command line, which `argv` is.
pid_t clinux_guardian(const pid_t *entered, size_t count, char **argv, int *entries);

// The environment as the process has it, NULL-terminated.
char **clinux_environment(void);

// The children of the calling thread, also those it has inherited. Returns how many there are, up
// to `capacity`.
size_t clinux_children(pid_t *pids, size_t capacity);

// Keeps some descriptors for connections to the unix sockets that are bound to this and other such
// paths, as many as are kept from all connections. Call it before anybody can connect. Returns 0, or
// -1 when the path is too long or there are too many.
int clinux_prefer_connections(const char *path);

// How many columns of a terminal a character takes, -1 when it is none that can be shown.
// LC_CTYPE says which characters are known.
int clinux_width(unsigned scalar);

#endif
