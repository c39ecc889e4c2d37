// SPDX-License-Identifier: LGPL-2.1-or-later

#include "connection.h"

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

namespace dfd::monitor {

// Lives as long as any of the two threads and the pad's probe need it.
struct Connection::Shared : LeavableThread::Shared {
  static GstPadProbeReturn on_pad(GstPad* pad, GstPadProbeInfo* info, gpointer data);
  void note_size(GstEvent* event);
  void give_picture(GstPad* pad, GstBuffer* buffer);

  Pipeline pipeline;
  std::atomic<std::uint64_t> frames{0};
  std::atomic<Time::rep> last_frame{0};
  std::atomic<int> width{0};
  std::atomic<int> height{0};
  std::atomic<bool> picture_wanted{false};
  std::atomic<bool> failed{false};
  // With the mutex held.
  std::vector<TakePicture> takers;
};

void Connection::Shared::note_size(GstEvent* event) {
  if (GST_EVENT_TYPE(event) != GST_EVENT_CAPS) return;
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  int size[2] = {0, 0};
  gst_structure_get_int(structure, "width", &size[0]);
  gst_structure_get_int(structure, "height", &size[1]);
  width = size[0];
  height = size[1];
}

void Connection::Shared::give_picture(GstPad* pad, GstBuffer* buffer) {
  std::vector<TakePicture> waiting;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    waiting.swap(takers);
  }
  GstCaps* caps = gst_pad_get_current_caps(pad);
  GstSample* sample = gst_sample_new(buffer, caps, nullptr, nullptr);
  gst_caps_unref(caps);
  for (const TakePicture& take : waiting) take(sample);
  gst_sample_unref(sample);
}

GstPadProbeReturn Connection::Shared::on_pad(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  Shared& shared = **static_cast<std::shared_ptr<Shared>*>(data);
  if ((info->type & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
    // Before the count: who sees the count sees a time.
    shared.last_frame = Time::clock::now().time_since_epoch().count();
    ++shared.frames;
    if (shared.picture_wanted.exchange(false)) {
      shared.give_picture(pad, GST_PAD_PROBE_INFO_BUFFER(info));
    }
  } else {
    shared.note_size(GST_PAD_PROBE_INFO_EVENT(info));
  }
  return GST_PAD_PROBE_OK;
}

Connection::Connection(Pipeline pipeline, Handler handler)
    : shared_(std::make_shared<Shared>()), handler_(std::move(handler)) {
  shared_->pipeline = std::move(pipeline);
  gst_pad_add_probe(
      shared_->pipeline.pictures.get(),
      static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
      Shared::on_pad, new std::shared_ptr<Shared>(shared_),
      [](gpointer data) { delete static_cast<std::shared_ptr<Shared>*>(data); });
  GstBus* bus = gst_element_get_bus(shared_->pipeline.pipeline.get());
  bus_watch_ = gst_bus_add_watch(bus, on_message, this);
  gst_object_unref(bus);
  thread_.start(shared_, run);
}

Connection::~Connection() { close(); }

void Connection::run(Shared& shared) {
  GstElement* pipeline = shared.pipeline.pipeline.get();
  if (gst_element_set_state(pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    shared.failed = true;
  }
  {
    std::unique_lock<std::mutex> lock(shared.mutex);
    shared.changed.wait(lock, [&] { return shared.end; });
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  // The probe holds a share of what holds its pad.
  shared.pipeline = {};
}

void Connection::close() {
  if (bus_watch_ != 0) g_source_remove(std::exchange(bus_watch_, 0));
  thread_.ask_to_end();
}

gboolean Connection::on_message(GstBus* /*bus*/, GstMessage* message, gpointer data) {
  auto* self = static_cast<Connection*>(data);
  if (!self->failure_) self->failure_ = failure_of(message);
  self->handler_(message);
  return G_SOURCE_CONTINUE;
}

Seen Connection::seen() {
  const bool failed = shared_->failed;
  // What the element itself says of it may still wait on the bus.
  if (failed && !failure_ && bus_watch_ != 0) {
    GstBus* bus = gst_element_get_bus(shared_->pipeline.pipeline.get());
    if (GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR)) {
      failure_ = failure_of(message);
      gst_message_unref(message);
    }
    gst_object_unref(bus);
  }
  Seen seen;
  seen.frames = shared_->frames;
  seen.last_frame = Time(Duration(shared_->last_frame));
  seen.failure = failure_;
  if (failed && !seen.failure) {
    seen.failure = Failure{FailureReason::kError, "the pipeline does not start"};
  }
  seen.closed = thread_.has_ended();
  return seen;
}

void Connection::want_picture(TakePicture take) {
  {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    shared_->takers.push_back(std::move(take));
  }
  shared_->picture_wanted = true;
}

int Connection::width() const { return shared_->width; }
int Connection::height() const { return shared_->height; }

GstElement* Connection::detect() const {
  // The other thread gives the pipeline up some time after close().
  return bus_watch_ == 0 ? nullptr : shared_->pipeline.detect.get();
}

}  // namespace dfd::monitor
