#include "postgres/transaction_watch.h"

#include <algorithm>
#include <array>
#include <utility>

namespace scidex::postgres {

using Shown = TransactionWatch::Shown;

namespace {

// Commands that call functions, at once or when the transaction is committed, and EXPLAIN ANALYZE.
// https://github.com/postgres/postgres/blob/master/src/include/tcop/cmdtaglist.h
bool MayWriteUnseen(std::string_view tag) {
  constexpr std::array<std::string_view, 9> kReads{"SELECT",  "FETCH", "MOVE", "COPY",   "EXPLAIN",
                                                   "EXECUTE", "DO",    "CALL", "DECLARE"};
  return std::find(kReads.begin(), kReads.end(), tag.substr(0, tag.find(' '))) != kReads.end();
}

}  // namespace

Shown TransactionWatch::OnIdle() {
  const bool left = std::exchange(sealed_, false);
  const bool wrote = may_have_committed_set_ && doubtful();
  block_ = Block::kNone;
  may_write_ = unseen_ = has_savepoint_ = may_have_committed_set_ = has_tag_ = false;
  if (left) return Shown::kEndedTheTransaction;
  return wrote ? Shown::kCouldHaveWritten : Shown::kNothing;
}

void TransactionWatch::OnBegun(bool sealed) {
  block_ = Block::kOpen;
  sealed_ = sealed;
  may_write_ = unseen_ = has_savepoint_ = may_have_committed_set_ = has_tag_ = false;
}

Shown TransactionWatch::OnTag(std::string_view tag) {
  const bool is_first = !std::exchange(has_tag_, true);
  if (tag == "BEGIN" || tag == "START TRANSACTION") return OnBegin();
  if (tag == "SET" || tag == "RESET") return OnSet();
  if (tag == "COMMIT") return OnCommit(is_first);
  if (tag == "ROLLBACK") return OnRollback();
  if (tag == "SAVEPOINT") has_savepoint_ = true;
  if ((tag == "DO" || tag == "CALL") && block_ != Block::kOpen) return Shown::kProgramOfItsOwn;
  if (may_write_ && MayWriteUnseen(tag)) unseen_ = true;
  return Shown::kNothing;
}

Shown TransactionWatch::OnBegin() {
  // Within another transaction, it does not begin one.
  if (std::exchange(begin_expected_, false) && block_ == Block::kNone) {
    OnBegun(false);
    return Shown::kNothing;
  }
  // If this was a BEGIN READ WRITE, the server refused it; otherwise it had no effect.
  if (sealed_ && block_ == Block::kOpen) return Shown::kNothing;
  block_ = Block::kOpen;
  may_write_ = true;
  return std::exchange(sealed_, false) ? Shown::kEndedTheTransaction : Shown::kNothing;
}

Shown TransactionWatch::OnSet() {
  if (block_ != Block::kNone && !sealed_) may_write_ = true;
  return Shown::kNothing;
}

Shown TransactionWatch::OnCommit(bool is_first) {
  // Outside a transaction, it commits what may have preceded it in the same message.
  if (block_ == Block::kNone && !is_first) may_write_ = true;
  may_have_committed_set_ = may_have_committed_set_ || may_write_;
  block_ = Block::kUnknown;
  has_savepoint_ = false;
  const bool wrote = std::exchange(unseen_, false) && may_write_;
  if (std::exchange(sealed_, false)) {
    may_write_ = true;
    return Shown::kEndedTheTransaction;
  }
  return wrote ? Shown::kCouldHaveWritten : Shown::kNothing;
}

Shown TransactionWatch::OnRollback() {
  block_ = Block::kUnknown;
  if (has_savepoint_) return Shown::kNothing;
  unseen_ = false;
  if (!std::exchange(sealed_, false)) return Shown::kNothing;
  may_write_ = true;
  return Shown::kEndedTheTransaction;
}

}  // namespace scidex::postgres
