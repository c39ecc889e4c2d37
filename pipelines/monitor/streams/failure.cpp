// SPDX-License-Identifier: LGPL-2.1-or-later

#include "failure.h"

#include <sstream>
#include <string_view>

#include "base/secrets.h"

namespace dfd::monitor {
namespace {

// rtspsrc has its own code for 401 since 1.18; for 403 and from other sources it is a plain failure
// to open or read, whose debug text has the server's answer.
bool is_auth(const GError& error, std::string_view detail) {
  if (error.domain != GST_RESOURCE_ERROR) return false;
  return error.code == GST_RESOURCE_ERROR_NOT_AUTHORIZED ||
         detail.find("Unauthorized") != std::string_view::npos ||
         // Of SRT, with a wrong passphrase or none.
         detail.find("Failed to authenticate") != std::string_view::npos ||
         detail.find("Forbidden") != std::string_view::npos;
}

bool is_decode(const GError& error) {
  if (error.domain == GST_CORE_ERROR) return error.code == GST_CORE_ERROR_MISSING_PLUGIN;
  if (error.domain != GST_STREAM_ERROR) return false;
  return error.code == GST_STREAM_ERROR_DECODE || error.code == GST_STREAM_ERROR_CODEC_NOT_FOUND ||
         error.code == GST_STREAM_ERROR_TYPE_NOT_FOUND ||
         error.code == GST_STREAM_ERROR_WRONG_TYPE || error.code == GST_STREAM_ERROR_DEMUX;
}

Failure failure_of_error(GstMessage* message) {
  GError* error = nullptr;
  gchar* debug = nullptr;
  gst_message_parse_error(message, &error, &debug);
  const std::string detail = debug == nullptr ? "" : debug;
  Failure failure;
  if (is_auth(*error, detail)) {
    failure.reason = FailureReason::kAuth;
  } else if (is_decode(*error)) {
    failure.reason = FailureReason::kDecode;
  }
  failure.text = masked(error->message);
  // The last line is what the element itself adds; before it stands where in its source that is.
  const std::size_t line = detail.rfind('\n');
  if (line != std::string::npos && line + 1 < detail.size()) {
    failure.text += " (" + masked(detail.substr(line + 1)) + ")";
  }
  g_error_free(error);
  g_free(debug);
  return failure;
}

// udpsrc's: nobody sends.
std::optional<Failure> failure_of_element(GstMessage* message) {
  const GstStructure* structure = gst_message_get_structure(message);
  guint64 timeout = 0;
  if (!gst_structure_has_name(structure, "GstUDPSrcTimeout")) return std::nullopt;
  gst_structure_get_uint64(structure, "timeout", &timeout);
  std::ostringstream text;
  text << "no packet for " << static_cast<double>(timeout) / GST_SECOND << " s";
  return Failure{FailureReason::kStall, text.str()};
}

}  // namespace

const char* name_of(FailureReason reason) {
  switch (reason) {
    case FailureReason::kEos:
      return "eos";
    case FailureReason::kStall:
      return "stall";
    case FailureReason::kNoFirstFrame:
      return "no_first_frame";
    case FailureReason::kAuth:
      return "auth";
    case FailureReason::kDecode:
      return "decode";
    case FailureReason::kStuck:
      return "stuck";
    case FailureReason::kError:
      break;
  }
  return "error";
}

std::optional<Failure> failure_of(GstMessage* message) {
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
      return failure_of_error(message);
    case GST_MESSAGE_EOS:
      // A live source never ends by itself: its server went away.
      return Failure{FailureReason::kEos, "the source ended"};
    case GST_MESSAGE_ELEMENT:
      return failure_of_element(message);
    default:
      return std::nullopt;
  }
}

}  // namespace dfd::monitor
