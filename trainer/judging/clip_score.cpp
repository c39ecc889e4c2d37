// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/clip_score.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "data/json_name.h"
#include "detector/report.h"

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;

// Quantities of a clip that are 0 where they are unknown.
constexpr std::pair<const char*, double ClipScore::*> kQuantities[] = {
    {"face_size", &ClipScore::face_size},   {"bytes", &ClipScore::bytes},
    {"pixels", &ClipScore::pixels},         {"sharpness", &ClipScore::sharpness},
    {"brightness", &ClipScore::brightness},
};

void set_text(Json& line, const char* key, const std::string& text) {
  if (text.empty()) {
    line[key] = nullptr;
  } else {
    set_name(line, key, text);
  }
}

void set_number(Json& line, const char* key, const std::optional<double>& number) {
  line[key] = number ? Json(*number) : Json(nullptr);
}

// Takes the keys of one line and remembers which.
class Fields {
 public:
  Fields(const Json& line, std::string where) : line_(line), where_(std::move(where)) {
    DFD_REQUIRE(line_.is_object(), ErrorCode::kInvalidArgument,
                where_ << ": an object with a clip's score expected");
  }

  [[noreturn]] void refuse(const std::string& key, const std::string& expected) const {
    constexpr std::size_t kMost = 60;  // Of a text that may be a whole file.
    const auto found = line_.find(key);
    const std::string text = found == line_.end()
                                 ? "no such key"
                                 : found->dump(-1, ' ', true, Json::error_handler_t::replace);
    throw Error(ErrorCode::kInvalidArgument,
                where_ + ": \"" + key + "\": " + expected + " expected, found " +
                    (text.size() > kMost ? text.substr(0, kMost) + "..." : text));
  }

  const Json& get(const std::string& key, bool required = true) {
    static const Json kNull;
    taken_.insert(key);
    const auto found = line_.find(key);
    if (found == line_.end() && required) refuse(key, "a value");
    return found == line_.end() ? kNull : *found;
  }

  std::string text(const std::string& key, bool required = true) {
    const Json& value = get(key, required);
    const Json& digits = get(key + "_hex", false);
    if (value.is_null() && digits.is_null()) return "";
    if (!value.is_string()) refuse(key, "a text or null");
    auto text = value.get<std::string>();
    if (digits.is_null()) return text;
    if (!digits.is_string()) refuse(key + "_hex", "hexadecimal digits");
    const auto bytes = bytes_of_hexadecimal(digits.get<std::string>());
    if (!bytes) refuse(key + "_hex", "two hexadecimal digits a byte");
    if (utf8(*bytes) != text) refuse(key + "_hex", "the bytes of \"" + key + "\"");
    return *bytes;
  }

  std::optional<double> number(const std::string& key, double least, double most,
                               bool required = true) {
    const Json& value = get(key, required);
    if (value.is_null()) return std::nullopt;
    // A literal such as 1e999 is read as infinity.
    if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() < least ||
        value.get<double>() > most) {
      refuse(key, "a finite number in range, or null,");
    }
    return value.get<double>();
  }

  int count(const std::string& key) {
    const Json& value = get(key);
    if (!value.is_number_integer() || value.get<double>() < 0 ||
        value.get<double>() > std::numeric_limits<int>::max()) {
      refuse(key, "a count");
    }
    return value.get<int>();
  }

  bool flag(const std::string& key) {
    const Json& value = get(key);
    if (!value.is_boolean()) refuse(key, "true or false");
    return value.get<bool>();
  }

  std::vector<std::string> texts(const std::string& key) {
    const Json& value = get(key, false);
    std::vector<std::string> found;
    if (value.is_null()) return found;
    if (!value.is_array()) refuse(key, "a list of texts");
    for (const Json& entry : value) {
      if (!entry.is_string()) refuse(key, "a list of texts");
      found.push_back(entry.get<std::string>());
    }
    return found;
  }

  void refuse_others() const {
    for (const auto& [key, value] : line_.items()) {
      if (taken_.count(key) == 0) refuse(key, "no such key");
    }
  }

 private:
  const Json& line_;
  std::string where_;
  std::set<std::string> taken_;
};

void read_evidence(Fields& fields, ClipScore& clip) {
  clip.evidence = fields.text("evidence", false);
  const bool known = clip.evidence == to_string(Evidence::kSeam) ||
                     clip.evidence == to_string(Evidence::kGenerated);
  if (!clip.evidence.empty() && !known) fields.refuse("evidence", "\"seam\" or \"generated\"");
  if (known && !clip.logit) fields.refuse("evidence", "nothing without a logit");
  const auto number = [&](const char* key) {
    const std::optional<double> found = fields.number(key, 0, 1, false);
    if (found.has_value() != known) {
      fields.refuse(key, "a number beside a kind of evidence, and nothing without one,");
    }
    return found;
  };
  clip.seam_probability = number("seam_probability");
  clip.generated_probability = number("generated_probability");
}

}  // namespace

Json to_json(const ClipScore& clip) {
  Json line;
  set_name(line, "path", clip.file);
  line["label"] = clip.fake ? "fake" : "real";
  set_text(line, "generator", clip.generator);
  set_text(line, "group", clip.group);
  set_number(line, "logit", clip.logit);
  set_number(line, "probability", clip.probability);
  if (!clip.evidence.empty()) {
    line["evidence"] = clip.evidence;
    set_number(line, "seam_probability", clip.seam_probability);
    set_number(line, "generated_probability", clip.generated_probability);
  }
  set_text(line, "verdict", clip.verdict);
  set_text(line, "reason", clip.reason);
  line["samples"] = clip.samples;
  line["windows"] = clip.windows;
  line["partial"] = clip.partial;
  set_number(line, "seconds_to_verdict", clip.seconds_to_verdict);
  if (!clip.compression.empty()) set_name(line, "compression", clip.compression);
  for (const std::string& identity : clip.identity) line["identity"].push_back(utf8(identity));
  if (!clip.source.empty()) set_name(line, "source", clip.source);
  for (const auto& [key, quantity] : kQuantities) {
    if (clip.*quantity > 0) line[key] = clip.*quantity;
  }
  return line;
}

ClipScore from_json(const Json& line, const std::string& where) {
  constexpr double kMost = std::numeric_limits<double>::max();
  Fields fields(line, where);
  ClipScore clip;
  clip.file = fields.text("path");
  if (clip.file.empty()) fields.refuse("path", "a file's name");
  const std::string label = fields.text("label");
  if (label != "real" && label != "fake") fields.refuse("label", "\"real\" or \"fake\"");
  clip.fake = label == "fake";
  clip.generator = fields.text("generator");
  clip.group = fields.text("group");
  clip.logit = fields.number("logit", -kMost, kMost);
  clip.probability = fields.number("probability", 0, 1);
  if (clip.logit.has_value() != clip.probability.has_value()) {
    fields.refuse("probability", "a number beside a logit, and null without one,");
  }
  read_evidence(fields, clip);
  clip.verdict = fields.text("verdict");
  clip.reason = fields.text("reason");
  clip.samples = fields.count("samples");
  clip.windows = fields.count("windows");
  clip.partial = fields.flag("partial");
  clip.seconds_to_verdict = fields.number("seconds_to_verdict", 0, kMost);
  clip.compression = fields.text("compression", false);
  clip.identity = fields.texts("identity");
  clip.source = fields.text("source", false);
  for (const auto& [key, quantity] : kQuantities) {
    clip.*quantity = fields.number(key, 0, kMost, false).value_or(0);
  }
  fields.refuse_others();
  return clip;
}

}  // namespace dfd
