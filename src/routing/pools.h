// The roles of pools; the values of the label `pool`.
#pragma once

#include "base/enum.h"

namespace scidex::routing {

enum class PoolRole { kPrimary, kRo, kRoFallthrough };

}  // namespace scidex::routing

template <>
struct scidex::base::EnumNames<scidex::routing::PoolRole> {
  static constexpr std::array<std::string_view, 3> kNames{"primary", "ro", "ro_fallthrough"};
};
