// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What deepfakedetect has between start and stop: a session on an engine, and what the streaming
// thread remembers from frame to frame.

#pragma once

#include <gst/gst.h>
#include <gst/video/video.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "detector/session.h"
#include "gstdeepfakemarks.h"
#include "gstdeepfakeresult.h"
#include "gstdeepfakesettings.h"

// How long frames wait for their analysis, as the pipeline is told. Thread-safe.
class GstDeepfakeLatency {
 public:
  // The largest wait so far and a little room; 0 before the first.
  GstClockTime reported() const { return reported_; }

  // True when the report had to rise, and the pipeline should ask again.
  bool add(GstClockTime wait);

 private:
  std::atomic<GstClockTime> reported_{0};
};

// The streaming thread owns it; others use what is thread-safe in it while they hold a reference.
// Written by the functions below alone.
struct GstDeepfakeState {
  GstDeepfakeState() = default;
  ~GstDeepfakeState() {
    if (cuda != nullptr) gst_object_unref(cuda);
  }
  GstDeepfakeState(const GstDeepfakeState&) = delete;
  GstDeepfakeState& operator=(const GstDeepfakeState&) = delete;

  std::unique_ptr<dfd::Session> session;  // Thread-safe.
  GstDeepfakeLatency latency;
  GstObject* cuda = nullptr;  // The context frames may be read in without a copy; owned.
  int cuda_device = 0;        // Its device.
  // Frames before this running time are late already, says downstream. Thread-safe.
  std::atomic<GstClockTime> late_before{0};

  GstDeepfakeContext context;
  GstDeepfakeMarks marks;
  GstVideoInfo info{};
  bool negotiated = false;
  std::atomic<bool> complete{false};  // Mode, once auto is resolved.
  bool mode_known = false;
  bool live = false;
  double threshold = -1;                                       // As the session has it.
  dfd::ExplainConfig explain;                                  // As the session has it.
  dfd::Orientation tagged = dfd::Orientation::kIdentity;       // By the stream's tags.
  dfd::Orientation orientation = dfd::Orientation::kIdentity;  // Of the frames that come.
  bool seen_frame = false;
  bool missing_timestamps_told = false;
  bool unknown_colors_told = false;
};

// Loads the model and makes the session; posts warnings. Throws dfd::Error.
std::shared_ptr<GstDeepfakeState> gst_deepfake_state_new(GstElement* element,
                                                         const GstDeepfakeSettings& settings);

// Loads the model that the settings name now and puts it in the old one's place, or keeps the old
// one; posts what became of it ("model-updated"). Slow; not for streaming threads.
void gst_deepfake_state_swap_model(GstElement* element, GstDeepfakeState& state,
                                   const GstDeepfakeSettings& settings);

// Settles the mode with the first frame: auto lets frames wait for their results unless the source
// is live.
void gst_deepfake_state_resolve_mode(GstPad* sink_pad, GstDeepfakeState& state, int mode);

// Posts what happened since the last call. messages: GstDeepfakeMessages.
void gst_deepfake_state_post_events(GstElement* element, GstDeepfakeState& state, int messages);

// Waits for what is under way, and posts the last scores and errors. reset: forgets the tracks.
gboolean gst_deepfake_state_finish(GstElement* element, GstDeepfakeState& state, int messages,
                                   bool reset);

// Forgets tracks and frames: what follows has nothing to do with what was.
void gst_deepfake_state_reset(GstDeepfakeState& state);

// A GAP event: time passes though no frame comes.
void gst_deepfake_state_gap(GstElement* element, GstDeepfakeState& state, const GstSegment& segment,
                            GstEvent* event, int messages);

// Of the settings, what may change while frames come.
struct GstDeepfakeFrameSettings {
  double threshold;
  dfd::ExplainConfig explain;  // On for the overlay's sake too.
  GstVideoOrientationMethod orientation;
};
void gst_deepfake_state_apply(GstDeepfakeState& state, const GstDeepfakeFrameSettings& settings);

// A stream's tags tell how its picture is turned; a stream that begins has none yet.
void gst_deepfake_state_note_tags(GstDeepfakeState& state, GstEvent* event);
void gst_deepfake_state_forget_tags(GstDeepfakeState& state);

// Gives the session the buffer's frame where it wants it, and waits for it in complete mode; of one
// that is flagged as a gap only the time. Buffers without a timestamp follow the one before at the
// caps' rate, those outside the segment are passed over. Throws dfd::Error.
GstFlowReturn gst_deepfake_state_analyse(GstElement* element, GstDeepfakeState& state,
                                         dfd::Region region, const GstSegment& segment,
                                         GstBuffer* buffer);

// Marks the report's faces on a writable buffer, as others read them. flags: GstDeepfakeMetaFlags.
void gst_deepfake_state_mark(GstDeepfakeState& state, guint flags, const dfd::StreamReport& report,
                             GstBuffer* buffer);

// The caps' video, and whether it is of another size than before. Colours that are not known are
// warned of, once a stream.
bool gst_deepfake_state_is_other_size(const GstDeepfakeState& state, const GstVideoInfo& info);
void gst_deepfake_state_set_info(GstElement* element, GstDeepfakeState& state,
                                 const GstVideoInfo& info);

// Frames may be read in this context of this device. (transfer none)
void gst_deepfake_state_set_cuda(GstDeepfakeState& state, GstObject* cuda, int device);

void gst_deepfake_state_flushed(GstDeepfakeState& state);
void gst_deepfake_state_note_lateness(GstDeepfakeState& state, GstEvent* event);  // A QoS event.
void gst_deepfake_state_add_latency(const GstDeepfakeState& state, GstQuery* query);
