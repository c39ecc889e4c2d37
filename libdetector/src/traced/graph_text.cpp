// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Graphs to text and back.

#include <charconv>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "model/metadata.h"
#include "traced/graph.h"

namespace dfd::traced {
namespace {

constexpr const char* kFirstLine = "graph 1";

// One of these tells a float from an int: its point, its exponent, inf's and nan's letters.
constexpr const char* kFraction = ".ein";

// --- To text.

std::string print_literal(const Value& literal) {
  if (const auto* truth = std::get_if<bool>(&literal)) return *truth ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&literal)) return std::to_string(*whole);
  if (const auto* text = std::get_if<std::string>(&literal)) return '"' + *text + '"';
  const auto* number = std::get_if<double>(&literal);
  if (number == nullptr) return "none";
  std::string digits = print(*number);
  if (digits.find_first_of(kFraction) == std::string::npos) digits += ".0";
  return digits;
}

std::string print_argument(const Argument& argument, const std::vector<Weight>& weights) {
  switch (argument.form) {
    case Argument::Form::kLiteral:
      return print_literal(argument.literal);
    case Argument::Form::kValue:
      return "v" + std::to_string(argument.place);
    case Argument::Form::kWeight:
      return "$" + weights[argument.place].name;
    case Argument::Form::kList:
      break;
  }
  std::string text = "[";
  for (const Argument& item : argument.items) {
    text += (text.size() > 1 ? ", " : "") + print_argument(item, weights);
  }
  return text + "]";
}

// --- From text.

// Reads one line forwards. Complaints are one for all: where it cannot go on.
class Line {
 public:
  explicit Line(std::string text) : text_(std::move(text)) {}

  bool skip(const std::string& expected) {
    if (text_.compare(place_, expected.size(), expected) != 0) return false;
    place_ += expected.size();
    return true;
  }

  void require(const std::string& expected) {
    DFD_INTACT(skip(expected), "\"" << expected << "\" expected " << here());
  }

  // Up to the first character that no name, number or word has.
  std::string word() {
    const std::size_t end = text_.find_first_of(" ,()[]\"=$", place_);
    std::string found = text_.substr(place_, end - place_);
    DFD_INTACT(!found.empty(), "a name or a number expected " << here());
    place_ += found.size();
    return found;
  }

  std::string quoted() {
    require("\"");
    const std::size_t end = text_.find('"', place_);
    DFD_INTACT(end != std::string::npos, "a text without its end " << here());
    std::string found = text_.substr(place_, end - place_);
    place_ = end + 1;
    return found;
  }

  char next() const { return place_ < text_.size() ? text_[place_] : '\0'; }
  void require_end() const { DFD_INTACT(place_ == text_.size(), "more than expected " << here()); }
  std::string here() const { return "at character " + std::to_string(place_ + 1); }

 private:
  std::string text_;
  std::size_t place_ = 0;
};

// None where the whole word is no such number.
template <typename Number>
std::optional<Number> number_in(const std::string& word) {
  Number number{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool whole = error == std::errc() && end == word.data() + word.size();
  return whole ? std::optional(number) : std::nullopt;
}

using Places = std::map<std::string, std::size_t>;  // Of the weights, by name.

Argument parse_word(Line& line, const std::string& word) {
  if (word == "none") return Argument::of({});
  if (word == "true" || word == "false") return Argument::of(word == "true");
  if (word[0] == 'v') {
    const auto place = number_in<std::size_t>(word.substr(1));
    DFD_INTACT(place, "\"" << word << "\" is no value " << line.here());
    return Argument::value(*place);
  }
  if (const auto whole = number_in<std::int64_t>(word)) return Argument::of(*whole);
  const bool fraction = word.find_first_of(kFraction) != std::string::npos;
  const auto number = fraction ? number_in<double>(word) : std::nullopt;
  DFD_INTACT(number, "\"" << word << "\" is no literal " << line.here());
  return Argument::of(*number);
}

Argument parse_item(Line& line, const Places& weights) {
  if (line.next() == '"') return Argument::of(line.quoted());
  if (!line.skip("$")) return parse_word(line, line.word());
  const std::string name = line.word();
  const auto place = weights.find(name);
  DFD_INTACT(place != weights.end(), "weight \"" << name << "\" is not declared");
  return Argument::weight(place->second);
}

// Up to the closing bracket, which is taken too.
template <typename Parse>
std::vector<Argument> parse_items(Line& line, const std::string& closing, const Parse& parse) {
  std::vector<Argument> items;
  while (!line.skip(closing)) {
    if (!items.empty()) line.require(", ");
    items.push_back(parse());
    DFD_INTACT(items.size() <= kMostItems, "a list of more than " << kMostItems);
  }
  return items;
}

void parse_weight(Line& line, Graph& graph, Places& places) {
  Weight weight;
  weight.name = line.word();
  line.require(" ");
  weight.type = type_named(line.word());
  line.require(" [");
  const auto items = parse_items(line, "]", [&] { return parse_word(line, line.word()); });
  for (const Argument& item : items) {
    const auto* size = std::get_if<std::int64_t>(&item.literal);
    DFD_INTACT(size != nullptr, "a shape of other things than numbers");
    weight.shape.push_back(*size);
  }
  line.require_end();
  DFD_INTACT(places.count(weight.name) == 0, "weight \"" << weight.name << "\" is declared twice");
  const std::string name = weight.name;
  places[name] = graph.add_weight(std::move(weight));
}

void parse_node(Line& line, Graph& graph, const Places& weights) {
  const std::string name = line.word();
  const std::string expected = "v" + std::to_string(graph.nodes().size() + 1);
  DFD_INTACT(name == expected, "\"" << expected << "\" expected, found \"" << name << "\"");
  line.require(" = ");
  const std::string operation = line.word();
  line.require("(");
  std::vector<Argument> arguments = parse_items(line, ")", [&] {
    if (!line.skip("[")) return parse_item(line, weights);
    return Argument::list(parse_items(line, "]", [&] { return parse_item(line, weights); }));
  });
  line.require_end();
  graph.add(operation, std::move(arguments));
}

}  // namespace

std::string Graph::text() const {
  std::string text = std::string(kFirstLine) + "\n";
  for (const Weight& weight : weights_) {
    text += "weight " + weight.name + " " + name_of(weight.type) + " [";
    for (std::size_t i = 0; i < weight.shape.size(); ++i) {
      text += (i > 0 ? ", " : "") + std::to_string(weight.shape[i]);
    }
    text += "]\n";
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    text += "v" + std::to_string(i + 1) + " = " + nodes_[i].operation->name + "(";
    for (std::size_t j = 0; j < nodes_[i].given; ++j) {
      text += (j > 0 ? ", " : "") + print_argument(nodes_[i].arguments[j], weights_);
    }
    text += ")\n";
  }
  return text + "return v" + std::to_string(result_) + "\n";
}

Graph Graph::parse(const std::string& text, const std::string& where) {
  DFD_INTACT(text.size() <= kMostTextBytes, where << ": a graph of " << text.size()
                                                  << " bytes, at most " << kMostTextBytes
                                                  << " are allowed");
  Graph graph;
  Places places;
  std::istringstream lines(text);
  std::string content;
  std::size_t number = 0;
  bool returned = false;
  while (std::getline(lines, content)) {
    ++number;
    try {
      Line line(content);
      DFD_INTACT(!returned, "a line behind the last one");
      if (number == 1) {
        DFD_REQUIRE(content == kFirstLine, ErrorCode::kUnsupportedModel,
                    "\"" << kFirstLine << "\" expected");
      } else if (line.skip("weight ")) {
        parse_weight(line, graph, places);
      } else if (line.skip("return ")) {
        graph.set_result(parse_word(line, line.word()));
        line.require_end();
        returned = true;
      } else {
        parse_node(line, graph, places);
      }
    } catch (const Error& error) {
      throw Error(error.code(),
                  where + ": graph, line " + std::to_string(number) + ": " + error.what());
    }
  }
  DFD_INTACT(returned, where << ": graph, line " << number << ": it ends without a return");
  return graph;
}

}  // namespace dfd::traced
