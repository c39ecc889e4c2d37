// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-deepfakeklvenc
 * @title: deepfakeklvenc
 * @short_description: Writes the results on video buffers as KLV, for MPEG-TS and RTP
 *
 * deepfakeklvenc ends a branch of video: it reads the #GstDeepfakeMeta of each buffer, never the
 * pixels, and puts out a packet of KLV (SMPTE ST 336). mpegtsmux carries it beside the video, and
 * rtpklvpay over a network.
 *
 * ## Method
 *
 * A packet is one local set: verdict, reason, probability and threshold of the stream, and a nested
 * set for each face. Numbers that are not known, and boxes of faces in a picture that was cut or
 * turned since the analysis, are left out. docs/sidecars.md has the table. The caps are
 * `meta/x-klv, parsed=true`: each buffer is one whole packet, with the time of the frame it tells
 * of. Frames without results, and with #GstDeepfakeKlvEnc:updates on-change those that bring
 * nothing new, become GAP events.
 *
 * ## Limits
 *
 * The default key is from SMPTE's experimental range: nobody has registered one for these items,
 * and readers must be told of them. mpegtsmux writes KLV asynchronously to the video: a reader
 * takes the time from the packet's timestamp, or from the set. Heatmaps are not carried. Of
 * thousands of faces only the most alarming ones fit in a packet.
 *
 * ## Example launch line
 *
 * |[
 * gst-launch-1.0 filesrc location=clip.mp4 ! decodebin ! videoconvert ! video/x-raw,format=I420 !
 * deepfakedetect model-file=model.safetensors ! tee name=t ! queue ! x264enc ! h264parse !
 * mpegtsmux name=mux ! filesink location=clip.ts t. ! deepfakeklvenc ! queue max-size-buffers=0
 * max-size-time=0 ! mux.
 * ]| makes a transport stream with the results in it. x264enc holds back a few seconds of video, so
 * the packets of that time wait in the second queue.
 *
 * Since: 0.1
 */

#include "gstdeepfakeklvenc.h"

#include <string>
#include <utility>

#include "gstdeepfakeencoder.h"
#include "gstdeepfakeklv.h"

namespace {

enum Property { kPropKey = kGstDeepfakeEncoderFirstProperty };

}  // namespace

struct GstDeepfakeKlvEncPrivate {
  std::string key = kGstDeepfakeKlvKey;  // Under the object's lock.
  GstDeepfakeKlvKey bytes{};             // Of the key, since the start.
};

struct GstDeepfakeKlvEnc {
  GstDeepfakeEncoder parent;
  GstDeepfakeKlvEncPrivate* priv;
};

struct GstDeepfakeKlvEncClass {
  GstDeepfakeEncoderClass parent_class;
};

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS("meta/x-klv, parsed=(boolean)true"));

G_DEFINE_TYPE(GstDeepfakeKlvEnc, gst_deepfake_klv_enc, GST_TYPE_DEEPFAKE_ENCODER)
GST_ELEMENT_REGISTER_DEFINE(deepfakeklvenc, "deepfakeklvenc", GST_RANK_NONE,
                            GST_TYPE_DEEPFAKE_KLV_ENC)

static std::string key_of(GstDeepfakeKlvEnc* self) {
  GST_OBJECT_LOCK(self);
  std::string key = self->priv->key;
  GST_OBJECT_UNLOCK(self);
  return key;
}

static gboolean gst_deepfake_klv_enc_start(GstDeepfakeEncoder* encoder) {
  auto* self = reinterpret_cast<GstDeepfakeKlvEnc*>(encoder);
  const std::string text = key_of(self);
  const std::optional<GstDeepfakeKlvKey> key = gst_deepfake_klv_parse_key(text);
  if (!key) {
    GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS,
                      ("key \"%s\" is no SMPTE key; give 32 hexadecimal digits that begin with "
                       "060E2B34, such as %s.",
                       text.c_str(), kGstDeepfakeKlvKey),
                      (nullptr));
    return FALSE;
  }
  self->priv->bytes = *key;
  return TRUE;
}

static void gst_deepfake_klv_enc_encode(GstDeepfakeEncoder* encoder,
                                        const GstDeepfakeRecord& record,
                                        GstDeepfakeOutput& output) {
  if (!gst_deepfake_encoder_is_news(encoder, record)) return;
  const auto* self = reinterpret_cast<GstDeepfakeKlvEnc*>(encoder);
  output.bytes = gst_deepfake_klv_packet(self->priv->bytes, record);
}

static void gst_deepfake_klv_enc_set_property(GObject* object, guint id, const GValue* value,
                                              GParamSpec* pspec) {
  auto* self = reinterpret_cast<GstDeepfakeKlvEnc*>(object);
  if (id != kPropKey) {
    G_OBJECT_CLASS(gst_deepfake_klv_enc_parent_class)->set_property(object, id, value, pspec);
    return;
  }
  const gchar* text = g_value_get_string(value);
  GST_OBJECT_LOCK(self);
  self->priv->key = text != nullptr ? text : kGstDeepfakeKlvKey;
  GST_OBJECT_UNLOCK(self);
}

static void gst_deepfake_klv_enc_get_property(GObject* object, guint id, GValue* value,
                                              GParamSpec* pspec) {
  if (id != kPropKey) {
    G_OBJECT_CLASS(gst_deepfake_klv_enc_parent_class)->get_property(object, id, value, pspec);
    return;
  }
  g_value_set_string(value, key_of(reinterpret_cast<GstDeepfakeKlvEnc*>(object)).c_str());
}

static void gst_deepfake_klv_enc_init(GstDeepfakeKlvEnc* self) {
  self->priv = new GstDeepfakeKlvEncPrivate;
}

static void gst_deepfake_klv_enc_finalize(GObject* object) {
  delete reinterpret_cast<GstDeepfakeKlvEnc*>(object)->priv;
  G_OBJECT_CLASS(gst_deepfake_klv_enc_parent_class)->finalize(object);
}

static void gst_deepfake_klv_enc_class_init(GstDeepfakeKlvEncClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = gst_deepfake_klv_enc_set_property;
  object_class->get_property = gst_deepfake_klv_enc_get_property;
  object_class->finalize = gst_deepfake_klv_enc_finalize;
  g_object_class_install_property(
      object_class, kPropKey,
      g_param_spec_string("key", "Key", "Key of the local set: 32 hexadecimal digits",
                          kGstDeepfakeKlvKey,
                          static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                   GST_PARAM_MUTABLE_READY)));
  auto* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(
      element_class, "Deepfake results as KLV", "Codec/Encoder/Metadata",
      "Writes the results on video buffers as KLV packets", "The deepfakedetect developers");
  gst_element_class_add_static_pad_template(element_class, &src_template);
  auto* encoder_class = GST_DEEPFAKE_ENCODER_CLASS(klass);
  encoder_class->stream_suffix = "klv";
  encoder_class->start = gst_deepfake_klv_enc_start;
  encoder_class->encode = gst_deepfake_klv_enc_encode;
  gst_deepfake_encoder_class_install_updates(encoder_class);
}
