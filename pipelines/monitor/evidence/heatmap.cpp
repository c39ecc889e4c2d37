// SPDX-License-Identifier: LGPL-2.1-or-later

#include "heatmap.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#include <stdexcept>

#include "evidence/launch_line.h"
#include "evidence/picture_maker.h"

namespace dfd::monitor {
namespace {

constexpr GstClockTime kLimit = 5 * GST_SECOND;

}  // namespace

std::string heatmap_jpeg(GstSample* sample) {
  // Who takes plain pictures has it drawn into them.
  const Owned<GstElement> pipeline = make_line(
      "appsrc name=from format=time ! deepfakeoverlay overlay=heatmap+boxes ! video/x-raw ! "
      "appsink name=to sync=false");
  const Owned<GstElement> from(gst_bin_get_by_name(GST_BIN(pipeline.get()), "from"));
  const Owned<GstElement> to(gst_bin_get_by_name(GST_BIN(pipeline.get()), "to"));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  gst_app_src_push_sample(GST_APP_SRC(from.get()), sample);
  const Sample drawn(gst_app_sink_try_pull_sample(GST_APP_SINK(to.get()), kLimit));
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  if (drawn == nullptr) throw std::runtime_error("a heatmap cannot be drawn");
  return jpeg_of(drawn.get(), 0);
}

}  // namespace dfd::monitor
