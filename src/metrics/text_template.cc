#include "metrics/text_template.h"

#include <string_view>
#include <utility>

namespace scidex::metrics {

TextTemplate::TextTemplate(const std::vector<prometheus::MetricFamily>& families,
                           TextFormat format) {
  std::string text;
  WriteText(families, format, text);
  std::string piece;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    rest.remove_prefix(line.size());
    if (line.starts_with('#')) {
      piece += line;
      continue;
    }
    // No series has a timestamp, so the number follows the last space.
    piece += line.substr(0, line.rfind(' ') + 1);
    pieces_.push_back(std::exchange(piece, "\n"));
  }
  pieces_.push_back(piece);
}

}  // namespace scidex::metrics
