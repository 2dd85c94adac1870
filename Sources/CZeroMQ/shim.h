#include <nss.h>
#include <zmq.h>

// libzmq may be built with PGM, which looks its number up in the protocols' database when the first
// context is made. Left to itself, glibc searches a hundred places for the modules that nsswitch.conf
// names, which are seldom installed: a good part of the time in which a tool starts.
static inline void czmq_find_protocols_in_files_only(void) {
  __nss_configure_lookup("protocols", "files");
}
