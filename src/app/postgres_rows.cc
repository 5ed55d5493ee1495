#include "app/postgres_rows.h"

#include <utility>
#include <vector>

#include "postgres/row_stream.h"
#include "postgres/session.h"

namespace scidex::app {
namespace {

using control::Reading;
using postgres::RowStreamResult;

constexpr Oid kBoolean = 16;

Reading::Result ResultOf(const RowStreamResult& stream) {
  switch (stream.status) {
    case RowStreamResult::Status::kWhole:
      return Reading::Result::kWhole;
    case RowStreamResult::Status::kCut:
      return Reading::Result::kCut;
    case RowStreamResult::Status::kNoRows:
      return Reading::Result::kNoRows;
    case RowStreamResult::Status::kRefused:
      return stream.sqlstate == "25006" ? Reading::Result::kWriteRefused
                                        : Reading::Result::kRefused;
    case RowStreamResult::Status::kLost:
      return Reading::Result::kLost;
    case RowStreamResult::Status::kTimeout:
      return Reading::Result::kTimeout;
  }
  return Reading::Result::kLost;
}

}  // namespace

Reading PostgresRows::Read(pool::Connection& connection, const std::string& sql,
                           base::TimePoint deadline, const std::stop_token& stop,
                           control::RowSink& sink) {
  postgres::RowCallbacks callbacks;
  callbacks.on_columns = [&sink](std::span<const postgres::ColumnInfo> infos) {
    std::vector<control::RowSink::Column> columns;
    for (const postgres::ColumnInfo& info : infos) {
      columns.push_back({info.name, info.type == kBoolean, info.type});
    }
    return sink.OnColumns(columns);
  };
  callbacks.on_row = [&sink](auto values) { return sink.OnRow(values); };
  RowStreamResult stream = postgres::StreamRows(dynamic_cast<postgres::Session&>(connection), sql,
                                                deadline, stop, callbacks);
  return {ResultOf(stream), std::move(stream.message), stream.reusable};
}

}  // namespace scidex::app
