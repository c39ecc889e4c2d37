// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/page/html.h"

#include <algorithm>

#include "base/text.h"
#include "judging/numbers.h"

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostRows = 200;  // More, nobody reads.
constexpr int kDeepest = 3;             // Tables within tables, beyond which phones show nothing.

std::string scalar(const Json& value) {
  if (value.is_null()) return "&ndash;";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_string()) return name_html(value.get<std::string>());
  if (value.is_number_float()) {
    std::string text = fixed(value.get<double>(), 4);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return escaped(text);
  }
  return name_html(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string inner(const Json& value, const std::string& caption, int depth);

std::string rest_of(std::size_t count) {
  return count > kMostRows ? "<p>and " + std::to_string(count - kMostRows) + " more</p>" : "";
}

std::string records(const Json& list, const std::string& caption, int depth) {
  std::vector<std::string> keys;
  const std::size_t shown = std::min(list.size(), kMostRows);
  for (std::size_t i = 0; i < shown; ++i) {
    for (const auto& [key, value] : list[i].items()) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  }
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < shown; ++i) {
    rows.emplace_back();
    for (const std::string& key : keys) {
      const auto found = list[i].find(key);
      rows.back().push_back(found == list[i].end() ? "" : inner(*found, key, depth + 1));
    }
  }
  return table_html(caption, keys, rows) + rest_of(list.size());
}

std::string list_html(const Json& list, const std::string& caption, int depth) {
  if (list.empty()) return "none";
  const auto all = [&](auto is) { return std::all_of(list.begin(), list.end(), is); };
  if (all([](const Json& entry) { return entry.is_object(); })) {
    return records(list, caption, depth);
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(list.size(), kMostRows); ++i) {
    text += "<li>" + inner(list[i], caption, depth + 1) + "</li>";
  }
  return "<ul>" + text + "</ul>" + rest_of(list.size());
}

std::string inner(const Json& value, const std::string& caption, int depth) {
  if (!value.is_structured() || depth > kDeepest) return scalar(value);
  if (value.is_array()) return list_html(value, caption, depth);
  if (value.empty()) return "none";
  std::vector<std::vector<std::string>> rows;
  std::size_t count = 0;
  for (const auto& [key, entry] : value.items()) {
    if (++count > kMostRows) continue;
    rows.push_back({name_html(key), inner(entry, key, depth + 1)});
  }
  return table_html(caption, {}, rows) + rest_of(count);
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char character : utf8(text)) {
    switch (character) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default: {
        const auto byte = static_cast<unsigned char>(character);
        const bool control =
            (byte < 0x20 && character != '\n' && character != '\t') || byte == 0x7f;
        safe += control ? std::string("\xef\xbf\xbd") : std::string(1, character);
      }
    }
  }
  return safe;
}

std::string name_html(const std::string& name) { return "<bdi>" + escaped(name) + "</bdi>"; }

std::string base64(const std::string& bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned int three = 0;
    for (std::size_t j = i; j < i + 3; ++j) {
      three = three << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0U);
    }
    for (int shift = 18; shift >= 0; shift -= 6) text += kDigits[three >> shift & 63U];
  }
  const std::size_t missing = (3 - bytes.size() % 3) % 3;
  return text.replace(text.size() - missing, missing, missing, '=');
}

std::string table_html(const std::string& caption, const std::vector<std::string>& headings,
                       const std::vector<std::vector<std::string>>& rows) {
  std::string text = "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"" +
                     escaped(caption) + "\"><table><caption>" + escaped(caption) + "</caption>";
  if (!headings.empty()) {
    text += "<thead><tr>";
    for (const std::string& heading : headings) {
      text += "<th scope=\"col\">" + escaped(heading) + "</th>";
    }
    text += "</tr></thead>";
  }
  text += "<tbody>";
  for (const std::vector<std::string>& row : rows) {
    text += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += i == 0 ? "<th scope=\"row\">" + row[i] + "</th>" : "<td>" + row[i] + "</td>";
    }
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

std::string value_html(const Json& value, const std::string& caption) {
  return inner(value, caption, 0);
}

}  // namespace dfd
