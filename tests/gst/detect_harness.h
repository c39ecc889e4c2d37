// SPDX-License-Identifier: LGPL-2.1-or-later
//
// deepfakedetect alone, fed frame by frame.

#pragma once

#include <gst/check/gstharness.h>
#include <gst/gst.h>
#include <gst/video/video.h>

#include <string>

#include <gtest/gtest.h>

#include "pipelines.h"

namespace dfd::test {

// A harness around the element, with caps set.
class HarnessTest : public testing::Test {
 protected:
  ~HarnessTest() override {
    if (harness_ != nullptr) gst_harness_teardown(harness_);
  }

  void start(const std::string& properties, const std::string& caps) {
    // A harness calls itself live, for which auto would not wait.
    harness_ = gst_harness_new_parse(element("mode=complete " + properties).c_str());
    set_caps(caps);
  }

  void set_caps(const std::string& caps) {
    GstCaps* parsed = gst_caps_from_string(("video/x-raw," + caps).c_str());
    ASSERT_TRUE(gst_video_info_from_caps(&info_, parsed));
    gst_caps_unref(parsed);
    gst_harness_set_src_caps_str(harness_, ("video/x-raw," + caps).c_str());
  }

  GstFlowReturn push(int number) { return gst_harness_push(harness_, make_frame(info_, number)); }

  GstHarness* harness_ = nullptr;
  GstVideoInfo info_{};
};

}  // namespace dfd::test
