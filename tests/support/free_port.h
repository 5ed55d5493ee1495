// A port for a server that a test starts.
#pragma once

namespace scidex::test {

// A port of the loopback interface on which no process listens, below the kernel's range of client
// ports: a port in that range could be taken while the server is down.
int FreePort();

}  // namespace scidex::test
