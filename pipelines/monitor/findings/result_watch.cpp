// SPDX-License-Identifier: LGPL-2.1-or-later

#include "result_watch.h"

#include <gst/deepfake/gstdeepfakemeta.h>

#include <algorithm>
#include <atomic>

namespace dfd::monitor {

struct ResultWatch::Shared {
  static GstPadProbeReturn on_picture(GstPad* pad, GstPadProbeInfo* info, gpointer data);

  // Of the pad's streaming thread.
  GstClockTime last = GST_CLOCK_TIME_NONE;
  // 0: none yet.
  std::atomic<Clock::rep> newest{0};
};

GstPadProbeReturn ResultWatch::Shared::on_picture(GstPad* /*pad*/, GstPadProbeInfo* info,
                                                  gpointer data) {
  Shared& shared = **static_cast<std::shared_ptr<Shared>*>(data);
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(GST_PAD_PROBE_INFO_BUFFER(info));
  if (meta == nullptr || meta->running_time == shared.last) return GST_PAD_PROBE_OK;
  shared.last = meta->running_time;
  // It has none after a change of the stream, until something is known of what came since.
  if (GST_CLOCK_TIME_IS_VALID(shared.last)) {
    shared.newest = Clock::now().time_since_epoch().count();
  }
  return GST_PAD_PROBE_OK;
}

namespace {

// Whoever wants a sample in ten seconds gets a result in ten seconds. 0/1 is the model's rate.
ResultWatch::Clock::duration least_pace(GstElement* detect) {
  constexpr int kMissed = 3;
  gint numerator = 0;
  gint denominator = 1;
  GValue rate = G_VALUE_INIT;
  g_value_init(&rate, GST_TYPE_FRACTION);
  if (g_object_class_find_property(G_OBJECT_GET_CLASS(detect), "sample-rate") != nullptr) {
    g_object_get_property(G_OBJECT(detect), "sample-rate", &rate);
    numerator = gst_value_get_fraction_numerator(&rate);
    denominator = gst_value_get_fraction_denominator(&rate);
  }
  g_value_unset(&rate);
  if (numerator <= 0) return {};
  return std::chrono::duration_cast<ResultWatch::Clock::duration>(
      std::chrono::duration<double>(kMissed * double(denominator) / numerator));
}

}  // namespace

ResultWatch::ResultWatch(GstElement* detect)
    : shared_(std::make_shared<Shared>()), lasts_(std::max(kLasts, least_pace(detect))) {
  GstPad* pad = gst_element_get_static_pad(detect, "src");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, Shared::on_picture,
                    new std::shared_ptr<Shared>(shared_),
                    [](gpointer data) { delete static_cast<std::shared_ptr<Shared>*>(data); });
  gst_object_unref(pad);
}

std::optional<ResultWatch::Clock::time_point> ResultWatch::newest() const {
  const Clock::rep newest = shared_->newest;
  if (newest == 0) return std::nullopt;
  return Clock::time_point(Clock::duration(newest));
}

}  // namespace dfd::monitor
