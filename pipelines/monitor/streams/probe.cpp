// SPDX-License-Identifier: LGPL-2.1-or-later

#include "probe.h"

#include <gst/gst.h>

#include <sstream>

#include "streams/connection.h"

namespace dfd::monitor {
namespace {

void note_codec(GstMessage* message, std::string& codec) {
  if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_TAG) return;
  GstTagList* tags = nullptr;
  gst_message_parse_tag(message, &tags);
  gchar* text = nullptr;
  if (gst_tag_list_get_string(tags, GST_TAG_VIDEO_CODEC, &text) != FALSE) codec = text;
  g_free(text);
  gst_tag_list_unref(tags);
}

// The loop wakes up often enough to measure by.
class Ticks {
 public:
  Ticks()
      : source_(g_timeout_add(
            10, [](gpointer) -> gboolean { return TRUE; }, nullptr)) {}
  ~Ticks() { g_source_remove(source_); }
  Ticks(const Ticks&) = delete;
  Ticks& operator=(const Ticks&) = delete;

 private:
  guint source_;
};

}  // namespace

ProbeResult probe(const std::string& uri, const Credentials& credentials, double timeout_s) {
  constexpr double kLook_s = 1;
  ProbeResult result;
  Connection connection(make_pipeline(uri, credentials, nullptr),
                        [&](GstMessage* message) { note_codec(message, result.codec); });
  const Ticks ticks;
  const Time begin = Time::clock::now();
  std::optional<Time> first;
  while (true) {
    g_main_context_iteration(nullptr, TRUE);
    const Seen seen = connection.seen();
    const Time time = Time::clock::now();
    if (seen.frames > 0 && !first) first = seen.last_frame;
    result.frames = seen.frames;
    if (seen.frames > 1 && seen.last_frame > *first) {
      result.fps = static_cast<double>(seen.frames - 1) / to_seconds(seen.last_frame - *first);
    }
    if (!first) result.failure = seen.failure;
    if (seen.failure || (first && time - *first >= from_seconds(kLook_s))) break;
    if (first || time - begin < from_seconds(timeout_s)) continue;
    std::ostringstream text;
    text << "no picture within " << timeout_s << " s";
    result.failure = Failure{FailureReason::kNoFirstFrame, text.str()};
    break;
  }
  if (first) result.first_frame_s = to_seconds(*first - begin);
  result.width = connection.width();
  result.height = connection.height();
  connection.close();
  const Time closing = Time::clock::now();
  while (!connection.seen().closed && Time::clock::now() - closing < Watch::kCloseLimit) {
    g_main_context_iteration(nullptr, TRUE);
  }
  return result;
}

}  // namespace dfd::monitor
