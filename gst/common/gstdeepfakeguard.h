// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where C++ meets C: no exception crosses a C frame.

#pragma once

#include <gst/gst.h>

#include <exception>

// Posts the exception as GST_ELEMENT_ERROR: for code that throws nothing of its own, so that it is
// memory that ran out, or a bug. Thread-safe.
void gst_deepfake_post_exception(GstElement* element, const std::exception& error) noexcept;

// Runs function; an exception goes to post(element, exception) and fallback is returned.
template <typename Result, typename Post, typename Function>
Result gst_deepfake_guarded(GstElement* element, Result fallback, Post&& post,
                            Function&& function) noexcept {
  try {
    return function();
  } catch (const std::exception& error) {
    post(element, error);
    return fallback;
  }
}
