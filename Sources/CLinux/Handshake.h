// Between Accept.c and Handshake.c.

// Connections with a higher descriptor are not accepted.
enum { max_checked_descriptors = 1 << 20 };

// From now on what is received from a connection is looked at, until its handshake has passed.
void check_handshake(int descriptor);
