// Sockets of 127.0.0.1.
#pragma once

namespace testselect {

// A listening socket on a free port, which is stored in *port. The caller closes it.
int ListenOnLoopback(int* port);
// A connection to a port; -1 where nobody listens.
int ConnectToLoopback(int port);

}  // namespace testselect
