// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The words of TorchScript's text, with the lines and the blocks that its indentation makes.

#pragma once

#include <string>
#include <vector>

namespace dfd::torchscript {

struct Token {
  enum class Form {
    kWord,    // A name, or a word of the language.
    kNumber,  // As it is written.
    kText,    // What was between the quotes.
    kSign,    // One character, or "->".
    kLineEnd,
    kIndent,  // A block begins: ...
    kDedent,  // ... and ends.
    kEnd,
  };
  Form form = Form::kEnd;
  std::string text;
  int line = 0;
};

// Ends with kEnd. Lines go on inside brackets. Throws Error(kCorruptModel) with file and line.
std::vector<Token> tokens_of(const std::string& text, const std::string& file);

}  // namespace dfd::torchscript
