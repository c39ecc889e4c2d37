// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/torchscript_lexer.h"

#include <cstddef>
#include <utility>

#include "base/check.h"

namespace dfd::torchscript {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

class Lexer {
 public:
  Lexer(const std::string& text, const std::string& file) : text_(text), file_(file) {}

  std::vector<Token> run() {
    while (place_ < text_.size()) read_line();
    while (indents_.size() > 1) dedent();
    add(Token::Form::kEnd, "");
    return std::move(tokens_);
  }

 private:
  char next(std::size_t ahead = 0) const {
    return place_ + ahead < text_.size() ? text_[place_ + ahead] : '\0';
  }

  void add(Token::Form form, std::string text) {
    tokens_.push_back({form, std::move(text), line_});
  }

  void dedent() {
    indents_.pop_back();
    add(Token::Form::kDedent, "");
  }

  // A line with all that goes on inside of its brackets.
  void read_line() {
    std::size_t indent = 0;
    while (next() == ' ') {
      ++indent;
      ++place_;
    }
    if (next() != '\n' && next() != '#' && place_ < text_.size()) {
      set_indent(indent);
      while (place_ < text_.size() && (open_ > 0 || next() != '\n')) read_token();
      add(Token::Form::kLineEnd, "");
    }
    while (place_ < text_.size() && next() != '\n') ++place_;  // A comment.
    ++place_;
    ++line_;
  }

  void set_indent(std::size_t indent) {
    if (indent > indents_.back()) {
      // As deep as real networks' nested branches go, several times.
      constexpr std::size_t kMostBlocks = 64;
      DFD_INTACT(indents_.size() < kMostBlocks, here() << "blocks are nested too deeply");
      indents_.push_back(indent);
      add(Token::Form::kIndent, "");
    }
    while (indent < indents_.back()) dedent();
    DFD_INTACT(indent == indents_.back(), here() << "indentation that fits no block");
  }

  void read_token() {
    const char c = next();
    if (c == '\n') ++line_;
    if (c == ' ' || c == '\n') {
      ++place_;
    } else if (c == '#') {
      while (place_ < text_.size() && next() != '\n') ++place_;
    } else if (is_letter(c)) {
      add(Token::Form::kWord, take_while([](char d) { return is_letter(d) || is_digit(d); }));
    } else if (is_digit(c) || ((c == '-' || c == '.') && is_digit(next(1)))) {
      read_number();
    } else if (c == '"' || c == '\'') {
      read_text(c);
    } else {
      read_sign();
    }
  }

  template <typename Belongs>
  std::string take_while(const Belongs& belongs) {
    const std::size_t start = place_;
    while (place_ < text_.size() && belongs(text_[place_])) ++place_;
    return text_.substr(start, place_ - start);
  }

  void read_number() {
    const std::size_t start = place_;
    if (next() == '-') ++place_;
    while (is_digit(next()) || next() == '.') ++place_;
    if (next() == 'e' || next() == 'E') {
      ++place_;
      if (next() == '-' || next() == '+') ++place_;
      while (is_digit(next())) ++place_;
    }
    add(Token::Form::kNumber, text_.substr(start, place_ - start));
  }

  // Escapes stand for themselves: no operator that is allowed takes a text that has one.
  void read_text(char quote) {
    const std::size_t start = ++place_;
    while (next() != quote) {
      DFD_INTACT(place_ < text_.size() && next() != '\n', here() << "a text without its end");
      place_ += next() == '\\' ? 2 : 1;
    }
    add(Token::Form::kText, text_.substr(start, place_ - start));
    ++place_;
  }

  void read_sign() {
    const char c = next();
    if (c == '-' && next(1) == '>') {
      add(Token::Form::kSign, "->");
      place_ += 2;
      return;
    }
    const std::string signs = "()[]:,.=-";
    DFD_INTACT(signs.find(c) != std::string::npos,
               here() << "character " << static_cast<int>(static_cast<unsigned char>(c))
                      << " is none of TorchScript's");
    if (c == '(' || c == '[') ++open_;
    if (c == ')' || c == ']') --open_;
    DFD_INTACT(open_ >= 0, here() << "a bracket that was never opened");
    add(Token::Form::kSign, std::string(1, c));
    ++place_;
  }

  std::string here() const { return file_ + ":" + std::to_string(line_) + ": "; }

  const std::string& text_;
  const std::string& file_;
  std::size_t place_ = 0;
  int line_ = 1;
  int open_ = 0;  // Brackets.
  std::vector<std::size_t> indents_{0};
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokens_of(const std::string& text, const std::string& file) {
  return Lexer(text, file).run();
}

}  // namespace dfd::torchscript
