// An exposition whose lines are known but for their numbers.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "metrics/text_exposition.h"

namespace scidex::metrics {

// What WriteText() makes of families, cut where the numbers are: so there is one renderer, and a
// scrape copies its text instead of making it anew. Thread safe: it does not change.
class TextTemplate {
 public:
  TextTemplate(const std::vector<prometheus::MetricFamily>& families, TextFormat format);

  // Writes the text with other numbers: one for each line, in the order of the lines.
  class Filling {
   public:
    Filling(const TextTemplate& text, std::string& out) : text_(text), out_(out) {}
    void Add(double number) {
      out_.append(text_.pieces_[next_++]);
      AppendNumber(out_, number);
    }
    // After the last number.
    void End() { out_.append(text_.pieces_[next_]); }

   private:
    const TextTemplate& text_;
    std::string& out_;
    std::size_t next_ = 0;
  };

 private:
  // What is before each number, and after the last.
  std::vector<std::string> pieces_;
};

}  // namespace scidex::metrics
