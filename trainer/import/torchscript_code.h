// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The text that torch.jit.save writes of a network's classes and functions, read into a tree. It
// looks like Python and is a small part of it; nothing of it is executed here.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace dfd::torchscript {

struct Expression;
using Expressions = std::vector<Expression>;

struct Expression {
  enum class Form {
    kNone,
    kLiteral,    // value
    kName,       // text
    kAttribute,  // parts[0].text
    kCall,       // parts[0](parts[1], ...); keywords names the last of them
    kItem,       // parts[0][parts[1], ...]
    kList,       // [parts...]
    kTuple,      // (parts...)
  };
  Form form = Form::kNone;
  std::variant<bool, std::int64_t, double, std::string> value;
  std::string text;
  Expressions parts;
  std::vector<std::string> keywords;
  int line = 0;
};

struct Statement;
using Block = std::vector<Statement>;

struct Statement {
  enum class Form {
    kAssign,      // targets = value; several: an unpacking
    kExpression,  // value
    kReturn,      // value
    kIf,          // value, block, otherwise
    kPass,
    kOther,  // What is no straight line, or of no network: targets[0] is its first word.
  };
  Form form = Form::kPass;
  std::vector<std::string> targets;
  Expression value;
  Block block, otherwise;
  int line = 0;
};

struct Function {
  struct Parameter {
    std::string name;
    Expression fallback;  // kNone: it has none.
  };
  std::string name;
  std::vector<Parameter> parameters;
  Block body;
  std::string file;  // For complaints.
  int line = 0;
};

struct Class {
  std::string name;
  std::map<std::string, Function> methods;
};

struct Source {
  std::map<std::string, Class> classes;
  std::map<std::string, Function> functions;
};

// file: for complaints, which name the line. Throws Error(kCorruptModel).
Source parse_source(const std::string& text, const std::string& file);

}  // namespace dfd::torchscript
