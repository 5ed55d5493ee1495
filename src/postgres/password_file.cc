#include "postgres/password_file.h"

#include <stdexcept>
#include <utility>

#include "base/local_failure.h"
#include "base/quoted.h"
#include "base/read_file.h"

namespace scidex::postgres {

base::Secret ReadPasswordFile(const std::string& path) {
  std::string password;
  try {
    password = base::ReadFile(path);
  } catch (const base::LocalFailure&) {
    throw;
  } catch (const std::runtime_error& error) {
    // The path may be the password itself, given by mistake.
    std::string why = error.what();
    if (const std::string shown = base::ShownPath(path); why.starts_with(shown))
      why.erase(0, shown.size());
    throw std::runtime_error("the password file" + why);
  }
  while (!password.empty() && (password.back() == '\n' || password.back() == '\r'))
    password.pop_back();
  // With an empty password, libpq would look for another one and send that.
  if (password.empty()) throw std::runtime_error("the password file: is empty");
  if (password.find('\0') != std::string::npos)
    throw std::runtime_error("the password file: contains a NUL byte");
  return base::Secret(std::move(password));
}

}  // namespace scidex::postgres
