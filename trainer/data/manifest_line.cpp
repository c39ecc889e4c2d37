// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/manifest_line.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/text.h"
#include "data/json_name.h"
#include "detector/report.h"

namespace dfd {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestLine = std::size_t{1} << 20;  // Longer ones are no lists of clips.

// As it stands in an error: a line may be long, and bytes be none that a terminal takes.
std::string shown(const json& value) {
  constexpr std::size_t kMost = 60;
  const std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() > kMost ? text.substr(0, kMost) + "..." : text;
}

// Takes the keys of one line's object.
class Fields {
 public:
  Fields(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

  [[noreturn]] void refuse(const std::string& key, const std::string& expected,
                           const std::string& found) const {
    throw Error(ErrorCode::kInvalidArgument,
                where_ + "\"" + key + "\": " + expected + " expected, found " + found);
  }

  // Null where the key is missing.
  const json& get(const std::string& key) {
    static const json kNull;
    known_.insert(key);
    const auto found = object_.find(key);
    return found == object_.end() ? kNull : *found;
  }

  // Empty where it is null or missing.
  std::string text(const std::string& key) {
    const json& value = get(key);
    if (value.is_null()) return "";
    return checked_text(key, value, "a text or null");
  }

  // A file's name, of which KEY_hex has the bytes where they are no UTF-8.
  std::string name(const std::string& key) {
    std::string text = this->text(key);
    const std::string hex_key = key + "_hex";
    const std::string digits = this->text(hex_key);
    if (digits.empty()) return text;
    const std::optional<std::string> bytes = bytes_of_hexadecimal(digits);
    if (!bytes || bytes->find('\0') != std::string::npos) {
      refuse(hex_key, "two hexadecimal digits a byte, none of them 00,", shown(digits));
    }
    if (utf8(*bytes) != text) {
      refuse(hex_key, "the bytes of \"" + key + "\"", shown(utf8(*bytes)));
    }
    return *bytes;
  }

  std::string choice(const std::string& key, const std::vector<std::string>& words,
                     const std::string& expected) {
    const json& value = get(key);
    if (!value.is_string() ||
        std::find(words.begin(), words.end(), value.get_ref<const std::string&>()) == words.end()) {
      refuse(key, expected, object_.contains(key) ? shown(value) : "no such key");
    }
    return value;
  }

  std::vector<std::string> texts(const std::string& key) {
    const json& value = get(key);
    std::vector<std::string> found;
    if (!object_.contains(key)) return found;
    if (!value.is_array()) refuse(key, "a list of texts", shown(value));
    for (const json& entry : value) {
      found.push_back(checked_text(key, entry, "a list of texts"));
    }
    return found;
  }

  void note_unknown(std::set<std::string>& ignored) const {
    for (const auto& [key, value] : object_.items()) {
      if (known_.count(key) == 0) ignored.insert(key);
    }
  }

 private:
  std::string checked_text(const std::string& key, const json& value,
                           const std::string& expected) const {
    if (!value.is_string()) refuse(key, expected, shown(value));
    std::string text = value;
    if (text.empty()) refuse(key, expected, "an empty text");
    // No file is named so, and systems cut the name there.
    if (text.find('\0') != std::string::npos) refuse(key, "a text without NUL", shown(value));
    return text;
  }

  const json& object_;
  std::string where_;
  std::set<std::string> known_;
};

// JSON leaves open which of two equal keys counts; here none does.
json parse(const std::string& line, const std::string& where) {
  std::set<std::string> keys;
  std::string twice;
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::key && depth == 1 &&
        !keys.insert(parsed.get<std::string>()).second) {
      twice = shown(parsed);
    }
    return true;
  };
  json object;
  try {
    object = json::parse(line, watch);
  } catch (const json::exception& error) {
    throw Error(ErrorCode::kInvalidArgument,
                where + "a JSON object expected: " + utf8(error.what()));
  }
  DFD_REQUIRE(object.is_object(), ErrorCode::kInvalidArgument,
              where << "a JSON object expected, found " << shown(object));
  DFD_REQUIRE(twice.empty(), ErrorCode::kInvalidArgument,
              where << twice << ": one value expected, found two");
  return object;
}

// Null is "not known"; an empty list would be a fake that shows nothing.
std::vector<std::string> evidence_of(Fields& fields, bool fake) {
  const std::string key = "evidence";
  const std::string expected = "a list of \"seam\" and \"generated\", each once, or null";
  const json& value = fields.get(key);
  if (value.is_null()) return {};
  if (!fake) fields.refuse(key, "nothing, or null, of a real clip", shown(value));
  std::vector<std::string> found = fields.texts(key);
  if (found.empty()) fields.refuse(key, expected, shown(value));
  std::set<std::string> once;
  for (const std::string& name : found) {
    const bool known = std::any_of(kEvidence.begin(), kEvidence.end(),
                                   [&](Evidence one) { return name == to_string(one); });
    if (!known || !once.insert(name).second) fields.refuse(key, expected, shown(value));
  }
  return found;
}

Clip clip_of(Fields& fields) {
  Clip clip;
  clip.file = fields.name("path");
  if (clip.file.empty()) fields.refuse("path", "a file's name", "null or no such key");
  clip.fake = fields.choice("label", {"real", "fake"}, "\"real\" or \"fake\"") == "fake";
  clip.identity = fields.texts("identity");
  clip.source = fields.name("source");
  clip.generator = fields.text("generator");
  clip.group = fields.text("group");
  clip.compression = fields.text("compression");
  clip.evidence = evidence_of(fields, clip.fake);
  if (fields.get("split").is_null()) return clip;
  const std::string side = fields.choice("split", {"train", "validation", "test"},
                                         "\"train\", \"validation\", \"test\" or null");
  for (const SplitSide one : {SplitSide::kTrain, SplitSide::kValidation, SplitSide::kTest}) {
    if (side == to_string(one)) clip.split = one;
  }
  return clip;
}

}  // namespace

ManifestLines::ManifestLines(const std::string& path) : path_(path), buffer_(kLongestLine + 1) {
  DFD_REQUIRE(std::filesystem::exists(path), ErrorCode::kNotFound, path << ": no such file");
  in_.open(path, std::ios::binary);
  DFD_REQUIRE(in_.is_open() && !std::filesystem::is_directory(path), ErrorCode::kIo,
              path << ": cannot be read");
}

std::string ManifestLines::where() const { return path_ + ":" + std::to_string(number_) + ": "; }

bool ManifestLines::read_line() {
  in_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  const auto read = static_cast<std::size_t>(in_.gcount());
  DFD_REQUIRE(!in_.bad(), ErrorCode::kIo, path_ << ": reading failed");
  if (in_.eof() && read == 0) return false;
  ++number_;
  DFD_REQUIRE(!in_.fail(), ErrorCode::kInvalidArgument,
              where() << "a line of " << kLongestLine << " bytes at most expected");
  // The end of a line counts as read, but for the last line's where the file ends without one.
  line_.assign(buffer_.data(), in_.eof() ? read : read - 1);
  return true;
}

std::optional<Clip> ManifestLines::next() {
  while (read_line()) {
    if (line_.find_first_not_of(" \t\r") == std::string::npos) continue;
    const json object = parse(line_, where());
    Fields fields(object, where());
    if (objects_++ == 0 && object.contains("manifest")) {
      if (fields.get("manifest") != kManifestVersion) {
        fields.refuse("manifest", "version " + std::to_string(kManifestVersion),
                      shown(object["manifest"]));
      }
      split_ = fields.text("split");
      fields.note_unknown(ignored_);
      continue;
    }
    std::optional<Clip> clip = clip_of(fields);
    fields.note_unknown(ignored_);
    return clip;
  }
  return std::nullopt;
}

std::string ManifestLines::remark() const {
  if (ignored_.empty()) return "";
  constexpr std::size_t kNamed = 5;
  std::string text = path_ + ": " + std::to_string(ignored_.size()) + " unknown keys are ignored:";
  std::size_t named = 0;
  for (const std::string& key : ignored_) {
    if (named++ < kNamed) text += " " + shown(key);
  }
  return text + (ignored_.size() > kNamed ? " ..." : "");
}

}  // namespace dfd
