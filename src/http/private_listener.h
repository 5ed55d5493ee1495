// A listening socket that this process alone can connect to.
#pragma once

#include <string>

#include "base/unique_fd.h"

namespace scidex::http {

// A unix socket whose name is gone before anything can find it. Other users' processes cannot reach
// it, as they could a port of loopback, and no file is left behind. Where there is no /proc it
// keeps its name, in a directory that no other user can enter, until the end. Immutable.
class PrivateListener {
 public:
  // Listens, without blocking in accept(). Throws ServerError where no directory can be written.
  PrivateListener();

  int socket() const { return listener_.get(); }
  // What to connect to. With /proc it leads nowhere in another process.
  const std::string& path() const { return path_; }

 private:
  // The directory of the socket, and the socket in it, until they are removed.
  struct Name {
    Name() = default;
    ~Name();
    Name(const Name&) = delete;
    Name& operator=(const Name&) = delete;

    void Remove();

    // Empty once it is gone.
    std::string directory;
  };

  base::UniqueFd listener_;
  Name name_;
  // The socket's file, which has no name any more.
  base::UniqueFd file_;
  std::string path_;
};

}  // namespace scidex::http
