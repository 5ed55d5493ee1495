#include "postgres/local_error.h"

#include <cerrno>
#include <string>
#include <system_error>

#include "postgres/masking.h"

namespace scidex::postgres {

// These messages are libpq's own; a server's message begins with its severity.
std::optional<base::LocalResource> LocalResourceIn(std::string_view message) {
  if (message.starts_with("out of memory") || message.starts_with("cannot allocate memory"))
    return base::LocalResource::kMemory;
  if (!message.starts_with("could not ")) return std::nullopt;
  for (const int error : {EMFILE, ENFILE, ENOMEM, ENOBUFS}) {
    if (message.find(std::generic_category().message(error)) != std::string_view::npos)
      return base::LocalResourceOf(error);
  }
  return std::nullopt;
}

void ThrowIfLocal(std::string_view message) {
  if (const auto resource = LocalResourceIn(message))
    throw base::LocalFailure(*resource, Masked(message));
}

}  // namespace scidex::postgres
