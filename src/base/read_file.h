// Reads a small file whole: no file that is named by mistake or in malice holds the process up or
// fills its memory.
#pragma once

#include <cstddef>
#include <string>

#include "base/time.h"

namespace scidex::base {

inline constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;

enum class FileKind {
  kRegular,  // never waits for anybody
  kPipe,     // or a pipe, whose end is awaited for `patience`
};
inline constexpr Duration kPipePatience = std::chrono::seconds(5);

// Throws std::runtime_error that says "PATH: why" for a file of another kind, or of more than
// kMaxFileBytes; a LocalFailure where this process has no descriptor left.
std::string ReadFile(const std::string& path, FileKind kind = FileKind::kRegular,
                     Duration patience = kPipePatience);

// Whether its mode lets every user of this machine read the file; false if that is not known.
bool EveryoneMayRead(const std::string& path);

}  // namespace scidex::base
