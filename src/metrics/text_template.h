// The text of an exposition with placeholders for its numbers.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "metrics/text_exposition.h"

namespace scidex::metrics {

// Splits the output of WriteText() at the numbers: so there is one renderer, and a scrape copies
// the text instead of creating it. Immutable, hence thread-safe.
class TextTemplate {
 public:
  TextTemplate(const std::vector<prometheus::MetricFamily>& families, TextFormat format);

  // Writes the text with new numbers: one per line, in the order of the lines.
  class Filling {
   public:
    Filling(const TextTemplate& text, std::string& out) : text_(text), out_(out) {}
    void Add(double number) {
      out_.append(text_.pieces_[next_++]);
      AppendNumber(out_, number);
    }
    // To be called after the last number.
    void End() { out_.append(text_.pieces_[next_]); }

   private:
    const TextTemplate& text_;
    std::string& out_;
    std::size_t next_ = 0;
  };

 private:
  // The text before each number, and after the last.
  std::vector<std::string> pieces_;
};

}  // namespace scidex::metrics
