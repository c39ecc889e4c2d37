// SPDX-License-Identifier: LGPL-2.1-or-later

#include "bounded_http.h"

#include <gst/base/gstpushsrc.h>

#include <string_view>

#include "streams/derived_element.h"

namespace dfd::monitor {
namespace {

struct Transfer {
  bool bounded;
  std::uint64_t bytes;
};

gint transfer_offset = 0;
const GstBaseSrcClass* plain = nullptr;

Transfer& transfer_of(gpointer source) {
  return *static_cast<Transfer*>(G_STRUCT_MEMBER_P(source, transfer_offset));
}

// hlsdemux has a bin for what fetches pieces; all else that it fetches it keeps.
bool fetches_pieces(GstElement* source) {
  GstObject* bin = gst_object_get_parent(GST_OBJECT(source));
  GstObject* demuxer = bin != nullptr ? gst_object_get_parent(bin) : nullptr;
  GstElementFactory* factory =
      demuxer != nullptr ? gst_element_get_factory(GST_ELEMENT(demuxer)) : nullptr;
  const bool pieces =
      factory != nullptr && std::string_view(GST_OBJECT_NAME(factory)) == "hlsdemux";
  if (demuxer != nullptr) gst_object_unref(demuxer);
  if (bin != nullptr) gst_object_unref(bin);
  return pieces;
}

gboolean start(GstBaseSrc* source) {
  transfer_of(source) = {!fetches_pieces(GST_ELEMENT(source)), 0};
  return plain->start(source);
}

GstFlowReturn create(GstPushSrc* source, GstBuffer** buffer) {
  const GstFlowReturn result =
      reinterpret_cast<const GstPushSrcClass*>(plain)->create(source, buffer);
  Transfer& transfer = transfer_of(source);
  if (result != GST_FLOW_OK || !transfer.bounded) return result;
  transfer.bytes += gst_buffer_get_size(*buffer);
  if (transfer.bytes <= kMostPlaylistBytes) return result;
  gst_clear_buffer(buffer);
  GST_ELEMENT_ERROR(source, RESOURCE, READ, ("A playlist or key is larger than 16 MB."), (nullptr));
  return GST_FLOW_ERROR;
}

void set_up_class(gpointer made, gpointer /*data*/) {
  g_type_class_adjust_private_offset(made, &transfer_offset);
  plain = static_cast<const GstBaseSrcClass*>(g_type_class_peek_parent(made));
  static_cast<GstBaseSrcClass*>(made)->start = start;
  static_cast<GstPushSrcClass*>(made)->create = create;
}

}  // namespace

GType bounded_http_source() {
  const GType type = derived_element("souphttpsrc", "DeepfakeMonitorHttpSource", set_up_class);
  if (type != 0) transfer_offset = g_type_add_instance_private(type, sizeof(Transfer));
  return type;
}

}  // namespace dfd::monitor
