// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/fake_parts.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "base/check.h"

namespace dfd {
namespace {

constexpr const char* kSelfBlend = "self-blend";
constexpr const char* kReconstruct = "reconstruct";
constexpr const char* kExpected =
    "a comma list of self-blend[:PART] and reconstruct[:PART] expected, each once, such as "
    "self-blend,reconstruct:0.25";
// Sums of tenths are not exact.
constexpr double kRounding = 1e-9;

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts(1);
  for (const char letter : text) {
    if (letter == at) {
      parts.emplace_back();
    } else {
      parts.back() += letter;
    }
  }
  return parts;
}

double part_of(const std::string& digits, const std::string& text) {
  double part = 0;
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, part);
  // Not below 0 and above 1 alone: "nan" is neither.
  DFD_REQUIRE(parsed.ec == std::errc() && parsed.ptr == end && part >= 0 && part <= 1,
              ErrorCode::kInvalidArgument,
              "fakes \"" << text << "\": \"" << digits << "\" is no part from 0 to 1");
  return part;
}

}  // namespace

const char* to_string(FakeKind kind) noexcept {
  switch (kind) {
    case FakeKind::kSelfBlend:
      return "self-blend";
    case FakeKind::kReconstruct:
      return "reconstruct";
    case FakeKind::kDataSet:
      return "data-set";
  }
  return "unknown";
}

const char* to_string(Trace trace) noexcept {
  switch (trace) {
    case Trace::kSeam:
      return "seam";
    case Trace::kReconstructed:
      return "reconstructed";
    case Trace::kGenerated:
      return "generated";
  }
  return "unknown";
}

Evidence evidence_of(Trace trace) noexcept {
  return trace == Trace::kSeam ? Evidence::kSeam : Evidence::kGenerated;
}

FakeParts parse_fakes(const std::string& text) {
  if (text.empty()) return {};
  std::map<std::string, std::optional<double>> found;
  for (const std::string& entry : split(text, ',')) {
    const std::size_t colon = entry.find(':');
    const std::string name = entry.substr(0, colon);
    std::optional<double> part;
    DFD_REQUIRE(name == kSelfBlend || name == kReconstruct, ErrorCode::kInvalidArgument,
                "fakes \"" << text << "\": " << kExpected);
    if (colon != std::string::npos) part = part_of(entry.substr(colon + 1), text);
    DFD_REQUIRE(found.emplace(name, part).second, ErrorCode::kInvalidArgument,
                "fakes \"" << text << "\": " << name << " stands there twice; " << kExpected);
  }
  double sum = 0;
  std::string without;
  for (const auto& [name, part] : found) {
    sum += part.value_or(0);
    if (part) continue;
    DFD_REQUIRE(without.empty(), ErrorCode::kInvalidArgument,
                "fakes \"" << text << "\": one of " << without << " and " << name
                           << " may have no part; give the other one its part, such as "
                              "self-blend,reconstruct:0.25");
    without = name;
  }
  DFD_REQUIRE(sum <= 1 + kRounding, ErrorCode::kInvalidArgument,
              "fakes \"" << text << "\": its parts are " << sum
                         << " together; give parts that are 1 at most");
  if (!without.empty()) {
    DFD_REQUIRE(sum < 1 - kRounding, ErrorCode::kInvalidArgument,
                "fakes \"" << text << "\": nothing is left for " << without
                           << "; give the other one a part below 1, or leave " << without
                           << " out");
    found[without] = 1 - sum;
  }
  return {found[kSelfBlend].value_or(0), found[kReconstruct].value_or(0)};
}

double left_of(const FakeParts& parts) {
  const double left = 1 - parts.self_blend - parts.reconstruct;
  return std::abs(left) < kRounding ? 0 : left;
}

std::set<Trace> traces_of(const Clip& fake) {
  std::set<Trace> traces;
  for (const Trace trace : {Trace::kSeam, Trace::kGenerated}) {
    const auto& known = fake.evidence;
    if (std::count(known.begin(), known.end(), to_string(evidence_of(trace))) > 0) {
      traces.insert(trace);
    }
  }
  return traces;
}

std::vector<Trace> traces_of(const FakeParts& parts, const std::vector<Clip>& clips) {
  std::set<Trace> shown;
  if (parts.self_blend > 0) shown.insert(Trace::kSeam);
  if (parts.reconstruct > 0) shown.insert({Trace::kSeam, Trace::kReconstructed});
  if (left_of(parts) > 0) {
    for (const Clip& clip : clips) shown.merge(traces_of(clip));
  }
  std::set<Evidence> kinds;
  for (const Trace trace : shown) kinds.insert(evidence_of(trace));
  if (kinds.size() < kEvidence.size()) return {};
  return {shown.begin(), shown.end()};
}

std::string in_words(const FakeParts& parts) {
  const auto percent = [](double part) { return std::round(part * 1000) / 10; };
  std::ostringstream words;
  words << "of 100 fakes " << percent(parts.self_blend) << " are self-blended, "
        << percent(parts.reconstruct) << " reconstructed, " << percent(left_of(parts))
        << " the data set's";
  return words.str();
}

}  // namespace dfd
