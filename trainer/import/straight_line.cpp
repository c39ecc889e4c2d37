// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/straight_line.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/check.h"
#include "import/operator_calls.h"
#include "import/torchscript_archive.h"
#include "import/torchscript_code.h"

namespace dfd {
namespace torchscript {
namespace {

using traced::Argument;
using Form = Expression::Form;
using Scope = std::map<std::string, Thing>;

constexpr const char* kTrace = "trace the network with torch.jit.trace";

// Does a block do nothing but raise an error?
bool raises(const Block& block) {
  if (block.empty() || block.back().form != Statement::Form::kExpression) return false;
  const Expression& last = block.back().value;
  return last.form == Form::kCall && last.parts[0].text == "RaiseException";
}

// "a.b.c" of names alone that begin with one of the archive's own; empty: it is something else.
std::string dotted(const Expression& expression, const Scope& scope) {
  if (expression.form == Form::kName) {
    const std::string& name = expression.text;
    const bool own = name == "torch" || name == "ops" || name == "__torch__" || name == "CONSTANTS";
    return own && scope.count(name) == 0 ? name : "";
  }
  if (expression.form != Form::kAttribute) return "";
  const std::string front = dotted(expression.parts[0], scope);
  return front.empty() ? "" : front + "." + expression.text;
}

class Line {
 public:
  explicit Line(const std::string& path) : archive_(path), calls_(archive_) {}

  TracedNetwork run() {
    const pickle::Object& network = archive_.network();
    const Thing self{NamedObject{&network, ""}};
    const Function& forward = method(network, "forward");
    DFD_REQUIRE(forward.parameters.size() >= 2, ErrorCode::kUnsupportedModel,
                forward.file << ": forward() takes no input");
    const Thing result = inlined(forward, {self, Thing{Argument::value(0)}}, {});
    here_ = &forward;
    const auto* argument = std::get_if<Argument>(&result.is);
    require(argument != nullptr, forward.line,
            "forward() returns something other than one tensor; return the logits alone");
    at(forward.line, [&] { calls_.graph().set_result(*argument); });
    return {std::move(calls_.graph()), std::move(calls_.weights())};
  }

 private:
  void require(bool condition, int line, const std::string& what) const {
    DFD_REQUIRE(condition, ErrorCode::kUnsupportedModel,
                here_->file << ":" << line << ": " << what);
  }

  // Says where an error comes from.
  template <typename Act>
  auto at(int line, const Act& act) const -> decltype(act()) {
    try {
      return act();
    } catch (const Error& error) {
      if (std::string(error.what()).rfind(archive_.path(), 0) == 0) throw;
      throw Error(error.code(), here_->file + ":" + std::to_string(line) + ": " + error.what());
    }
  }

  const Function& method(const pickle::Object& object, const std::string& name) {
    const Class* const type = archive_.find_class(object.type);
    DFD_INTACT(type != nullptr, archive_.path() << ": class " << object.type << " has no code");
    const auto found = type->methods.find(name);
    DFD_REQUIRE(found != type->methods.end(), ErrorCode::kUnsupportedModel,
                archive_.path() << ": class " << object.type << " has no " << name << "()");
    return found->second;
  }

  // --- Calls.

  // keywords: of the last arguments.
  Thing inlined(const Function& function, const std::vector<Thing>& arguments,
                const std::vector<std::string>& keywords) {
    // Modules inside of modules; real networks have fewer than twenty.
    constexpr int kMostDepth = 64;
    DFD_REQUIRE(depth_ < kMostDepth, ErrorCode::kUnsupportedModel,
                function.file << ":" << function.line << ": " << function.name << "() is called "
                              << kMostDepth << " deep; does it call itself?");
    const Function* const outside = std::exchange(here_, &function);
    ++depth_;
    Scope scope;
    const std::size_t in_order = arguments.size() - keywords.size();
    require(arguments.size() <= function.parameters.size(), function.line, "too many arguments");
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      scope[i < in_order ? function.parameters[i].name : keywords[i - in_order]] = arguments[i];
    }
    for (const Function::Parameter& parameter : function.parameters) {
      if (scope.count(parameter.name) > 0) continue;
      require(parameter.fallback.form != Form::kNone, function.line,
              function.name + "() without its argument \"" + parameter.name + "\"");
      scope[parameter.name] = evaluate(parameter.fallback, scope);
    }
    const std::optional<Thing> result = execute(function.body, scope);
    --depth_;
    here_ = outside;
    return result ? *result : literal({});
  }

  Thing call(const Expression& expression, Scope& scope) {
    std::vector<Thing> arguments;
    const Expression& callee = expression.parts[0];
    if (callee.form == Form::kName && scope.count(callee.text) == 0) {
      return call_word(callee.text, expression, scope);
    }
    for (std::size_t i = 1; i < expression.parts.size(); ++i) {
      arguments.push_back(evaluate(expression.parts[i], scope));
    }
    const std::string name = dotted(callee, scope);
    for (const std::string start : {"torch.", "ops.prim.", "ops.aten."}) {
      if (name.rfind(start, 0) != 0) continue;
      return call_operator(name.substr(start.size()), expression, arguments);
    }
    require(name.rfind("ops.", 0) != 0, expression.line,
            "operator \"" + name + "\" is not one of those that are allowed");
    if (callee.form == Form::kAttribute && name.empty()) {
      const Thing owner = evaluate(callee.parts[0], scope);
      const auto* object = std::get_if<NamedObject>(&owner.is);
      require(object != nullptr, expression.line,
              "method \"" + callee.text + "\" of something other than a module");
      arguments.insert(arguments.begin(), owner);
      return inlined(method(*object->object, callee.text), arguments, expression.keywords);
    }
    const Thing thing = evaluate(callee, scope);
    const auto* named = std::get_if<FunctionName>(&thing.is);
    const Function* const function =
        named == nullptr ? nullptr : archive_.find_function(named->name);
    require(function != nullptr, expression.line,
            "a call of " + (named == nullptr ? "something that is no function" : named->name) +
                ", which the archive has no function of");
    return inlined(*function, arguments, expression.keywords);
  }

  Thing call_operator(const std::string& name, const Expression& expression,
                      const std::vector<Thing>& arguments) {
    require(name != "RaiseException", expression.line, "the network always raises an error");
    return at(expression.line, [&] { return calls_.call(name, arguments, expression.keywords); });
  }

  // What is no operator, but a word of the language.
  Thing call_word(const std::string& word, const Expression& expression, Scope& scope) {
    const std::size_t count = expression.parts.size() - 1;
    const auto argument = [&](std::size_t i) { return evaluate(expression.parts[i + 1], scope); };
    if ((word == "annotate" || word == "unchecked_cast") && count == 2) return argument(1);
    if (word == "uninitialized") return {Unknown{"what was never set"}};
    if (word == "getattr" && count == 2) {
      const Thing name = argument(1);
      const traced::Value* const value = literal_of(name);
      const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
      require(text != nullptr, expression.line, "getattr() without a name");
      return attribute(argument(0), *text, expression.line);
    }
    if ((word == "int" || word == "float") && count == 1) {
      const Thing number = argument(0);
      const traced::Value* const value = literal_of(number);
      const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
      require(text == nullptr, expression.line, word + "() of a text");
      return call_operator(word, expression, {number});
    }
    if (word == "bool" && count == 1) {
      const Thing truth = argument(0);
      const traced::Value* const value = literal_of(truth);
      const bool known = value != nullptr && std::holds_alternative<bool>(*value);
      return known ? truth : Thing{Unknown{"what bool() gives"}};
    }
    require(false, expression.line, "\"" + word + "()\" is not one of what is allowed");
    return {};
  }

  // --- Expressions.

  Thing attribute(const Thing& owner, const std::string& name, int line) {
    const auto* object = std::get_if<NamedObject>(&owner.is);
    require(object != nullptr, line, "attribute \"" + name + "\" of something other than a module");
    require(object->object->attributes != nullptr, line,
            "attribute \"" + name + "\" of a module that has none");
    for (const auto& [key, value] : object->object->attributes->items) {
      const auto* text = std::get_if<std::string>(&key);
      if (text != nullptr && *text == name) return thing_of(value, object->path + name, false, 0);
    }
    require(false, line, object->object->type + " has no attribute \"" + name + "\"");
    return {};
  }

  // nesting: of lists, which may hold themselves.
  Thing thing_of(const pickle::Value& value, const std::string& path, bool constant, int nesting) {
    count_thing();
    if (const auto* truth = std::get_if<bool>(&value)) return literal(*truth);
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return literal(*whole);
    if (const auto* number = std::get_if<double>(&value)) return literal(*number);
    if (const auto* text = std::get_if<std::string>(&value)) return literal(*text);
    if (std::holds_alternative<std::monostate>(value)) return literal({});
    if (const auto* tensor = std::get_if<pickle::TensorRef>(&value)) {
      return {StoredTensor{tensor, constant, path}};
    }
    if (auto* const* object = std::get_if<pickle::Object*>(&value)) {
      return {NamedObject{*object, path + "."}};
    }
    auto* const* tuple = std::get_if<pickle::Tuple*>(&value);
    constexpr int kMostNesting = 3;
    if (tuple == nullptr || nesting >= kMostNesting ||
        (*tuple)->items.size() > traced::kMostItems) {
      return {Unknown{"attribute " + path}};
    }
    std::vector<Thing> items;
    for (const pickle::Value& item : (*tuple)->items) {
      items.push_back(
          thing_of(item, path + "." + std::to_string(items.size()), constant, nesting + 1));
    }
    return list_of(std::move(items));
  }

  // Lists of lists are made anew wherever they are named.
  void count_thing() {
    constexpr int kMostThings = 1 << 20;  // Ten for each statement that there may be.
    DFD_REQUIRE(++things_ <= kMostThings, ErrorCode::kUnsupportedModel,
                archive_.path() << ": its lists have more than " << kMostThings << " items in all");
  }

  Thing name_of(const Expression& expression, const Scope& scope) {
    if (expression.text == "None") return literal({});
    const auto found = scope.find(expression.text);
    require(found != scope.end(), expression.line,
            "\"" + expression.text + "\" is used before it is defined");
    return found->second;
  }

  Thing attribute_of(const Expression& expression, Scope& scope) {
    const std::string name = dotted(expression, scope);
    const std::string constants = "CONSTANTS.c";
    if (name.rfind(constants, 0) == 0) {
      std::size_t place = 0;
      const char* const begin = name.data() + constants.size();
      const char* const end = name.data() + name.size();
      const auto [last, error] = std::from_chars(begin, end, place);
      require(error == std::errc() && last == end, expression.line, name + " is no constant");
      return at(expression.line, [&] {
        return thing_of(archive_.constant(place), "constants." + std::to_string(place), true, 0);
      });
    }
    if (name.rfind("__torch__.", 0) == 0) return {FunctionName{name}};
    require(name.empty(), expression.line, "\"" + name + "\" is not one of what is allowed");
    return attribute(evaluate(expression.parts[0], scope), expression.text, expression.line);
  }

  Thing evaluate(const Expression& expression, Scope& scope) {
    count_thing();
    switch (expression.form) {
      case Form::kLiteral:
        return literal(
            std::visit([](const auto& value) { return traced::Value(value); }, expression.value));
      case Form::kName:
        return name_of(expression, scope);
      case Form::kAttribute:
        return attribute_of(expression, scope);
      case Form::kCall:
        return call(expression, scope);
      case Form::kItem: {
        require(expression.parts.size() == 2, expression.line, "an item with several places");
        const Thing things = evaluate(expression.parts[0], scope);
        const Thing place = evaluate(expression.parts[1], scope);
        return at(expression.line, [&] { return calls_.item(things, place); });
      }
      case Form::kList:
      case Form::kTuple:
        break;
      case Form::kNone:
        return literal({});
    }
    require(expression.parts.size() <= traced::kMostItems, expression.line,
            "a list of " + std::to_string(expression.parts.size()));
    std::vector<Thing> items;
    for (const Expression& part : expression.parts) items.push_back(evaluate(part, scope));
    return list_of(std::move(items));
  }

  // --- Statements.

  // What it returns; none: it goes on.
  std::optional<Thing> execute(const Block& block, Scope& scope) {
    for (const Statement& statement : block) {
      // Methods that call others twice, and these others twice, double the work at each depth.
      // Swin-B, traced, has 6,000.
      constexpr int kMostStatements = 100000;
      require(++statements_ <= kMostStatements, statement.line,
              "more than " + std::to_string(kMostStatements) + " statements");
      if (statement.form == Statement::Form::kReturn) return evaluate(statement.value, scope);
      if (statement.form == Statement::Form::kIf) {
        std::optional<Thing> result = branch(statement, scope);
        if (result) return result;
      } else {
        step(statement, scope);
      }
    }
    return std::nullopt;
  }

  void step(const Statement& statement, Scope& scope) {
    if (statement.form == Statement::Form::kOther) {
      const std::string& word = statement.targets[0];
      const bool loop = word == "for" || word == "while";
      require(false, statement.line,
              (loop ? "a loop (" + word + "); only a straight line can be imported: " + kTrace
                    : word + " is not one of what is allowed"));
    }
    if (statement.form == Statement::Form::kPass) return;
    const Thing value = evaluate(statement.value, scope);
    if (statement.form != Statement::Form::kAssign) return;
    if (statement.targets.size() == 1) {
      scope[statement.targets[0]] = value;
      return;
    }
    // a, b, = x: the last target is the empty one that marks it.
    for (std::size_t i = 0; i + 1 < statement.targets.size(); ++i) {
      scope[statement.targets[i]] = at(statement.line, [&] {
        return calls_.item(value, literal(static_cast<std::int64_t>(i)));
      });
    }
  }

  std::optional<Thing> branch(const Statement& statement, Scope& scope) {
    const Thing condition = evaluate(statement.value, scope);
    const traced::Value* const value = literal_of(condition);
    const auto* truth = value == nullptr ? nullptr : std::get_if<bool>(value);
    if (truth != nullptr) return execute(*truth ? statement.block : statement.otherwise, scope);
    // An assertion: what it guards against, the operators behind it refuse by themselves.
    if (raises(statement.block)) return execute(statement.otherwise, scope);
    if (raises(statement.otherwise)) return execute(statement.block, scope);
    require(false, statement.line,
            "a branch (prim::If) that hangs on the input; only a straight line can be imported: " +
                std::string(kTrace));
    return std::nullopt;
  }

  Archive archive_;
  OperatorCalls calls_;
  const Function* here_ = nullptr;
  int depth_ = 0;
  int statements_ = 0;
  int things_ = 0;
};

}  // namespace
}  // namespace torchscript

TracedNetwork read_traced(const std::string& path) { return torchscript::Line(path).run(); }

}  // namespace dfd
