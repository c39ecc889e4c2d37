// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakeframe.h"

#include <memory>

#ifdef HAVE_GST_CUDA
#define GST_USE_UNSTABLE_API
#include <gst/cuda/gstcudamemory.h>
#endif

namespace {

// The buffer's memory and layout in another buffer. Not by gst_buffer_copy(): in GStreamer 1.26
// (not in 1.22) a copy of a pool's buffer holds a reference to it, and no meta could be added any
// more.
GstBuffer* share_memory(GstBuffer* buffer) {
  GstBuffer* shared = gst_buffer_new();
  for (guint i = 0; i < gst_buffer_n_memory(buffer); ++i) {
    gst_buffer_append_memory(shared, gst_buffer_get_memory(buffer, i));
  }
  if (GstVideoMeta* layout = gst_buffer_get_video_meta(buffer)) {
    gst_buffer_add_video_meta_full(shared, layout->flags, layout->format, layout->width,
                                   layout->height, layout->n_planes, layout->offset,
                                   layout->stride);
  }
  return shared;
}

// A read map of the same memory in another buffer.
class MappedBuffer {
 public:
  MappedBuffer(GstBuffer* buffer, const GstVideoInfo& info, GstMapFlags flags)
      : shared_(share_memory(buffer)) {
    mapped_ = gst_video_frame_map(&frame_, &info, shared_, flags) != FALSE;
  }
  ~MappedBuffer() {
    if (mapped_) gst_video_frame_unmap(&frame_);
    gst_buffer_unref(shared_);
  }
  MappedBuffer(const MappedBuffer&) = delete;
  MappedBuffer& operator=(const MappedBuffer&) = delete;

  bool mapped() const { return mapped_; }
  const GstVideoFrame& frame() const { return frame_; }

 private:
  GstBuffer* shared_;
  GstVideoFrame frame_{};
  bool mapped_ = false;
};

dfd::PixelFormat format_of(GstVideoFormat format) {
  switch (format) {
    case GST_VIDEO_FORMAT_I420:
      return dfd::PixelFormat::kI420;
    case GST_VIDEO_FORMAT_YV12:
      return dfd::PixelFormat::kYv12;
    case GST_VIDEO_FORMAT_NV12:
      return dfd::PixelFormat::kNv12;
    case GST_VIDEO_FORMAT_BGR:
      return dfd::PixelFormat::kBgr;
    case GST_VIDEO_FORMAT_RGBx:
    case GST_VIDEO_FORMAT_RGBA:
      return dfd::PixelFormat::kRgbx;
    case GST_VIDEO_FORMAT_BGRx:
    case GST_VIDEO_FORMAT_BGRA:
      return dfd::PixelFormat::kBgrx;
    case GST_VIDEO_FORMAT_xRGB:
    case GST_VIDEO_FORMAT_ARGB:
      return dfd::PixelFormat::kXrgb;
    case GST_VIDEO_FORMAT_xBGR:
    case GST_VIDEO_FORMAT_ABGR:
      return dfd::PixelFormat::kXbgr;
    default:
      return dfd::PixelFormat::kRgb;
  }
}

dfd::ColorEncoding color_of(const GstVideoInfo& info) {
  dfd::ColorEncoding color;
  const GstVideoColorimetry& colorimetry = info.colorimetry;
  gst_video_color_matrix_get_Kr_Kb(colorimetry.matrix, &color.kr, &color.kb);
  // RGB without a word about its range is full range; Y'CbCr is studio range.
  color.full_range = GST_VIDEO_INFO_IS_RGB(&info)
                         ? colorimetry.range != GST_VIDEO_COLOR_RANGE_16_235
                         : colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
  const GstVideoChromaSite site = GST_VIDEO_INFO_CHROMA_SITE(&info);
  const bool left = (site & GST_VIDEO_CHROMA_SITE_H_COSITED) != 0;
  const bool top = (site & GST_VIDEO_CHROMA_SITE_V_COSITED) != 0;
  if (left) {
    color.chroma_site = top ? dfd::ChromaSite::kTopLeft : dfd::ChromaSite::kLeft;
  } else if ((site & GST_VIDEO_CHROMA_SITE_NONE) != 0) {
    color.chroma_site = dfd::ChromaSite::kCenter;
  }
  return color;
}

}  // namespace

std::optional<dfd::Frame> gst_deepfake_map_frame(GstBuffer* buffer, const GstVideoInfo& info,
                                                 dfd::Timestamp time, int cuda_device) {
  int flags = GST_MAP_READ;
#ifdef HAVE_GST_CUDA
  if (cuda_device != kHostOnly) flags |= GST_MAP_CUDA;
#endif
  auto mapped = std::make_shared<MappedBuffer>(buffer, info, static_cast<GstMapFlags>(flags));
  if (!mapped->mapped()) return std::nullopt;
  const GstVideoFrame& video = mapped->frame();
  dfd::Frame frame;
  frame.time = time;
  frame.view.width = GST_VIDEO_FRAME_WIDTH(&video);
  frame.view.height = GST_VIDEO_FRAME_HEIGHT(&video);
  frame.view.format = format_of(GST_VIDEO_FRAME_FORMAT(&video));
  frame.view.color = color_of(info);
  if (cuda_device != kHostOnly) {
    frame.view.memory = dfd::Memory::kCuda;
    frame.view.device_index = cuda_device;
  }
  for (guint i = 0; i < GST_VIDEO_FRAME_N_PLANES(&video) && i < frame.view.planes.size(); ++i) {
    frame.view.planes[i] = {static_cast<const std::uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&video, i)),
                            GST_VIDEO_FRAME_PLANE_STRIDE(&video, i)};
  }
  frame.owner = std::move(mapped);
  return frame;
}
