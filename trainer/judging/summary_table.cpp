// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The summary for people on a terminal.

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "judging/numbers.h"
#include "judging/summary.h"

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kNameWidth = 22;

// Headings and keys of the figures.
constexpr std::pair<const char*, const char*> kColumns[] = {
    {"AUC", "auc"},
    {"EER", "eer"},
    {"AP", "ap"},
    {"accuracy", "accuracy"},
    {"balanced", "balanced_accuracy"},
    {"TPR@1%", "tpr_at_1"},
    {"TPR@5%", "tpr_at_5"},
    {"Brier", "brier"},
    {"log loss", "log_loss"},
    {"ECE", "ece"},
};

std::string printed(double number) { return fixed(number, 3); }

// Names come from files: what a terminal would obey is shown as "?".
std::string plain(const std::string& text) {
  std::string shown;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F, which terminals take as commands too, are C2 80 to C2 9F.
    const bool high =
        byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte < 0x20 || byte == 0x7f || high) {
      shown += '?';
      i += high ? 1 : 0;
    } else {
      shown += text[i];
    }
  }
  return shown;
}

// Filled up to a width in characters, of which UTF-8's later bytes are none.
std::string padded(const std::string& text, std::size_t width) {
  const auto later = std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
  });
  const std::size_t length = text.size() - static_cast<std::size_t>(later);
  return text + std::string(width > length ? width - length : 0, ' ');
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ') + text;
}

std::string heading(const std::string& name) {
  std::string line = padded(name, kNameWidth) + right("real", 7) + right("fake", 7) + " ";
  for (const auto& [title, key] : kColumns) line += right(title, 9);
  return line + "  95 % of AUC\n";
}

std::string row(const std::string& name, const Json& figures) {
  std::string line = padded(plain(name), kNameWidth) + right(figures.at("real").dump(), 7) +
                     right(figures.at("fake").dump(), 7) + " ";
  for (const auto& [title, key] : kColumns) {
    const Json& found = figures.at(key);
    line += right(found.is_null() ? "-" : printed(found.at("value").get<double>()), 9);
  }
  const Json& area = figures.at("auc");
  if (!area.is_null() && !area.at("low").is_null()) {
    line += "  " + printed(area.at("low").get<double>()) + " to " +
            printed(area.at("high").get<double>());
  }
  return line + "\n";
}

std::string name_of(const Json& entry, const char* key) {
  const auto name = entry.at(key).get<std::string>();
  return name.empty() ? "(not said)" : name;
}

std::string part(const Json& summary, const char* title, const char* list, const char* key) {
  const Json& entries = summary.at(list);
  // One part alone is the whole.
  if (entries.size() < 2) return "";
  std::string text = heading(title);
  for (const Json& entry : entries) text += row("  " + name_of(entry, key), entry);
  return text;
}

std::string generators(const Json& summary) {
  if (summary.at("by_generator").empty()) return "";
  std::string text = heading("by generator");
  for (const Json& entry : summary.at("by_generator")) {
    text += row("  " + name_of(entry, "generator"), entry.at("all"));
    const Json& own = entry.at("own_group");
    // The same clips again where its groups are all there are.
    if (own.is_null() || own.at("real") == entry.at("all").at("real")) continue;
    text += row("    in its group", own);
  }
  return text;
}

std::string pairs(const Json& summary) {
  std::string text;
  for (const auto& [key, title] : {std::pair{"by_source", "beside their source"},
                                   std::pair{"within_group", "within a group"}}) {
    const Json& found = summary.at("pairs").at(key);
    if (found.at("right").is_null()) continue;
    text += padded(std::string("pairs ") + title, 28) + " " + found.at("pairs").dump() + ", " +
            printed(found.at("right").at("value").get<double>()) + " ranked right\n";
  }
  return text;
}

std::string unscored(const Json& summary) {
  std::string text;
  for (const Json& entry : summary.at("unscored")) {
    text += "unscored, " + plain(entry.at("reason").get<std::string>()) + ": " +
            entry.at("real").dump() + " real, " + entry.at("fake").dump() + " fake\n";
  }
  return text;
}

std::string no_skill(const Json& summary) {
  const Json& found = summary.at("no_skill");
  if (found.at("majority_accuracy").is_null()) return "";
  return "without any skill: accuracy " + printed(found.at("majority_accuracy").get<double>()) +
         " (always the more frequent class), log loss " +
         printed(found.at("constant_log_loss").get<double>()) + " (always the share of fakes)\n";
}

}  // namespace

std::string summary_table(const Json& summary) {
  try {
    const Json& found = summary.at("summary");
    std::string text = heading("");
    text += row("all clips", found.at("overall"));
    text += generators(found);
    text += part(found, "by group", "by_group", "group");
    text += part(found, "by compression", "by_compression", "compression");
    text += part(found, "by face size", "by_face_size", "face_size");
    text += pairs(found) + unscored(found) + no_skill(found);
    for (const Json& remark : found.at("remarks")) {
      text += "note: " + plain(remark.get<std::string>()) + "\n";
    }
    return text;
  } catch (const Json::exception& error) {
    throw Error(ErrorCode::kInvalidArgument,
                std::string("no summary as summarize() makes it: ") + error.what());
  }
}

}  // namespace dfd
