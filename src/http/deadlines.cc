#include "http/deadlines.h"

#include <sys/socket.h>

#include <utility>

namespace scidex::http {

base::TimePoint Deadlines::Next() {
  waited_for_ = queue_.empty() ? base::kNever : queue_.begin()->first;
  return waited_for_;
}

void Deadlines::Expire() {
  const base::TimePoint now = Now();
  while (!queue_.empty() && queue_.begin()->first <= now) queue_.begin()->second->Expire();
}

void Deadlines::Stop() {
  stopped_ = true;
  for (const auto& [at, deadline] : queue_) deadline->Interrupt();
}

Deadline::Deadline(Deadlines& all, int socket)
    : all_(all), socket_(socket), place_(all.queue_.emplace(base::kNever, this)) {
  if (all_.stopped_) Interrupt();
}

Deadline::~Deadline() { all_.queue_.erase(place_); }

void Deadline::Set(base::TimePoint at, Ends ends) {
  ends_ = ends;
  expired_ = false;
  auto node = all_.queue_.extract(place_);
  node.key() = at;
  place_ = all_.queue_.insert(std::move(node));
  if (at < all_.waited_for_ && all_.on_earlier_) {
    all_.waited_for_ = at;
    all_.on_earlier_();
  }
}

void Deadline::Expire() {
  const Ends ends = ends_;
  Clear();
  expired_ = true;
  shutdown(socket_, ends == Ends::kReading ? SHUT_RD : SHUT_RDWR);
}

void Deadline::Interrupt() {
  interrupted_ = true;
  shutdown(socket_, SHUT_RDWR);
}

}  // namespace scidex::http
