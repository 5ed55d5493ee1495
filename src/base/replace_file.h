// Replaces a small file as a whole, so that its readers see either the old or the new one.
#pragma once

#include <string>

namespace scidex::base {

// The new file has mode 0644. It is written under a name of its own in the same directory, to the
// disk, and then takes the place of the old one: if others do the same at the same time, one
// of the two files is there. Throws std::runtime_error that says "PATH: why", or a LocalFailure;
// the old file is then as it was, and nothing else is left behind.
void ReplaceFile(const std::string& path, const std::string& text);

}  // namespace scidex::base
