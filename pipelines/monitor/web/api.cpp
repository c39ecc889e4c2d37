// SPDX-License-Identifier: LGPL-2.1-or-later

#include "api.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "web/api_json.h"
#include "web/change_request.h"

namespace dfd::monitor {
namespace {

constexpr std::size_t kMostItems = 500;

// A query that means nothing.
class BadQuery : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

bool wants_history(const HttpRequest& request) {
  const std::string value = request.parameter("history");
  if (!value.empty() && value != "true" && value != "false") {
    throw BadQuery("history must be true or false");
  }
  return value == "true";
}

std::size_t limit_of(const HttpRequest& request) {
  constexpr std::size_t kUsual = 100;
  constexpr std::size_t kDigits = 3;
  const std::string text = request.parameter("limit");
  if (text.empty()) return kUsual;
  const bool is_number =
      text.size() <= kDigits && text.find_first_not_of("0123456789") == std::string::npos;
  const std::size_t limit = is_number ? std::stoul(text) : 0;
  if (limit < 1 || limit > kMostItems) throw BadQuery("limit must be a number from 1 to 500");
  return limit;
}

std::vector<AlarmState> states_of(const HttpRequest& request) {
  const std::string text = request.parameter("state");
  if (text.empty()) return {};
  if (text == "open") return {AlarmState::kPending, AlarmState::kFiring};
  std::vector<AlarmState> states;
  for (const std::string& name : split(text, ',')) {
    const std::size_t before = states.size();
    for (const AlarmState state :
         {AlarmState::kIdle, AlarmState::kPending, AlarmState::kFiring, AlarmState::kResolved}) {
      if (name == name_of(state)) states.push_back(state);
    }
    if (states.size() == before) {
      throw BadQuery("state must be open, or some of pending, firing, resolved, idle");
    }
  }
  return states;
}

bool is_thumbnail(const std::vector<std::string>& path) {
  constexpr std::size_t kParts = 6;
  return path.size() == kParts && path[3] == "streams" && path[5] == "thumbnail.jpg";
}

HttpResponse not_found(const std::string& what) {
  return error_response(404, "not_found", "there is no " + what);
}

Json list_json(Json items, const Json& next) {
  return {{"items", std::move(items)}, {"next", next}};
}

}  // namespace

HttpResponse Api::answer(const HttpRequest& request) const {
  try {
    return route(request);
  } catch (const BadQuery& error) {
    return error_response(400, "bad_query", error.what());
  } catch (const StoreError&) {
    // Its text has the file's name, which is nobody's business; the log has it.
    return error_response(503, "store_unavailable", "what is kept cannot be read at present");
  }
}

HttpResponse Api::changed(const Change& change) const {
  const bool is_mute = change.kind == Change::Kind::kMute;
  if (is_mute || change.kind == Change::Kind::kUnmute) {
    // The board has it a moment later.
    Json object = {{"id", change.subject}, {"muted", is_mute}};
    if (is_mute) {
      object["muted_until"] = utc_text(change.until);
      object["mute_reason"] = change.text;
    }
    return json_response(200, object);
  }
  try {
    return alarm(change.subject);
  } catch (const StoreError&) {
    // Kept it is.
    return json_response(200, {{"id", change.subject}});
  }
}

HttpResponse Api::route(const HttpRequest& request) const {
  // "", "api", "v1", ...
  const Segments path = split(request.path, '/');
  if (is_thumbnail(path)) return thumbnail(request, path[4]);
  constexpr std::size_t kList = 4;
  constexpr std::size_t kOne = 5;
  const std::string kind = path.size() >= kList ? path[3] : "";
  const bool known = kind == "streams" || kind == "alarms";
  if (!known || path.size() > kOne) return not_found("such path");
  if (!request.is_get()) return method_response("GET, HEAD");
  if (path.size() == kList) return kind == "streams" ? streams(request) : alarms(request);
  return kind == "streams" ? stream(request, path[4]) : alarm(path[4]);
}

HttpResponse Api::streams(const HttpRequest& request) const {
  const bool history = wants_history(request);
  Json items = Json::array();
  for (const StreamStatus& status : board_->streams()) {
    items.push_back(stream_json(status));
    if (history) items.back()["history"] = history_json(board_->history(status.id));
  }
  return json_response(200, list_json(std::move(items), nullptr));
}

HttpResponse Api::stream(const HttpRequest& request, const std::string& id) const {
  const auto status = board_->stream(id);
  if (!status) return not_found("such stream");
  Json object = stream_json(*status);
  try {
    constexpr std::size_t kMostDays = 30;
    object["coverage"]["before"] = days_json(reader_.judged_before(id, status->day, kMostDays));
  } catch (const StoreError&) {
    // All else is known without the store.
  }
  if (wants_history(request)) object["history"] = history_json(board_->history(id));
  return json_response(200, object);
}

HttpResponse Api::thumbnail(const HttpRequest& request, const std::string& id) const {
  if (!request.is_get()) return method_response("GET, HEAD");
  const auto picture = board_->picture(id);
  // An old picture would look like one of now.
  if (!picture) return not_found("picture: the stream is not there, or nobody sees it");
  const std::string tag = "\"" + std::to_string(to_milliseconds(picture->time)) + "\"";
  HttpResponse response;
  response.headers = {{"ETag", tag}, {"Cache-Control", "private, no-cache"}};
  if (request.header("if-none-match") == tag) {
    response.status = 304;
    return response;
  }
  response.type = "image/jpeg";
  response.body = *picture->jpeg;
  return response;
}

HttpResponse Api::alarms(const HttpRequest& request) const {
  AlarmQuery query;
  query.states = states_of(request);
  query.stream = request.parameter("stream");
  query.before = request.parameter("before");
  if (!query.before.empty() && !is_alarm_id(query.before)) {
    throw BadQuery("before must be what `next` was");
  }
  const std::size_t limit = limit_of(request);
  // One more tells whether there is a next page.
  query.most = limit + 1;
  const std::vector<KeptAlarm> found = reader_.alarms(query);
  Json items = Json::array();
  for (std::size_t i = 0; i < std::min(limit, found.size()); ++i) {
    items.push_back(alarm_json(found[i]));
  }
  const Json next = found.size() > limit ? items.back()["id"] : Json();
  return json_response(200, list_json(std::move(items), next));
}

HttpResponse Api::alarm(const std::string& id) const {
  const auto found = is_alarm_id(id) ? reader_.alarm(id) : std::nullopt;
  if (!found) return not_found("such alarm");
  Json object = alarm_json(*found);
  object["transitions"] = transitions_json(reader_.transitions(id));
  return json_response(200, object);
}

}  // namespace dfd::monitor
