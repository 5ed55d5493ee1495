// Whether a descriptor leads to systemd's journal, and how a line says its level there.
// https://www.freedesktop.org/software/systemd/man/systemd.exec.html#%24JOURNAL_STREAM
// https://www.freedesktop.org/software/systemd/man/sd-daemon.html
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"

namespace scidex::base {

// `journal_stream` is the value of JOURNAL_STREAM: "DEVICE:INODE" of what the service manager has
// connected. Another file in its place, of a shell or a program in between, is not the journal.
bool IsJournal(int fd, std::string_view journal_stream);

// "<6>": in front of a line, for the journal.
std::string_view JournalPrefix(LogLevel level);

}  // namespace scidex::base
