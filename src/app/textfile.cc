#include "app/textfile.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "base/quoted.h"
#include "base/replace_file.h"
#include "base/task_kind.h"
#include "config/config.h"

namespace scidex::app {
namespace {

std::string Folder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

// What to replace would surprise: the target of a link would keep its content, and readers of a
// FIFO would wait forever.
std::string ReplaceRefusal(const std::string& path) {
  std::error_code error;
  switch (std::filesystem::symlink_status(path, error).type()) {
    case std::filesystem::file_type::symlink:
      return "is a symbolic link; name the file that it points to";
    case std::filesystem::file_type::fifo:
    case std::filesystem::file_type::socket:
    case std::filesystem::file_type::block:
    case std::filesystem::file_type::character:
      return "is not a regular file; remove it, or name another file";
    default:
      return "";
  }
}

}  // namespace

std::optional<Textfile::Identity> Textfile::Identity::Of(const std::string& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return std::nullopt;
  return Identity{found.st_dev, found.st_ino, found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
}

void CheckTextfile(const std::string& path, const std::string& source) {
  const auto refuse = [&source](const std::string& why) {
    throw config::ConfigError(source + ": " + why);
  };
  const std::string shown = base::QuotedUnlessSecret(path);
  if (!path.ends_with(".prom"))
    refuse(shown + " does not end in .prom; the textfile collector reads no other file");
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    refuse(shown + " is a directory; name a file in it");
  if (const std::string why = ReplaceRefusal(path); !why.empty()) refuse(shown + ' ' + why);
  const std::string folder = Folder(path);
  const std::string shown_folder = base::QuotedPart(folder, path, "its directory");
  if (std::filesystem::exists(folder, error) && !std::filesystem::is_directory(folder, error))
    refuse(shown_folder + " is not a directory");
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    refuse("cannot create a file in " + shown_folder + ": " +
           std::generic_category().message(errno) +
           "; name a file in the directory of --collector.textfile.directory, writable by this "
           "user");
  }
}

Textfile::Textfile(std::string path, base::Duration interval, Render render,
                   base::Scheduler& scheduler)
    : path_(std::move(path)),
      interval_(interval),
      render_(std::move(render)),
      clock_(scheduler.clock()),
      task_(scheduler, base::TaskKind::kTextfile,
            [this](const std::stop_token&) { return Run(); }) {}

TextfileStats Textfile::Stats() const {
  const base::MutexLock lock(mutex_);
  return stats_;
}

base::TimePoint Textfile::Run() {
  const base::TimePoint next = base::Add(clock_.Now(), interval_);
  const base::WallTime now = clock_.WallNow();
  {
    // Counted before writing, because the file includes its own write.
    const base::MutexLock lock(mutex_);
    ++stats_.writes;
  }
  const std::string failure = Write(now);
  {
    const base::MutexLock lock(mutex_);
    if (failure.empty()) {
      stats_.written = now;
    } else {
      ++stats_.failures;
    }
  }
  LogOutcome(failure);
  return next;
}

std::string Textfile::Write(base::WallTime now) {
  if (const std::string why = ReplaceRefusal(path_); !why.empty())
    return base::QuotedUnlessSecret(path_) + ' ' + why;
  LookForAnotherWriter();
  try {
    base::ReplaceFile(path_, render_(now));
    last_written_ = Identity::Of(path_);
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

void Textfile::LookForAnotherWriter() {
  if (!last_written_ || another_writes_) return;
  const std::optional<Identity> found = Identity::Of(path_);
  another_writes_ = found && *found != *last_written_;
  if (another_writes_) {
    base::LogWarn("another program writes the textfile too; give each exporter its own file",
                  {{"file", path_}});
  }
}

void Textfile::LogOutcome(const std::string& failure) {
  if (std::exchange(last_failure_, failure) == failure) return;
  if (failure.empty()) {
    base::LogInfo("the textfile is written again");
  } else {
    base::LogError("the textfile cannot be written; the previous one stays", {{"error", failure}});
  }
}

}  // namespace scidex::app
