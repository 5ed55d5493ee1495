// What is missing on this machine (descriptors, memory, threads), as opposed to a fault of a
// server: it is counted, and is never evidence about a server.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/enum.h"

namespace scidex::base {

enum class LocalResource { kDescriptors, kMemory, kThreads };
template <>
struct EnumNames<LocalResource> {
  static constexpr std::array<std::string_view, 3> kNames{"descriptors", "memory", "threads"};
};

// Thrown where a resource is missing. Counted by its constructor.
class LocalFailure : public std::runtime_error {
 public:
  LocalFailure(LocalResource resource, const std::string& what);

  LocalResource resource() const { return resource_; }

 private:
  LocalResource resource_;
};

// The resource that an errno speaks of; empty for any other error.
std::optional<LocalResource> LocalResourceOf(int error) noexcept;
// The same for what was thrown: LocalFailure, std::bad_alloc, and std::system_error, in which
// EAGAIN is a thread that could not be started.
std::optional<LocalResource> LocalResourceOf(const std::exception& error) noexcept;

// Whether the process could open this many more descriptors at this moment.
bool CanOpenDescriptors(std::size_t count) noexcept;

// Thread safe. The counts are the process's.
void CountLocalFailure(LocalResource resource) noexcept;
EnumArray<LocalResource, std::uint64_t> LocalFailureCounts();

}  // namespace scidex::base
