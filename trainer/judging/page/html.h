// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pieces of HTML from values of any origin.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace dfd {

// Text for between tags and for quoted attributes: bytes that are no UTF-8, and control characters
// but line feed and tab, as U+FFFD; & < > " ' as references.
std::string escaped(const std::string& text);

// A name from a file, escaped, which cannot turn the text around it from left to right.
std::string name_html(const std::string& name);

// RFC 4648, with padding.
std::string base64(const std::string& bytes);

// cells are HTML. The first of each row is its heading, the others are numbers. Scrolls sideways by
// itself where there is no room. caption: text.
std::string table_html(const std::string& caption, const std::vector<std::string>& headings,
                       const std::vector<std::vector<std::string>>& rows);

// Any value as text, list or table, lists of objects with their keys as columns. What is nested too
// deep comes as JSON; of long lists the first 200 come, and the rest is counted.
std::string value_html(const nlohmann::ordered_json& value, const std::string& caption);

}  // namespace dfd
