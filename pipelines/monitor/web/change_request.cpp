// SPDX-License-Identifier: LGPL-2.1-or-later

#include "change_request.h"

#include <glib.h>

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

namespace dfd::monitor {
namespace {

// Bytes: enough for some sentences.
constexpr std::size_t kMostText = 2000;

class BadBody : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Target {
  bool is_alarm = false;
  std::string id;
  Change::Kind kind = Change::Kind::kAcknowledge;
};

std::optional<Target> target_of(const std::string& path) {
  // "", "api", "v1", "alarms", ID, "ack"
  const std::vector<std::string> parts = split(path, '/');
  constexpr std::size_t kParts = 6;
  if (parts.size() != kParts || parts[1] != "api" || parts[2] != "v1") return std::nullopt;
  const std::string what = parts[3] + "/" + parts[5];
  if (what == "alarms/ack") return Target{true, parts[4], Change::Kind::kAcknowledge};
  if (what == "alarms/label") return Target{true, parts[4], Change::Kind::kLabel};
  if (what == "streams/mute") return Target{false, parts[4], Change::Kind::kMute};
  if (what == "streams/unmute") return Target{false, parts[4], Change::Kind::kUnmute};
  return std::nullopt;
}

std::string text_in(const Json& body, const char* key) {
  if (!body.contains(key)) return "";
  if (!body[key].is_string()) throw BadBody(std::string(key) + " must be a text");
  std::string text = body[key].get<std::string>();
  if (text.size() > kMostText) throw BadBody(std::string(key) + " may have 2000 bytes");
  return text;
}

WallTime until_in(const Json& body, WallTime now) {
  // Whoever wants it for longer takes the stream out of the configuration.
  constexpr auto kLongest = std::chrono::hours(24 * 366);
  GDateTime* parsed = g_date_time_new_from_iso8601(text_in(body, "until").c_str(), nullptr);
  if (parsed == nullptr) {
    throw BadBody("until must be a time with its zone, such as 2026-11-27T18:00:00Z");
  }
  // Whole seconds: those of the year 9999 have no nanoseconds in 64 bits.
  const std::chrono::seconds until(g_date_time_to_unix(parsed));
  g_date_time_unref(parsed);
  const auto present = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  if (until <= present || until > present + kLongest) {
    throw BadBody("until must lie in the future, within a year");
  }
  return WallTime{until};
}

void check_keys(const Json& body, const std::vector<std::string>& known) {
  for (const auto& [key, value] : body.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw BadBody("the body has a key that is not known here");
    }
  }
}

void read_label(const Json& body, Change& change) {
  check_keys(body, {"label", "note"});
  const std::string label = text_in(body, "label");
  if (label != "false" && label != "confirmed") {
    throw BadBody("label must be \"false\" or \"confirmed\"");
  }
  change.is_false = label == "false";
  change.text = text_in(body, "note");
}

void read_mute(const Json& body, WallTime now, Change& change) {
  check_keys(body, {"until", "reason"});
  change.until = until_in(body, now);
  change.text = text_in(body, "reason");
  if (change.text.empty()) throw BadBody("reason is missing: say why nobody is to hear of it");
}

void read_body(const Json& body, WallTime now, Change& change) {
  switch (change.kind) {
    case Change::Kind::kLabel:
      return read_label(body, change);
    case Change::Kind::kMute:
      return read_mute(body, now, change);
    case Change::Kind::kAcknowledge:
    case Change::Kind::kUnmute:
      return check_keys(body, {});
  }
}

HttpResponse not_found(bool is_alarm) {
  return error_response(404, "not_found",
                        is_alarm ? "there is no such alarm" : "there is no such stream");
}

}  // namespace

bool is_alarm_id(const std::string& id) {
  constexpr std::size_t kLength = 26;
  return id.size() == kLength &&
         id.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ") == std::string::npos;
}

bool is_change_path(const std::string& path) { return target_of(path).has_value(); }

Change read_change(const HttpRequest& request, const WebUser& user, const Board& board,
                   WallTime now, std::optional<HttpResponse>& fault) {
  const Target target = *target_of(request.path);
  Change change;
  change.kind = target.kind;
  change.subject = target.id;
  change.mark = {now, user.name};
  const bool is_there =
      target.is_alarm ? is_alarm_id(target.id) : board.stream(target.id).has_value();
  if (request.method != "POST") {
    fault = method_response("POST");
  } else if (!user.is_operator) {
    fault = error_response(403, "not_operator", "this needs a token of the role operator");
  } else if (!is_there) {
    fault = not_found(target.is_alarm);
  }
  if (fault) return change;
  const Json body = body_of(request, fault);
  if (fault) return change;
  try {
    read_body(body, now, change);
  } catch (const BadBody& error) {
    fault = error_response(400, "bad_body", error.what());
  }
  change.detail = body.dump(-1, ' ', true, Json::error_handler_t::replace);
  return change;
}

std::optional<HttpResponse> fault_of(const ChangeResult& result) {
  switch (result.outcome) {
    case ChangeResult::Outcome::kDone:
      return std::nullopt;
    case ChangeResult::Outcome::kNotFound:
      return error_response(404, "not_found", result.text);
    case ChangeResult::Outcome::kConflict:
      return error_response(409, "conflict", result.text);
    case ChangeResult::Outcome::kFailed:
      break;
  }
  return error_response(503, "store_unavailable", result.text);
}

}  // namespace dfd::monitor
