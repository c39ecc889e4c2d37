// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The one place where errors of the detector, and doubts about its settings, become messages on the
// bus.

#pragma once

#include <gst/gst.h>

#include <exception>
#include <string>
#include <utility>

#include "detector/engine.h"
#include "gstdeepfakeguard.h"

// Posts the exception as GST_ELEMENT_ERROR. Thread-safe.
void gst_deepfake_post_error(GstElement* element, const std::exception& error) noexcept;

// Posts it as a GST_ELEMENT_WARNING: the element goes on without. Thread-safe.
void gst_deepfake_post_warning(GstElement* element, const std::exception& error) noexcept;

// Warns of what will make verdicts worth less: a random backbone; another region or face detector,
// empty for none, than the model was trained with; heatmaps that are asked for and cannot come.
// Thread-safe.
void gst_deepfake_post_warnings(GstElement* element, const dfd::ModelInfo& model,
                                dfd::Region region, const std::string& face_detector, bool explain);

// Runs function; an exception is posted as above and fallback returned.
template <typename Result, typename Function>
Result gst_deepfake_guarded(GstElement* element, Result fallback, Function&& function) noexcept {
  return gst_deepfake_guarded(element, fallback, gst_deepfake_post_error,
                              std::forward<Function>(function));
}
