// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/torchscript_code.h"

#include <charconv>
#include <cstddef>
#include <limits>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "import/torchscript_lexer.h"

namespace dfd::torchscript {
namespace {

using Form = Token::Form;

class Parser {
 public:
  Parser(std::vector<Token> tokens, const std::string& file)
      : tokens_(std::move(tokens)), file_(file) {}

  Source run() {
    Source source;
    while (next().form != Form::kEnd) {
      if (skip_word("class")) {
        Class found = parse_class();
        const std::string name = found.name;
        require(source.classes.emplace(name, std::move(found)).second, "a class defined twice");
      } else if (skip_word("def")) {
        Function found = parse_function();
        const std::string name = found.name;
        require(source.functions.emplace(name, std::move(found)).second,
                "a function defined twice");
      } else {
        skip_line();  // Such as op_version_set of old archives.
      }
    }
    return source;
  }

 private:
  // --- Tokens.

  const Token& next() const { return tokens_[place_]; }

  Token take() {
    Token token = next();
    if (token.form != Form::kEnd) ++place_;
    return token;
  }

  bool is(Form form, const std::string& text) const {
    return next().form == form && next().text == text;
  }
  bool skip_sign(const std::string& sign) {
    if (!is(Form::kSign, sign)) return false;
    ++place_;
    return true;
  }
  bool skip_word(const std::string& word) {
    if (!is(Form::kWord, word)) return false;
    ++place_;
    return true;
  }

  void require(bool condition, const std::string& what) const {
    DFD_INTACT(condition, file_ << ":" << next().line << ": " << what);
  }
  void require_sign(const std::string& sign) {
    require(skip_sign(sign), "\"" + sign + "\" expected, found \"" + next().text + "\"");
  }
  void require_form(Form form, const std::string& what) {
    require(next().form == form, what + " expected, found \"" + next().text + "\"");
    take();
  }
  std::string require_name() {
    require(next().form == Form::kWord, "a name expected, found \"" + next().text + "\"");
    return take().text;
  }

  // The rest of the line, and the block behind it, if it begins one.
  void skip_line() {
    while (next().form != Form::kLineEnd && next().form != Form::kEnd) take();
    take();
    if (next().form != Form::kIndent) return;
    int depth = 0;
    do {
      depth += static_cast<int>(next().form == Form::kIndent);
      depth -= static_cast<int>(next().form == Form::kDedent);
      take();
    } while (depth > 0 && next().form != Form::kEnd);
  }

  // --- Classes and functions.

  Class parse_class() {
    Class found;
    found.name = require_name();
    while (!is(Form::kSign, ":") && next().form != Form::kLineEnd) take();  // (Module)
    require_sign(":");
    require_form(Form::kLineEnd, "a line's end");
    require_form(Form::kIndent, "a class's body");
    while (next().form != Form::kDedent && next().form != Form::kEnd) {
      if (!skip_word("def")) {
        skip_line();  // What types the attributes have.
        continue;
      }
      Function method = parse_function();
      const std::string name = method.name;
      require(found.methods.emplace(name, std::move(method)).second, "a method defined twice");
    }
    take();
    return found;
  }

  Function parse_function() {
    Function found;
    found.file = file_;
    found.line = next().line;
    found.name = require_name();
    require_sign("(");
    while (!skip_sign(")")) {
      if (!found.parameters.empty()) require_sign(",");
      if (skip_sign(")")) break;
      Function::Parameter parameter;
      parameter.name = require_name();
      if (skip_sign(":")) parse_expression();
      if (skip_sign("=")) parameter.fallback = parse_expression();
      found.parameters.push_back(std::move(parameter));
    }
    if (skip_sign("->")) parse_expression();
    found.body = parse_block();
    return found;
  }

  // --- Statements.

  Block parse_block() {
    require_sign(":");
    require_form(Form::kLineEnd, "a line's end");
    require_form(Form::kIndent, "a block");
    Block block;
    while (next().form != Form::kDedent && next().form != Form::kEnd) {
      block.push_back(parse_statement());
    }
    take();
    return block;
  }

  Statement parse_statement() {
    Statement statement;
    statement.line = next().line;
    if (skip_word("if")) {
      statement.form = Statement::Form::kIf;
      statement.value = parse_expression();
      statement.block = parse_block();
      if (skip_word("else")) statement.otherwise = parse_block();
      return statement;
    }
    for (const char* word : {"for", "while", "with", "import", "assert", "raise", "del", "class",
                             "def", "elif", "else", "try"}) {
      if (!is(Form::kWord, word)) continue;
      statement.form = Statement::Form::kOther;
      statement.targets = {word};
      skip_line();
      return statement;
    }
    if (skip_word("pass")) {
      statement.form = Statement::Form::kPass;
    } else if (skip_word("return")) {
      statement.form = Statement::Form::kReturn;
      statement.value = parse_values();
    } else {
      parse_assignment(statement);
    }
    require_form(Form::kLineEnd, "a line's end");
    return statement;
  }

  // x, or x, y, which is a tuple without brackets.
  Expression parse_values() {
    Expression first = parse_expression();
    if (!is(Form::kSign, ",")) return first;
    Expression tuple = made(Expression::Form::kTuple);
    tuple.parts.push_back(std::move(first));
    while (skip_sign(",")) {
      if (next().form != Form::kLineEnd) tuple.parts.push_back(parse_expression());
    }
    return tuple;
  }

  // a = x; a : type = x; a, b, = x; x alone.
  void parse_assignment(Statement& statement) {
    Expressions targets{parse_expression()};
    if (skip_sign(":")) parse_expression();
    const bool several = is(Form::kSign, ",");
    while (skip_sign(",")) {
      if (!is(Form::kSign, "=")) targets.push_back(parse_expression());
    }
    if (!skip_sign("=")) {
      require(!several, "\"=\" expected");
      statement.form = Statement::Form::kExpression;
      statement.value = std::move(targets[0]);
      return;
    }
    statement.form = Statement::Form::kAssign;
    for (const Expression& target : targets) {
      if (target.form != Expression::Form::kName) {
        // What sets an attribute is named by whoever reads on.
        statement.form = Statement::Form::kOther;
        statement.targets = {"an assignment to an attribute"};
      }
    }
    if (statement.form == Statement::Form::kAssign) {
      for (const Expression& target : targets) statement.targets.push_back(target.text);
      if (several) statement.targets.emplace_back();  // Marks an unpacking, even of one.
    }
    statement.value = parse_values();
  }

  // --- Expressions.

  Expression made(Expression::Form form) const {
    Expression expression;
    expression.form = form;
    expression.line = next().line;
    return expression;
  }

  Expression parse_expression() {
    const int outside = depth_;
    deepen();
    Expression expression = parse_first();
    while (true) {
      if (skip_sign(".")) {
        expression = wrap(Expression::Form::kAttribute, std::move(expression));
        expression.text = require_name();
      } else if (skip_sign("(")) {
        expression = wrap(Expression::Form::kCall, std::move(expression));
        parse_arguments(expression);
      } else if (skip_sign("[")) {
        expression = wrap(Expression::Form::kItem, std::move(expression));
        parse_items(expression, "]");
      } else {
        break;
      }
    }
    depth_ = outside;
    return expression;
  }

  void deepen() {
    // Calls inside of calls, names behind names; real networks have fewer than twenty.
    constexpr int kMostDepth = 100;
    require(++depth_ <= kMostDepth, "an expression nested too deeply");
  }

  Expression wrap(Expression::Form form, Expression inner) {
    deepen();
    Expression outer = made(form);
    outer.parts.push_back(std::move(inner));
    return outer;
  }

  Expression parse_first() {
    Expression expression = made(Expression::Form::kLiteral);
    switch (next().form) {
      case Form::kNumber:
        parse_number(expression);
        return expression;
      case Form::kText:
        expression.value = take().text;
        return expression;
      case Form::kWord:
        return parse_word();
      default:
        break;
    }
    if (skip_sign("[")) {
      expression.form = Expression::Form::kList;
      parse_items(expression, "]");
    } else if (skip_sign("-")) {
      require(skip_word("inf"), "a number expected behind \"-\"");
      expression.value = -std::numeric_limits<double>::infinity();
    } else {
      require_sign("(");
      expression.form = Expression::Form::kTuple;
      const bool several = parse_items(expression, ")");
      // Brackets around one thing are no tuple.
      if (expression.parts.size() == 1 && !several) {
        Expression inner = std::move(expression.parts[0]);
        return inner;
      }
    }
    return expression;
  }

  Expression parse_word() {
    Expression expression = made(Expression::Form::kLiteral);
    const std::string word = take().text;
    if (word == "True" || word == "False") {
      expression.value = word == "True";
    } else if (word == "inf") {
      expression.value = std::numeric_limits<double>::infinity();
    } else if (word == "nan") {
      expression.value = std::numeric_limits<double>::quiet_NaN();
    } else {
      expression.form = Expression::Form::kName;
      expression.text = word;
    }
    return expression;
  }

  void parse_number(Expression& expression) {
    const std::string text = take().text;
    const char* const end = text.data() + text.size();
    if (text.find_first_of(".eE") == std::string::npos) {
      std::int64_t whole = 0;
      const auto [last, error] = std::from_chars(text.data(), end, whole);
      require(error == std::errc() && last == end, "\"" + text + "\" is no number of 64 bits");
      expression.value = whole;
    } else {
      double number = 0;
      const auto [last, error] = std::from_chars(text.data(), end, number);
      require(error == std::errc() && last == end, "\"" + text + "\" is no number");
      expression.value = number;
    }
  }

  // True: there was a comma.
  bool parse_items(Expression& expression, const std::string& closing) {
    bool comma = false;
    while (!skip_sign(closing)) {
      expression.parts.push_back(parse_expression());
      if (skip_sign(closing)) return comma;
      require_sign(",");
      comma = true;
    }
    return comma;
  }

  void parse_arguments(Expression& call) {
    while (!skip_sign(")")) {
      Expression argument = parse_expression();
      if (argument.form == Expression::Form::kName && skip_sign("=")) {
        call.keywords.push_back(argument.text);
        argument = parse_expression();
      } else {
        require(call.keywords.empty(), "an argument without a name behind one with a name");
      }
      call.parts.push_back(std::move(argument));
      if (!skip_sign(",")) require(is(Form::kSign, ")"), "\",\" or \")\" expected");
    }
  }

  std::vector<Token> tokens_;
  const std::string& file_;
  std::size_t place_ = 0;
  int depth_ = 0;
};

}  // namespace

Source parse_source(const std::string& text, const std::string& file) {
  return Parser(tokens_of(text, file), file).run();
}

}  // namespace dfd::torchscript
