// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakeerror.h"

#include "detector/error.h"
#include "gstdeepfakewords.h"

namespace {

struct Mapping {
  GQuark domain;
  int code;
  const char* text;  // For people; what exactly is wrong stands in the debug text.
};

Mapping mapping_of(dfd::ErrorCode code) {
  using dfd::ErrorCode;
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "A setting cannot be used."};
    case ErrorCode::kNotFound:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "A file was not found."};
    case ErrorCode::kIo:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, "A file cannot be read."};
    case ErrorCode::kCorruptModel:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, "The model file is damaged."};
    case ErrorCode::kUnsupportedModel:
      return {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, "The model file cannot be used here."};
    case ErrorCode::kDeviceUnavailable:
      return {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_INIT, "The device cannot be used."};
    case ErrorCode::kOutOfMemory:
      return {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT, "Memory ran out."};
    case ErrorCode::kInference:
      return {GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, "The analysis of the video failed."};
    case ErrorCode::kInternal:
      break;
  }
  return {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED, "The detector failed; please report it."};
}

void post(GstElement* element, GstMessageType type, const std::exception& error) {
  const auto* known = dynamic_cast<const dfd::Error*>(&error);
  const dfd::ErrorCode code = known != nullptr ? known->code() : dfd::ErrorCode::kInternal;
  const Mapping mapping = mapping_of(code);
  // Paths may hold bytes that are no UTF-8, which messages do not take.
  const std::string text = gst_deepfake_utf8(error.what());
  // The path and the fix are for people too, so they follow the sentence.
  gst_element_message_full(element, type, mapping.domain, mapping.code,
                           g_strdup_printf("%s %s", mapping.text, text.c_str()),
                           g_strdup_printf("%s: %s", dfd::to_string(code), text.c_str()), __FILE__,
                           GST_FUNCTION, __LINE__);
}

}  // namespace

void gst_deepfake_post_error(GstElement* element, const std::exception& error) noexcept {
  post(element, GST_MESSAGE_ERROR, error);
}

void gst_deepfake_post_warning(GstElement* element, const std::exception& error) noexcept {
  post(element, GST_MESSAGE_WARNING, error);
}

void gst_deepfake_post_warnings(GstElement* element, const dfd::ModelInfo& model,
                                dfd::Region region, const std::string& face_detector,
                                bool explain) {
  if (!model.warning.empty()) {
    GST_ELEMENT_WARNING(
        element, LIBRARY, SETTINGS, ("%s", model.warning.c_str()),
        ("model %s, backbone: %s", model.id.c_str(), model.backbone_source.c_str()));
  }
  const bool faces = model.region == dfd::Region::kFaces;
  if (faces != (region != dfd::Region::kFullFrame)) {
    GST_ELEMENT_WARNING(element, LIBRARY, SETTINGS,
                        ("The model was trained on %s, but inference-region gives it %s.",
                         faces ? "faces" : "full frames", faces ? "full frames" : "faces"),
                        ("set inference-region=%s", faces ? "faces" : "full-frame"));
  } else if (!face_detector.empty() && !dfd::same_boxes(model.face_detector, face_detector)) {
    GST_ELEMENT_WARNING(element, LIBRARY, SETTINGS,
                        ("The model was trained on faces found by %s, but %s finds them here.",
                         model.face_detector.c_str(), face_detector.c_str()),
                        ("the two draw different boxes; set face-model-file as in training"));
  }
  if (explain && !model.explains) {
    GST_ELEMENT_WARNING(element, LIBRARY, SETTINGS,
                        ("The networks of this model cannot be explained: no heatmaps come."),
                        ("model %s; switch explain and overlay=heatmap off", model.id.c_str()));
  }
}
