// Reads a small file completely. A file named by mistake or with malicious intent can neither block
// the process nor fill its memory.
#pragma once

#include <cstddef>
#include <string>

#include "base/time.h"

namespace scidex::base {

inline constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;

enum class FileKind {
  kRegular,  // reading never blocks
  kPipe,     // or a pipe: waits for its end for up to `patience`
};
inline constexpr Duration kPipePatience = std::chrono::seconds(5);

// Throws std::runtime_error with "PATH: why" for files of another kind or of more than
// kMaxFileBytes, and LocalFailure if this process has no descriptor left. PATH is ShownPath(path).
std::string ReadFile(const std::string& path, FileKind kind = FileKind::kRegular,
                     Duration patience = kPipePatience);

// Returns whether all users of this machine may read the file, by its mode; false if that is
// unknown.
bool EveryoneMayRead(const std::string& path);

}  // namespace scidex::base
