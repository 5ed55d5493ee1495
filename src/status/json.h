// A JSON document, whose members keep their order.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace scidex::status {

// A value; null by default. nlohmann's class allocates memory in its destructor, which ends the
// process if there is none. It is used for scalars only.
class Json {
 public:
  using Member = std::pair<std::string_view, Json>;

  Json() : text_("null") {}
  // NOLINTBEGIN(google-explicit-constructor)
  Json(std::string_view text);
  Json(const std::string& text);
  Json(const char* text) : Json(std::string_view(text)) {}
  template <typename Number>
    requires std::is_arithmetic_v<Number>
  Json(Number number) : text_(TextOf(number)) {}
  // NOLINTEND(google-explicit-constructor)
  // An object.
  Json(std::initializer_list<Member> members);

  static Json Array() { return Json(Kind::kArray); }
  static Json Object() { return Json(Kind::kObject); }
  void Append(Json item) { entries_.emplace_back(std::string(), std::move(item)); }
  void Add(std::string_view key, Json value) { entries_.emplace_back(key, std::move(value)); }

  // With one line for each entry.
  std::string Text() const;

 private:
  enum class Kind { kScalar, kArray, kObject };
  explicit Json(Kind kind) : kind_(kind) {}

  template <typename Number>
  static std::string TextOf(Number number) {
    if constexpr (std::is_same_v<Number, bool>) {
      return number ? "true" : "false";
    } else if constexpr (std::is_integral_v<Number>) {
      return std::to_string(number);
    } else {
      return TextOfDouble(number);
    }
  }
  static std::string TextOfDouble(double number);
  void AppendText(std::string& out, std::size_t indent) const;

  Kind kind_ = Kind::kScalar;
  // Of a scalar.
  std::string text_;
  // The keys of an array's items are empty.
  std::vector<std::pair<std::string, Json>> entries_;
};

}  // namespace scidex::status
