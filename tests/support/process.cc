#include "support/process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "support/eventually.h"

namespace scidex::test {

namespace {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

std::optional<User> FindUser(const std::string& name) {
  if (name.empty()) return std::nullopt;
  const passwd* entry = getpwnam(name.c_str());
  if (entry == nullptr) throw std::runtime_error("there is no user " + name);
  User user{entry->pw_uid, entry->pw_gid, std::vector<gid_t>(64)};
  int count = static_cast<int>(user.groups.size());
  getgrouplist(name.c_str(), user.gid, user.groups.data(), &count);
  user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

base::UniqueFd OpenCapture(const char* name) {
  base::UniqueFd file(memfd_create(name, MFD_CLOEXEC));
  if (!file.valid()) throw std::system_error(errno, std::generic_category(), "memfd_create");
  return file;
}

std::string Contents(int file) {
  struct stat facts {};
  fstat(file, &facts);
  std::string text(static_cast<std::size_t>(facts.st_size), '\0');
  const ssize_t length = pread(file, text.data(), text.size(), 0);
  text.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return text;
}

std::vector<std::string> Environment(const std::map<std::string, std::string>& added) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (text.starts_with("PG") || text.starts_with("SCIDEX_")) continue;
    if (added.contains(std::string(text.substr(0, text.find('='))))) continue;
    result.emplace_back(text);
  }
  for (const auto& [name, value] : added) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

[[noreturn]] void FailInChild(const char* what) {
  const int error = errno;
  for (const char* text : {what, ": ", strerrordesc_np(error), "\n"}) {
    if (write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
  }
  _exit(127);
}

// Runs between fork and exec, so it may only make system calls: another thread may have held any
// lock.
[[noreturn]] void BecomeChild(int output, int errors, const User* user, pid_t parent, char** argv,
                              char** envp) {
  setpgid(0, 0);
  const int null = open("/dev/null", O_RDONLY);
  if (dup2(null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
      dup2(errors, STDERR_FILENO) < 0) {
    _exit(127);
  }
  close_range(3, ~0U, 0);
  if (user != nullptr && (setgroups(user->groups.size(), user->groups.data()) != 0 ||
                          setgid(user->gid) != 0 || setuid(user->uid) != 0)) {
    FailInChild("cannot change user");
  }
  // After the change of user, which clears it.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  for (const int ignored : {SIGPIPE, SIGINT, SIGQUIT, SIGTERM, SIGHUP}) signal(ignored, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvpe(argv[0], argv, envp);
  FailInChild(argv[0]);
}

}  // namespace

Process::Process(const ProcessOptions& options)
    : output_(OpenCapture("stdout")), errors_(OpenCapture("stderr")) {
  std::vector<std::string> command = options.command;
  std::vector<std::string> environment = Environment(options.environment);
  std::vector<char*> argv = Pointers(command);
  std::vector<char*> envp = Pointers(environment);
  const std::optional<User> user = FindUser(options.user);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {
    BecomeChild(output_.get(), errors_.get(), user ? &*user : nullptr, parent, argv.data(),
                envp.data());
  }
}

Process::~Process() { Kill(); }

bool Process::running() { return !Wait(std::chrono::nanoseconds(0)).has_value(); }

void Process::Signal(int signal) {
  if (running()) kill(pid_, signal);
}

std::optional<int> Process::Wait(std::chrono::nanoseconds timeout) {
  Eventually(timeout, [this] {
    int status = 0;
    if (!exit_status_ && waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return exit_status_.has_value();
  });
  return exit_status_;
}

std::optional<int> Process::Terminate(std::chrono::nanoseconds timeout) {
  Signal(SIGTERM);
  return Wait(timeout);
}

void Process::Kill() {
  Signal(SIGKILL);
  Wait(kPatience);
}

std::string Process::Output() const { return Contents(output_.get()); }

std::string Process::Errors() const { return Contents(errors_.get()); }

ProcessResult Run(const ProcessOptions& options, std::chrono::nanoseconds timeout) {
  Process process(options);
  const std::optional<int> status = process.Wait(timeout);
  if (!status)
    throw std::runtime_error(options.command.front() + " takes too long: " + process.Errors());
  return {*status, process.Output(), process.Errors()};
}

std::string UnprivilegedUser() { return geteuid() == 0 ? "postgres" : ""; }

}  // namespace scidex::test
