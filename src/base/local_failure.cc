#include "base/local_failure.h"

#include <fcntl.h>
#include <sys/eventfd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <new>
#include <system_error>

#include "base/unique_fd.h"

namespace scidex::base {
namespace {

EnumArray<LocalResource, std::atomic<std::uint64_t>>& Counts() {
  static EnumArray<LocalResource, std::atomic<std::uint64_t>> counts;
  return counts;
}

}  // namespace

LocalFailure::LocalFailure(LocalResource resource, const std::string& what)
    : std::runtime_error(what), resource_(resource) {
  CountLocalFailure(resource);
}

std::optional<LocalResource> LocalResourceOf(int error) noexcept {
  switch (error) {
    case EMFILE:
    case ENFILE:
      return LocalResource::kDescriptors;
    case ENOMEM:
    case ENOBUFS:
      return LocalResource::kMemory;
    default:
      return std::nullopt;
  }
}

std::optional<LocalResource> LocalResourceOf(const std::exception& error) noexcept {
  if (const auto* const local = dynamic_cast<const LocalFailure*>(&error)) return local->resource();
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return LocalResource::kMemory;
  const auto* const system = dynamic_cast<const std::system_error*>(&error);
  if (system == nullptr) return std::nullopt;
  if (system->code() == std::errc::resource_unavailable_try_again) return LocalResource::kThreads;
  return LocalResourceOf(system->code().value());
}

bool CanOpenDescriptors(std::size_t count) noexcept {
  std::array<UniqueFd, 16> opened;
  for (std::size_t i = 0; i < std::min(count, opened.size()); ++i) {
    UniqueFd one(i == 0 ? eventfd(0, EFD_CLOEXEC) : fcntl(opened[0].get(), F_DUPFD_CLOEXEC, 0));
    if (!one.valid()) return false;
    opened[i] = std::move(one);
  }
  return true;
}

void CountLocalFailure(LocalResource resource) noexcept {
  Counts()[resource].fetch_add(1, std::memory_order_relaxed);
}

EnumArray<LocalResource, std::uint64_t> LocalFailureCounts() {
  EnumArray<LocalResource, std::uint64_t> counts;
  for (const LocalResource resource : kEnumValues<LocalResource>) {
    counts[resource] = Counts()[resource].load(std::memory_order_relaxed);
  }
  return counts;
}

}  // namespace scidex::base
