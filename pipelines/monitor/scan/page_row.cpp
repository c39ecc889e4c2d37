// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/page_row.h"

#include <glib.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "scan/face_chart.h"
#include "scan/html.h"
#include "scan/page_pictures.h"

namespace dfd::monitor {
namespace {

constexpr const char* kUnknown = "\u2013";

std::string span(const std::string& kind, const std::string& text) {
  return "<span class=\"" + kind + "\">" + escaped(text) + "</span>";
}

// In a direction of its own: letters of Arabic would turn their neighbours, too.
std::string path_span(const std::string& path) {
  return "<bdi class=\"path\">" + escaped(path) + "</bdi>";
}

std::string number_text(const Json& object, const char* name, int digits) {
  const auto number = number_in(object, name);
  return number ? fixed(*number, digits) : kUnknown;
}

std::string time_text(const Json& object, const char* name) {
  const auto seconds = number_in(object, name);
  return seconds ? clock_time(*seconds) : kUnknown;
}

std::string modified_text(const Json& object) {
  const auto nanoseconds = number_in(object, "modified_ns");
  // The years of GDateTime.
  constexpr double kLast_s = 2e11;
  if (!nanoseconds || *nanoseconds <= 0 || *nanoseconds / 1e9 > kLast_s) return "";
  GDateTime* time = g_date_time_new_from_unix_utc(static_cast<gint64>(*nanoseconds / 1e9));
  if (time == nullptr) return "";
  gchar* text = g_date_time_format(time, "%Y-%m-%d %H:%M:%S UTC");
  std::string modified = text != nullptr ? text : "";
  g_free(text);
  g_date_time_unref(time);
  return modified;
}

const Json* part_of(const Json& object, const char* name) {
  const auto at = object.is_object() ? object.find(name) : object.end();
  return at != object.end() ? &*at : nullptr;
}

const Json* first_face(const Json& file) {
  const Json* faces = part_of(file, "faces");
  return faces != nullptr && faces->is_array() && !faces->empty() ? &faces->front() : nullptr;
}

// Up to the last that is told of where the file does not say how long it is.
ChartFrame frame_of(const Json& file) {
  double end_s = number_in(file, "duration_s").value_or(0);
  const Json* faces = part_of(file, "faces");
  if (faces != nullptr && faces->is_array()) {
    for (const Json& face : *faces) end_s = std::max(end_s, number_in(face, "end_s").value_or(0));
  }
  ChartFrame frame;
  if (end_s > 0) frame.duration_s = end_s;
  frame.threshold = number_in(file, "threshold");
  if (frame.threshold && (*frame.threshold < 0 || *frame.threshold > 1)) frame.threshold.reset();
  return frame;
}

// In one word or two, beside the path.
std::string why(const Json& file) {
  const Json* error = part_of(file, "error");
  const std::string failed = error != nullptr ? text_in(*error, "reason") : "";
  if (!failed.empty()) return failed;
  const std::string reason = text_in(file, "reason");
  return reason == "none" ? "" : reason;
}

std::string summary_of(const JoinedFile& joined, const Json& file) {
  const Json* face = first_face(file);
  const auto points = face != nullptr ? chart_points(*face) : std::vector<ChartPoint>();
  return "<summary><span class=\"row\">" + span("verdict", name_of(joined.standing)) +
         span("number", number_text(file, "probability", 2)) + "<span class=\"spark-cell\">" +
         (points.empty() ? "" : sparkline(points, frame_of(file))) + "</span>" +
         path_span(text_in(file, "path")) + span("why", why(file)) +
         span("number", time_text(file, "duration_s")) + "</span></summary>";
}

std::string fact(const char* name, const std::string& value) {
  if (value.empty() || value == kUnknown) return "";
  return std::string("<dt>") + name + "</dt><dd>" + escaped(value) + "</dd>";
}

std::string facts_of(const Json& file) {
  const Json* error = part_of(file, "error");
  std::string facts = "<dl>";
  if (error != nullptr) facts += fact("Failed", text_in(*error, "text"));
  facts += fact("Faces", number_text(file, "tracks", 0));
  facts += fact("Without a verdict", number_text(file, "undecided_tracks", 0));
  facts += fact("Threshold", number_text(file, "threshold", 3));
  facts += fact("Pictures", number_text(file, "frames", 0));
  facts += fact("Samples", number_text(file, "samples", 0));
  facts += fact("Windows", number_text(file, "windows", 0));
  facts += fact("Bytes", number_text(file, "size", 0));
  facts += fact("Changed", modified_text(file));
  facts += fact("SHA-256", text_in(file, "sha256"));
  facts += fact("Bytes of the path", text_in(file, "path_hex"));
  facts += fact("Model", text_in(file, "model_id"));
  facts += fact("Seconds it took", number_text(file, "seconds", 1));
  return facts + "</dl>";
}

std::string face_title(const Json& face) {
  std::string title = "Face " + number_text(face, "track_id", 0) + ": " + text_in(face, "verdict");
  if (const std::string reason = text_in(face, "reason"); !reason.empty()) {
    title += " (" + reason + ")";
  }
  if (number_in(face, "probability")) title += ", at most " + number_text(face, "probability", 3);
  if (const std::string kind = text_in(face, "evidence"); !kind.empty()) title += ", " + kind;
  return title + ", from " + time_text(face, "begin_s") + " to " + time_text(face, "end_s");
}

std::string picture(const Json& face, const char* kind, const std::set<std::string>& pictures,
                    const std::string& words) {
  const std::string name = text_in(face, kind);
  if (pictures.count(name) == 0) return "";
  return std::string("<img loading=\"lazy\" src=\"") + kPagePictures + "/" + escaped(name) +
         "\" alt=\"" + escaped(words) + "\"/>";
}

std::string pictures_of(const Json& face, const std::set<std::string>& pictures,
                        const std::string& title) {
  const std::string html = picture(face, "picture", pictures, title) +
                           picture(face, "heatmap", pictures, "Where it looks forged");
  return html.empty() ? "" : "<p class=\"pictures\">" + html + "</p>";
}

std::string faces_of(const Json& file, const std::set<std::string>& pictures) {
  const Json* faces = part_of(file, "faces");
  if (faces == nullptr || !faces->is_array()) return "";
  const ChartFrame frame = frame_of(file);
  std::string html;
  for (const Json& face : *faces) {
    const std::vector<ChartPoint> points = chart_points(face);
    const std::string title = face_title(face);
    html += "<h3>" + escaped(title) + "</h3>" + pictures_of(face, pictures, title);
    html +=
        points.empty() ? "<p>No probability of it is known.</p>" : face_chart(points, frame, title);
  }
  const auto tracks = number_in(file, "tracks").value_or(0);
  const double more = tracks - static_cast<double>(faces->size());
  if (more > 0) html += "<p>And " + fixed(more, 0) + " more that mattered less.</p>";
  return html;
}

}  // namespace

std::string page_row(const JoinedFile& file, const std::set<std::string>& pictures) {
  const Json line = parsed(file.line);
  return std::string("<details class=\"") + name_of(file.standing) + "\">" +
         summary_of(file, line) + "<div class=\"inside\">" + facts_of(line) +
         faces_of(line, pictures) + "</div></details>\n";
}

}  // namespace dfd::monitor
