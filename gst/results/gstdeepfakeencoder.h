// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the elements that write results as another stream have in common: pads, events, gaps, and
// the choice of the frames worth a record.

#pragma once

#include <gst/gst.h>

#include <optional>
#include <string>

#include "gstdeepfakemeta.h"

enum GstDeepfakeUpdates {
  GST_DEEPFAKE_UPDATES_EVERY_FRAME,
  GST_DEEPFAKE_UPDATES_ON_CHANGE,
};

#define GST_TYPE_DEEPFAKE_UPDATES (gst_deepfake_updates_get_type())
GType gst_deepfake_updates_get_type();

// One frame, as an encoder is told of it. Borrowed, for the length of a call.
struct GstDeepfakeRecord {
  const GstDeepfakeMeta* meta;  // Null: the frame carries no results.
  GstBuffer* buffer;
  GstClockTime pts;          // ns, of the segment.
  GstClockTime duration;     // ns, or GST_CLOCK_TIME_NONE.
  GstClockTime stream_time;  // ns, never GST_CLOCK_TIME_NONE.
  bool reordered;  // Shown before one that came earlier, as B-frames of encoded video are.
  guint width;     // Of the picture that the buffer holds now, in pixels; 0: unknown.
  guint height;
};

// What an encoder has to say. Empty bytes: nothing. The times are the frame's unless it sets them.
struct GstDeepfakeOutput {
  std::string bytes;
  GstClockTime pts = GST_CLOCK_TIME_NONE;
  GstClockTime duration = GST_CLOCK_TIME_NONE;
};

// Edges as parts of the picture's width and height, cut to [0, 1].
struct GstDeepfakeBox {
  double left;
  double top;
  double right;
  double bottom;
};

struct GstDeepfakeEncoderPrivate;

struct GstDeepfakeEncoder {
  GstElement parent;
  GstDeepfakeEncoderPrivate* priv;
};

// All functions run in the streaming thread, except start, which runs before there is one. They
// may throw.
struct GstDeepfakeEncoderClass {
  GstElementClass parent_class;

  // Ends the names of the streams that this class makes, as "json" in "abc/json".
  const char* stream_suffix;
  // Optional. With what each text begins: in the caps as streamheader, for those who come later,
  // and as the first buffer, flagged as a header.
  const char* header;
  // The bytes themselves tell stream time, and whoever parses them takes it for positions in the
  // segment: so the stream that goes out is in stream time, with a segment of its own.
  bool in_stream_time;
  // Optional. FALSE: the element cannot start; an error has been posted.
  gboolean (*start)(GstDeepfakeEncoder* self);
  // Called for every frame that has a time, with results or without.
  void (*encode)(GstDeepfakeEncoder* self, const GstDeepfakeRecord& record,
                 GstDeepfakeOutput& output);
  // Optional. The stream or its segment ends: what is still open goes out.
  void (*finish)(GstDeepfakeEncoder* self, GstDeepfakeOutput& output);
  // Optional. What was known of the stream is forgotten; all: downstream forgets what it got, too.
  void (*reset)(GstDeepfakeEncoder* self, bool all);
};

#define GST_TYPE_DEEPFAKE_ENCODER (gst_deepfake_encoder_get_type())
#define GST_DEEPFAKE_ENCODER(object) \
  (G_TYPE_CHECK_INSTANCE_CAST((object), GST_TYPE_DEEPFAKE_ENCODER, GstDeepfakeEncoder))
#define GST_DEEPFAKE_ENCODER_CLASS(klass) \
  (G_TYPE_CHECK_CLASS_CAST((klass), GST_TYPE_DEEPFAKE_ENCODER, GstDeepfakeEncoderClass))
#define GST_DEEPFAKE_ENCODER_GET_CLASS(object) \
  (G_TYPE_INSTANCE_GET_CLASS((object), GST_TYPE_DEEPFAKE_ENCODER, GstDeepfakeEncoderClass))
GType gst_deepfake_encoder_get_type();

// Ids below this are taken by the base class.
inline constexpr guint kGstDeepfakeEncoderFirstProperty = 2;

// Gives a class the property `updates`. Its set_property and get_property hand ids that they do not
// know to the base class.
void gst_deepfake_encoder_class_install_updates(GstDeepfakeEncoderClass* klass);

// Whether the frame has results that are to be written, by the property `updates`. To be asked once
// a frame: what it answers TRUE to counts as written. Frames out of order are no news on-change,
// for they tell of a time before the news.
bool gst_deepfake_encoder_is_news(GstDeepfakeEncoder* self, const GstDeepfakeRecord& record);

// Where a face lies in the picture that the buffer holds; nothing when that is not known.
std::optional<GstDeepfakeBox> gst_deepfake_encoder_locate(const GstDeepfakeRecord& record,
                                                          guint index);
