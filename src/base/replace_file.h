// Replaces a small file atomically: readers see either the old or the new content.
#pragma once

#include <string>

namespace scidex::base {

// The new file has mode 0644. It is written to a temporary file in the same directory, synced to
// disk and renamed; after concurrent calls, the file is one of theirs. Throws std::runtime_error
// with "PATH: why", or LocalFailure; the old file is then unchanged and no temporary file remains.
void ReplaceFile(const std::string& path, const std::string& text);

}  // namespace scidex::base
