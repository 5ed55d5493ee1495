// Reads a small file whole.
#pragma once

#include <string>

namespace scidex::base {

enum class FileKind {
  kAny,      // pipes too; waits for their end
  kRegular,  // never waits for anybody
};

// Throws std::runtime_error that says "PATH: why"; a LocalFailure where this process has no
// descriptor left.
std::string ReadFile(const std::string& path, FileKind kind = FileKind::kAny);

}  // namespace scidex::base
