// A port for a server that a test starts.
#pragma once

namespace scidex::test {

// A port of the loopback interface on which nobody listens, below those that the kernel gives to
// clients: one of these might be taken while the server is down, and it could not come back.
int FreePort();

}  // namespace scidex::test
