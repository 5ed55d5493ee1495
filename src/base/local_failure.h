// A resource missing on this machine (descriptors, memory, threads), as opposed to a fault of a
// server. Counted, and never evidence about a server.
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

// Thrown if a resource is missing. The constructor counts it.
class LocalFailure : public std::runtime_error {
 public:
  LocalFailure(LocalResource resource, const std::string& what);

  LocalResource resource() const { return resource_; }

 private:
  LocalResource resource_;
};

// The resource that an errno refers to; empty for any other error.
std::optional<LocalResource> LocalResourceOf(int error) noexcept;
// The same for an exception: LocalFailure, std::bad_alloc, or std::system_error, where EAGAIN means
// that a thread could not be started.
std::optional<LocalResource> LocalResourceOf(const std::exception& error) noexcept;

// Returns whether the process could open this many more descriptors (at most 16 are tried) at this
// moment.
bool CanOpenDescriptors(std::size_t count) noexcept;

// Thread-safe. Counted per process.
void CountLocalFailure(LocalResource resource) noexcept;
EnumArray<LocalResource, std::uint64_t> LocalFailureCounts();

}  // namespace scidex::base
