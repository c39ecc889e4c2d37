// SPDX-License-Identifier: LGPL-2.1-or-later

#include "tap.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace dfd::monitor {

class TapFeed {
 public:
  explicit TapFeed(std::shared_ptr<Tap> tap) : tap_(std::move(tap)), connection_(tap_->begin()) {}

  // Of several tracks of a kind the first one that brings something is taken, as long as its pad is
  // there.
  bool owns(Track track, GstPad* pad) {
    GstPad* none = nullptr;
    std::atomic<GstPad*>& owner = owner_of(track);
    return owner.compare_exchange_strong(none, pad) || owner == pad;
  }
  void release(Track track, GstPad* pad) {
    GstPad* own = pad;
    owner_of(track).compare_exchange_strong(own, nullptr);
  }
  void give(Track track, GstCaps* caps, GstBuffer* buffer) {
    tap_->take(connection_, track, caps, buffer);
  }
  void give_judged(GstCaps* caps, GstBuffer* buffer, GstClockTime running_time) {
    tap_->take_judged(connection_, caps, buffer, running_time);
  }
  void set_shift(GstClockTime shift) { shift_ = shift; }
  GstClockTime shift() const { return shift_; }

 private:
  std::atomic<GstPad*>& owner_of(Track track) {
    return track == Track::kPictures ? pictures_ : sound_;
  }

  std::shared_ptr<Tap> tap_;
  std::uint64_t connection_;
  std::atomic<GstClockTime> shift_{0};
  // Only compared.
  std::atomic<GstPad*> pictures_{nullptr};
  std::atomic<GstPad*> sound_{nullptr};
};

namespace {

// What one pad's probe has.
struct Watched {
  std::shared_ptr<TapFeed> feed;
  Track track;
  GstPad* pad;
  // Of the segment at hand. Of the pad's streaming thread.
  GstClockTime shift = 0;
};

GstClockTime running_time(const GstSegment* segment, GstClockTime time) {
  if (!GST_CLOCK_TIME_IS_VALID(time)) return GST_CLOCK_TIME_NONE;
  guint64 running = 0;
  // Frames that are decoded only for those behind them lie before the segment.
  const int sign = gst_segment_to_running_time_full(segment, GST_FORMAT_TIME, time, &running);
  if (sign == 0) return GST_CLOCK_TIME_NONE;
  if (sign > 0) return running + Tap::kTimeBase;
  return Tap::kTimeBase - std::min<guint64>(running, Tap::kTimeBase);
}

void give(const Watched& watched, GstPad* pad, GstBuffer* buffer) {
  GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
  if (event == nullptr) return;
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event, &segment);
  GstCaps* caps = segment->format == GST_FORMAT_TIME ? gst_pad_get_current_caps(pad) : nullptr;
  if (caps != nullptr) {
    // The memory is shared.
    GstBuffer* copy = gst_buffer_copy(buffer);
    for (GstClockTime* time : {&GST_BUFFER_PTS(copy), &GST_BUFFER_DTS(copy)}) {
      *time = running_time(segment, *time);
      if (GST_CLOCK_TIME_IS_VALID(*time)) *time += watched.shift;
    }
    watched.feed->give(watched.track, caps, copy);
    gst_caps_unref(caps);
  }
  gst_event_unref(event);
}

gboolean give_one(GstBuffer** buffer, guint /*number*/, gpointer data) {
  const auto& watched = *static_cast<Watched*>(data);
  give(watched, watched.pad, *buffer);
  return TRUE;
}

GstPadProbeReturn on_pad(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  auto& watched = *static_cast<Watched*>(data);
  if ((info->type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) != 0) {
    const GstEventType type = GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info));
    if (type == GST_EVENT_EOS) watched.feed->release(watched.track, pad);
    if (type == GST_EVENT_SEGMENT) watched.shift = watched.feed->shift();
    return GST_PAD_PROBE_OK;
  }
  if (!watched.feed->owns(watched.track, pad)) return GST_PAD_PROBE_OK;
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0) {
    gst_buffer_list_foreach(GST_PAD_PROBE_INFO_BUFFER_LIST(info), give_one, &watched);
  } else {
    give(watched, pad, GST_PAD_PROBE_INFO_BUFFER(info));
  }
  return GST_PAD_PROBE_OK;
}

void watch(GstPad* pad, Track track, const std::shared_ptr<TapFeed>& feed) {
  gst_pad_add_probe(
      pad,
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST |
                                   GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      on_pad, new Watched{feed, track, pad}, [](gpointer data) {
        auto* watched = static_cast<Watched*>(data);
        watched->feed->release(watched->track, watched->pad);
        delete watched;
      });
}

GstPadProbeReturn on_judged(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
  GstCaps* caps = gst_pad_get_current_caps(pad);
  if (event != nullptr && caps != nullptr) {
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    (*static_cast<std::shared_ptr<TapFeed>*>(data))
        ->give_judged(
            caps, buffer,
            gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer)));
  }
  gst_clear_caps(&caps);
  gst_clear_event(&event);
  return GST_PAD_PROBE_OK;
}

void on_deep_element_added(GstBin* /*bin*/, GstBin* /*part*/, GstElement* element, gpointer data) {
  GstElementFactory* factory = gst_element_get_factory(element);
  const bool decodes =
      factory != nullptr &&
      gst_element_factory_list_is_type(factory, GST_ELEMENT_FACTORY_TYPE_DECODER |
                                                    GST_ELEMENT_FACTORY_TYPE_MEDIA_VIDEO) != FALSE;
  // Bins such as decodebin call themselves decoders, too.
  if (!decodes || GST_IS_BIN(element)) return;
  GstPad* pad = gst_element_get_static_pad(element, "sink");
  if (pad == nullptr) return;
  watch(pad, Track::kPictures, *static_cast<std::shared_ptr<TapFeed>*>(data));
  gst_object_unref(pad);
}

}  // namespace

std::shared_ptr<TapFeed> tap_pictures(GstElement* source, std::shared_ptr<Tap> tap) {
  auto feed = std::make_shared<TapFeed>(std::move(tap));
  g_signal_connect_data(
      source, "deep-element-added", G_CALLBACK(on_deep_element_added),
      new std::shared_ptr<TapFeed>(feed),
      [](gpointer data, GClosure* /*closure*/) {
        delete static_cast<std::shared_ptr<TapFeed>*>(data);
      },
      static_cast<GConnectFlags>(0));
  return feed;
}

void tap_sound(GstPad* pad, const std::shared_ptr<TapFeed>& feed) {
  watch(pad, Track::kSound, feed);
}

void tap_judged(GstPad* pad, const std::shared_ptr<TapFeed>& feed) {
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_judged, new std::shared_ptr<TapFeed>(feed),
                    [](gpointer data) { delete static_cast<std::shared_ptr<TapFeed>*>(data); });
}

void shift_tap(TapFeed& feed, GstClockTime shift) { feed.set_shift(shift); }

}  // namespace dfd::monitor
