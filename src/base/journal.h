// Detects whether a descriptor is connected to systemd's journal, and marks the level of a line for
// it.
// https://www.freedesktop.org/software/systemd/man/systemd.exec.html#%24JOURNAL_STREAM
// https://www.freedesktop.org/software/systemd/man/sd-daemon.html
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"

namespace scidex::base {

// `journal_stream` is the value of JOURNAL_STREAM: "DEVICE:INODE" of the file that the service
// manager has connected. If a shell or a program in between has replaced that file, `fd` is not the
// journal.
bool IsJournal(int fd, std::string_view journal_stream);

// The prefix of a line for the journal, such as "<6>".
std::string_view JournalPrefix(LogLevel level);

}  // namespace scidex::base
