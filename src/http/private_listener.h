// A listening socket that this process alone can connect to.
#pragma once

#include <string>

#include "base/unique_fd.h"

namespace scidex::http {

// A unix socket whose name is gone before anything can find it. Other users' processes cannot reach
// it, as they could a port of loopback, and no file is left behind. Immutable.
class PrivateListener {
 public:
  // Listens, without blocking in accept(). Throws ServerError where no directory can be written, or
  // /proc is not mounted.
  PrivateListener();

  int socket() const { return listener_.get(); }
  // What to connect to. Leads nowhere in another process.
  const std::string& path() const { return path_; }

 private:
  base::UniqueFd listener_;
  // The socket's file, which has no name any more.
  base::UniqueFd file_;
  std::string path_;
};

}  // namespace scidex::http
