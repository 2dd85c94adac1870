#define _GNU_SOURCE
#include "CLinux.h"
#include "Handshake.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

// These take the place of the C library's functions for the whole process, libzmq included, which
// calls them for every connection and offers no other way to refuse one: at the limit on
// descriptors it ends the process (ipc) or tries again without rest (tcp), and to unbind ends the
// connections that there are.
//
// So the last descriptors are not for connections, and those before them only for connections to
// listeners that are preferred. One that would take them is closed at once, which to libzmq looks like
// a peer that has hung up before it was accepted.

static const rlim_t kept_descriptors = 64;
static const int shortage_rest_milliseconds = 10;

// The paths of the listeners whose peers may have some descriptors more than those of others.
enum { max_preferred = 4 };
static char preferred[max_preferred][sizeof((struct sockaddr_un *)NULL)->sun_path];
static int preferred_count = 0;

static rlim_t at_most(rlim_t bound, rlim_t value) { return value < bound ? value : bound; }

int clinux_prefer_connections(const char *path) {
  if (preferred_count == max_preferred || strlen(path) >= sizeof preferred[0]) return -1;
  strcpy(preferred[preferred_count++], path);
  return 0;
}

static int is_preferred(int listener) {
  struct sockaddr_un address = {0};
  socklen_t size = sizeof address;
  if (getsockname(listener, (struct sockaddr *)&address, &size) != 0) return 0;
  if (address.sun_family != AF_UNIX) return 0;
  for (int index = 0; index < preferred_count; index++)
    if (strncmp(address.sun_path, preferred[index], sizeof address.sun_path) == 0) return 1;
  return 0;
}

static int is_beyond_limit(int descriptor, int listener) {
  struct rlimit limit;
  if (descriptor >= max_checked_descriptors) return 1;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlim_t kept = at_most(kept_descriptors, limit.rlim_cur / 4);
  // The kernel gives out the lowest free number: the numbers below are all in use.
  if ((rlim_t)descriptor < limit.rlim_cur - 2 * kept) return 0;
  return (rlim_t)descriptor >= limit.rlim_cur - kept || !is_preferred(listener);
}

int accept4(int listener, struct sockaddr *address, socklen_t *size, int flags) {
  int descriptor = (int)syscall(SYS_accept4, listener, address, size, flags);
  if (descriptor < 0) {
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return -1;
    // The whole system is short, or this process has used what was kept. The connection stays
    // where it is, and libzmq will ask for it again at once.
    poll(NULL, 0, shortage_rest_milliseconds);
  } else if (is_beyond_limit(descriptor, listener)) {
    close(descriptor);
  } else {
    check_handshake(descriptor);
    return descriptor;
  }
  errno = ECONNABORTED;
  return -1;
}

int accept(int listener, struct sockaddr *address, socklen_t *size) {
  return accept4(listener, address, size, 0);
}
