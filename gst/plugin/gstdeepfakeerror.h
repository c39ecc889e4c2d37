// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The one place where errors of the detector become errors on the bus.

#pragma once

#include <gst/gst.h>

#include <exception>

// Posts the exception as GST_ELEMENT_ERROR. Thread-safe.
void gst_deepfake_post_error(GstElement* element, const std::exception& error) noexcept;

// Runs function; an exception is posted and fallback returned. No exception crosses a C frame.
template <typename Function, typename Result>
Result gst_deepfake_guarded(GstElement* element, Result fallback, Function&& function) noexcept {
  try {
    return function();
  } catch (const std::exception& error) {
    gst_deepfake_post_error(element, error);
    return fallback;
  }
}
