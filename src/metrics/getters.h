// Functions with which rows of the catalog refer to numbers in a snapshot, by pointer to member.
#pragma once

#include <concepts>
#include <functional>
#include <limits>
#include <optional>

#include "base/time.h"
#include "metrics/catalog.h"
#include "routing/pools.h"

namespace scidex::metrics {

// Converts durations and times to seconds, counts and booleans to numbers.
inline double ToNumber(base::Duration value) { return base::Seconds(value); }
inline double ToNumber(base::WallTime value) { return base::UnixSeconds(value); }
template <typename T>
  requires std::integral<T> || std::floating_point<T>
double ToNumber(T value) {
  return static_cast<double>(value);
}

// NaN if unknown.
template <typename T>
double ToNumber(const std::optional<T>& value) {
  return value ? ToNumber(*value) : std::numeric_limits<double>::quiet_NaN();
}

inline const pool::PoolStats& PoolOf(const Snapshot& snapshot, const Labels& labels) {
  return snapshot.Pool(labels.As<routing::PoolRole>(0));
}
inline const control::ProbeStats& ProbeOf(const Snapshot& snapshot, const Labels& labels) {
  return snapshot.control.probes[labels.As<routing::PoolRole>(0)];
}

inline const queries::QueryStats& QueryOf(const Snapshot& snapshot, const Labels& labels) {
  return snapshot.queries[labels[0]];
}

// A member of the pool kRole.
template <routing::PoolRole kRole, auto kMember>
double Of(const Snapshot& snapshot, const Labels&) {
  return ToNumber(std::invoke(kMember, snapshot.Pool(kRole)));
}

// A member of the pool that the first label names.
template <auto kMember>
double OfPool(const Snapshot& snapshot, const Labels& labels) {
  return ToNumber(std::invoke(kMember, PoolOf(snapshot, labels)));
}
// The element of that member at the second label, an E.
template <auto kMember, typename E>
double OfPoolBy(const Snapshot& snapshot, const Labels& labels) {
  return ToNumber(std::invoke(kMember, PoolOf(snapshot, labels))[labels.As<E>(1)]);
}
template <auto kMember>
const pool::Histogram& HistogramOfPool(const Snapshot& snapshot, const Labels& labels) {
  return std::invoke(kMember, PoolOf(snapshot, labels));
}

// A member of the probe of the pool that the first label names.
template <auto kMember>
double OfProbe(const Snapshot& snapshot, const Labels& labels) {
  return ToNumber(std::invoke(kMember, ProbeOf(snapshot, labels)));
}

// A member of the query that the first label names.
template <auto kMember>
double OfQuery(const Snapshot& snapshot, const Labels& labels) {
  return ToNumber(std::invoke(kMember, QueryOf(snapshot, labels)));
}

// A member of the route, or an element of it at the first label.
template <auto kMember>
double OfRoute(const Snapshot& snapshot, const Labels&) {
  return ToNumber(std::invoke(kMember, snapshot.pools.route));
}
template <auto kMember>
double OfRouteBy(const Snapshot& snapshot, const Labels& labels) {
  return ToNumber(std::invoke(kMember, snapshot.pools.route)[labels.As<routing::Route>(0)]);
}
// 1 if the first label is the current value, otherwise 0.
template <auto kMember, typename E>
double IsInForce(const Snapshot& snapshot, const Labels& labels) {
  return ToNumber(std::invoke(kMember, snapshot.pools.route) == labels.As<E>(0));
}

template <auto kMember>
double OfExporter(const Snapshot& snapshot, const Labels&) {
  return ToNumber(std::invoke(kMember, snapshot.exporter));
}
template <auto kMember>
double OfProcess(const Snapshot& snapshot, const Labels&) {
  return ToNumber(std::invoke(kMember, snapshot.process));
}

}  // namespace scidex::metrics
