// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-deepfakevttenc
 * @title: deepfakevttenc
 * @short_description: Writes the verdicts on video buffers as WebVTT cues
 *
 * deepfakevttenc ends a branch of video: it reads the #GstDeepfakeMeta of each buffer, never the
 * pixels, and puts out WebVTT, which players and browsers show beside the video.
 *
 * ## Method
 *
 * A cue spans the time over which the stream's verdict and reason stay the same. Its text is the
 * verdict with the highest probability of that time: `MANIPULATED 94 % (face #3)`, with a model
 * that knows kinds of evidence `MANIPULATED 94 % (face #3, seam 93 %)`, `UNDECIDED (no-face)`,
 * `AUTHENTIC (manipulated with 3 %)`. Times are stream time, so they fit the video file. A cue goes
 * out when it ends: at a change, a hole in the results, EOS, or after
 * #GstDeepfakeVttEnc:max-cue-duration, so that who reads along sees something and a crash loses
 * little, where the sink keeps nothing back either (`filesink buffer-mode=unbuffered`). A comment
 * before the first cue names the stream, the model and the threshold.
 *
 * The caps are `application/x-subtitle-vtt`, with the line that every WebVTT text begins with as
 * streamheader, so that whoever comes late, or begins a new file, begins with it too. A cue's
 * buffer has the time at which the cue begins, which lies before that of the GAP events that were
 * sent while it was open.
 *
 * ## Limits
 *
 * WebVTT has no place for more than text: boxes, tracks and scores are in deepfakejsonenc's lines.
 * Of encoded video with B-frames a change is told with the next frame that is not shown out of
 * order. A flushing seek begins a new text with its own header. Frames without a timestamp are not
 * written, which a warning tells.
 *
 * ## Example launch line
 *
 * |[
 * gst-launch-1.0 filesrc location=clip.mp4 ! decodebin ! videoconvert ! deepfakedetect
 * model-file=model.safetensors ! deepfakevttenc ! filesink buffer-mode=unbuffered
 * location=clip.vtt
 * ]| writes subtitles that tell the verdict; a player finds them beside clip.mp4.
 *
 * Since: 0.1
 */

#include "gstdeepfakevttenc.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "gstdeepfakeencoder.h"
#include "gstdeepfakewords.h"

namespace {

enum Property { kPropMaxCueDuration = kGstDeepfakeEncoderFirstProperty };

// Long enough that a steady verdict does not flicker in a player, short enough that who watches a
// live text knows where things stand.
constexpr GstClockTime kMaxCueDuration = 10 * GST_SECOND;
// Shorter ones could not be read.
constexpr GstClockTime kShortestCue = 100 * GST_MSECOND;
// Longer without results, and nobody can say that the verdict held. Shorter holes are lost frames.
constexpr GstClockTime kLongestHole = GST_SECOND;

struct Cue {
  GstClockTime start;  // Stream time.
  GstClockTime end;
  GstClockTime pts;  // Of start.
  GstDeepfakeVerdict verdict;
  std::string reason;
  double probability;  // -1: none.
  std::optional<guint64> track;
  std::optional<GstDeepfakeIndicator> indicator;  // Of that face.
};

std::string time_of(GstClockTime time) {
  const guint64 ms = time / GST_MSECOND;
  char text[40];
  std::snprintf(text, sizeof(text),
                "%02" G_GUINT64_FORMAT ":%02" G_GUINT64_FORMAT ":%02" G_GUINT64_FORMAT
                ".%03" G_GUINT64_FORMAT,
                ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
  return text;
}

// Without markup, line breaks, and the arrow that ends comments.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";
    } else {
      result += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    }
  }
  return result;
}

std::string text_of(const Cue& cue) {
  std::string whose;
  if (cue.verdict >= GST_DEEPFAKE_VERDICT_SUSPICIOUS && cue.track) {
    whose = *cue.track == 0 ? "whole picture" : "face #" + std::to_string(*cue.track);
    if (cue.indicator) whose += ", " + gst_deepfake_indicator_text(*cue.indicator);
  }
  return escaped(gst_deepfake_statement(cue.verdict, cue.probability, cue.reason, whose));
}

std::string cue_text(const Cue& cue) {
  // A player drops a cue that lasts no time, as one frame without a duration would.
  const GstClockTime end = std::max(cue.end, cue.start + GST_MSECOND);
  return time_of(cue.start) + " --> " + time_of(end) + "\n" + text_of(cue) + "\n\n";
}

std::string comment_of(const GstDeepfakeMeta& meta) {
  char threshold[16];
  g_ascii_formatd(threshold, sizeof(threshold), "%.3f", meta.threshold);
  return "NOTE stream " + escaped(gst_deepfake_utf8(meta.stream_id)) + ", model " +
         escaped(gst_deepfake_utf8(meta.model_id)) + ", threshold " + threshold + "\n\n";
}

// The face that the verdict is of; null where there is none.
const GstDeepfakeFace* worst_face_of(const GstDeepfakeMeta& meta) {
  const GstDeepfakeFace* begin = meta.faces;
  const GstDeepfakeFace* end = begin + meta.n_faces;
  const GstDeepfakeFace* worst =
      std::max_element(begin, end, [](const GstDeepfakeFace& a, const GstDeepfakeFace& b) {
        return std::pair(a.verdict, a.probability) < std::pair(b.verdict, b.probability);
      });
  return worst == end ? nullptr : worst;
}

// Of a frame without a duration only its beginning is known.
GstClockTime end_of(const GstDeepfakeRecord& record) {
  return record.stream_time +
         (GST_CLOCK_TIME_IS_VALID(record.duration) ? record.duration : GstClockTime{0});
}

bool is_of(const Cue& cue, const GstDeepfakeMeta& meta) {
  return meta.verdict == cue.verdict && cue.reason == gst_deepfake_reason_text(meta.reason);
}

Cue cue_of(const GstDeepfakeRecord& record) {
  const GstDeepfakeMeta& meta = *record.meta;
  const bool known = meta.probability >= 0 && meta.probability <= 1;
  const GstDeepfakeFace* worst = worst_face_of(meta);
  return {record.stream_time,
          end_of(record),
          record.pts,
          meta.verdict,
          gst_deepfake_reason_text(meta.reason),
          known ? meta.probability : -1,
          worst != nullptr ? std::optional(worst->track_id) : std::nullopt,
          worst != nullptr ? gst_deepfake_indicator_of(*worst) : std::nullopt};
}

}  // namespace

struct GstDeepfakeVttEncPrivate {
  GstClockTime max_cue_duration = kMaxCueDuration;  // Under the object's lock.
  std::optional<Cue> cue;
  bool comment_written = false;
};

struct GstDeepfakeVttEnc {
  GstDeepfakeEncoder parent;
  GstDeepfakeVttEncPrivate* priv;
};

struct GstDeepfakeVttEncClass {
  GstDeepfakeEncoderClass parent_class;
};

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS("application/x-subtitle-vtt"));

G_DEFINE_TYPE(GstDeepfakeVttEnc, gst_deepfake_vtt_enc, GST_TYPE_DEEPFAKE_ENCODER)
GST_ELEMENT_REGISTER_DEFINE(deepfakevttenc, "deepfakevttenc", GST_RANK_NONE,
                            GST_TYPE_DEEPFAKE_VTT_ENC)

static GstDeepfakeVttEncPrivate& private_of(GstDeepfakeEncoder* self) {
  return *reinterpret_cast<GstDeepfakeVttEnc*>(self)->priv;
}

static void close_cue(GstDeepfakeVttEncPrivate& priv, GstDeepfakeOutput& output) {
  const Cue& cue = *priv.cue;
  output.bytes += cue_text(cue);
  output.pts = cue.pts;
  output.duration = cue.end - cue.start;
  priv.cue.reset();
}

static GstClockTime max_cue_duration_of(GstDeepfakeEncoder* self) {
  GST_OBJECT_LOCK(self);
  const GstClockTime duration = private_of(self).max_cue_duration;
  GST_OBJECT_UNLOCK(self);
  return duration;
}

// Makes the open cue longer by the frame, or closes it before the frame.
static void continue_cue(GstDeepfakeEncoder* self, const GstDeepfakeRecord& record,
                         GstDeepfakeOutput& output) {
  // Cues must not overlap, so a change counts from the first frame that is shown after all before.
  if (record.reordered) return;
  GstDeepfakeVttEncPrivate& priv = private_of(self);
  Cue& cue = *priv.cue;
  const GstClockTime now = record.stream_time;
  const bool hole = now < cue.start || now > cue.end + kLongestHole;
  const bool full = now >= cue.start && now - cue.start >= max_cue_duration_of(self);
  const bool change = record.meta != nullptr && !is_of(cue, *record.meta);
  // Short holes belong to the verdict before them.
  if (record.meta != nullptr && !hole) cue.end = change || full ? now : end_of(record);
  if (hole || full || change) close_cue(priv, output);
}

static void gst_deepfake_vtt_enc_encode(GstDeepfakeEncoder* self, const GstDeepfakeRecord& record,
                                        GstDeepfakeOutput& output) {
  GstDeepfakeVttEncPrivate& priv = private_of(self);
  if (record.meta != nullptr && !std::exchange(priv.comment_written, true)) {
    output.bytes += comment_of(*record.meta);
  }
  if (priv.cue) continue_cue(self, record, output);
  if (record.meta == nullptr) return;
  Cue cue = cue_of(record);
  if (priv.cue) {
    if (cue.probability > priv.cue->probability && is_of(*priv.cue, *record.meta)) {
      priv.cue->probability = cue.probability;
      priv.cue->track = cue.track;
      priv.cue->indicator = cue.indicator;
    }
  } else if (!record.reordered) {
    priv.cue = std::move(cue);
  }
}

static void gst_deepfake_vtt_enc_finish(GstDeepfakeEncoder* self, GstDeepfakeOutput& output) {
  GstDeepfakeVttEncPrivate& priv = private_of(self);
  if (priv.cue) close_cue(priv, output);
}

static void gst_deepfake_vtt_enc_reset(GstDeepfakeEncoder* self, bool all) {
  GstDeepfakeVttEncPrivate& priv = private_of(self);
  priv.cue.reset();
  if (all) priv.comment_written = false;
}

static void gst_deepfake_vtt_enc_set_property(GObject* object, guint id, const GValue* value,
                                              GParamSpec* pspec) {
  auto* self = reinterpret_cast<GstDeepfakeVttEnc*>(object);
  if (id != kPropMaxCueDuration) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK(self);
  self->priv->max_cue_duration = g_value_get_uint64(value);
  GST_OBJECT_UNLOCK(self);
}

static void gst_deepfake_vtt_enc_get_property(GObject* object, guint id, GValue* value,
                                              GParamSpec* pspec) {
  if (id != kPropMaxCueDuration) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    return;
  }
  g_value_set_uint64(value, max_cue_duration_of(GST_DEEPFAKE_ENCODER(object)));
}

static void gst_deepfake_vtt_enc_init(GstDeepfakeVttEnc* self) {
  self->priv = new GstDeepfakeVttEncPrivate;
}

static void gst_deepfake_vtt_enc_finalize(GObject* object) {
  delete reinterpret_cast<GstDeepfakeVttEnc*>(object)->priv;
  G_OBJECT_CLASS(gst_deepfake_vtt_enc_parent_class)->finalize(object);
}

static void gst_deepfake_vtt_enc_class_init(GstDeepfakeVttEncClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = gst_deepfake_vtt_enc_set_property;
  object_class->get_property = gst_deepfake_vtt_enc_get_property;
  object_class->finalize = gst_deepfake_vtt_enc_finalize;
  g_object_class_install_property(
      object_class, kPropMaxCueDuration,
      g_param_spec_uint64("max-cue-duration", "Longest cue",
                          "Time after which a cue is written though nothing changed (ns)",
                          kShortestCue, G_MAXUINT64, kMaxCueDuration,
                          static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                   GST_PARAM_MUTABLE_PLAYING)));
  auto* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(
      element_class, "Deepfake verdicts as WebVTT", "Codec/Encoder/Subtitle",
      "Writes the verdicts on video buffers as WebVTT cues", "The deepfakedetect developers");
  gst_element_class_add_static_pad_template(element_class, &src_template);
  auto* encoder_class = GST_DEEPFAKE_ENCODER_CLASS(klass);
  encoder_class->stream_suffix = "vtt";
  encoder_class->header = "WEBVTT\n\n";
  encoder_class->in_stream_time = true;
  encoder_class->encode = gst_deepfake_vtt_enc_encode;
  encoder_class->finish = gst_deepfake_vtt_enc_finish;
  encoder_class->reset = gst_deepfake_vtt_enc_reset;
}
