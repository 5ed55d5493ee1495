// Exhausted memory. Programs that link scidex_no_memory have its operator new and operator delete.
#pragma once

namespace scidex::test {

// Allocations of this thread fail while it exists, except the first `spare` ones: the first attempt
// of each. After a std::new_handler has returned, the next attempt uses what it has released.
class NoMemory {
 public:
  explicit NoMemory(int spare = 0);
  ~NoMemory();
  NoMemory(const NoMemory&) = delete;
  NoMemory& operator=(const NoMemory&) = delete;
};

// The same for all other threads, until a number of attempts has failed. One at a time.
class NoMemoryForOthers {
 public:
  explicit NoMemoryForOthers(int failures);
  ~NoMemoryForOthers();
  NoMemoryForOthers(const NoMemoryForOthers&) = delete;
  NoMemoryForOthers& operator=(const NoMemoryForOthers&) = delete;

  bool AllHaveFailed() const;
};

}  // namespace scidex::test
