// Any SQL gets findings of one line, without a crash.

#include <string_view>

#include "config/sql.h"
#include "fuzz/property.h"

using scidex::config::CheckSql;
using scidex::config::SqlFinding;
using scidex::fuzz::Expect;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view sql(reinterpret_cast<const char*>(data), size);
  const SqlFinding finding = CheckSql({sql}).at(0);
  Expect(finding.message.empty() == (finding.kind == SqlFinding::Kind::kQuery),
         "all but a query is explained");
  Expect(finding.message.find_first_of(std::string_view("\n\r\0", 3)) == std::string_view::npos,
         "an explanation is one line");
  Expect(!finding.offset || *finding.offset <= size, "a place is in the statement");
  return 0;
}
