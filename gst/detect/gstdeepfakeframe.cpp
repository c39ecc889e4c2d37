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
  gst_buffer_copy_into(shared, buffer, GST_BUFFER_COPY_FLAGS, 0, 0);  // Says whether it is woven.
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

std::optional<dfd::PixelFormat> format_of(GstVideoFormat format) {
  switch (format) {
    case GST_VIDEO_FORMAT_I420:
      return dfd::PixelFormat::kI420;
    case GST_VIDEO_FORMAT_YV12:
      return dfd::PixelFormat::kYv12;
    case GST_VIDEO_FORMAT_NV12:
      return dfd::PixelFormat::kNv12;
    case GST_VIDEO_FORMAT_NV21:
      return dfd::PixelFormat::kNv21;
    case GST_VIDEO_FORMAT_Y42B:
      return dfd::PixelFormat::kY42b;
    case GST_VIDEO_FORMAT_NV16:
      return dfd::PixelFormat::kNv16;
    case GST_VIDEO_FORMAT_UYVY:
      return dfd::PixelFormat::kUyvy;
    case GST_VIDEO_FORMAT_YUY2:
      return dfd::PixelFormat::kYuy2;
    case GST_VIDEO_FORMAT_YVYU:
      return dfd::PixelFormat::kYvyu;
    case GST_VIDEO_FORMAT_Y444:
      return dfd::PixelFormat::kY444;
    case GST_VIDEO_FORMAT_GRAY8:
      return dfd::PixelFormat::kGray8;
    case GST_VIDEO_FORMAT_I420_10LE:
      return dfd::PixelFormat::kI420p10;
    case GST_VIDEO_FORMAT_I422_10LE:
      return dfd::PixelFormat::kI422p10;
    case GST_VIDEO_FORMAT_P010_10LE:
      return dfd::PixelFormat::kP010;
    case GST_VIDEO_FORMAT_v210:
      return dfd::PixelFormat::kV210;
    case GST_VIDEO_FORMAT_RGB:
      return dfd::PixelFormat::kRgb;
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
      return std::nullopt;
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
  if (colorimetry.transfer == GST_VIDEO_TRANSFER_SMPTE2084) {
    color.transfer = dfd::Transfer::kPq;
  } else if (colorimetry.transfer == GST_VIDEO_TRANSFER_ARIB_STD_B67) {
    color.transfer = dfd::Transfer::kHlg;
  }
  return color;
}

// Not light itself, nor its logarithm: something like a display's gamma, or nothing was said.
bool is_known(GstVideoTransferFunction transfer) {
  switch (transfer) {
    case GST_VIDEO_TRANSFER_GAMMA10:
    case GST_VIDEO_TRANSFER_LOG100:
    case GST_VIDEO_TRANSFER_LOG316:
      return false;
    default:
      return transfer <= GST_VIDEO_TRANSFER_BT601;  // The last that GStreamer 1.22 and 1.26 have.
  }
}

}  // namespace

std::string gst_deepfake_unknown_colors(const GstVideoInfo& info) {
  const GstVideoColorimetry& colorimetry = info.colorimetry;
  if (!is_known(colorimetry.transfer)) {
    return "transfer function " + std::to_string(static_cast<int>(colorimetry.transfer));
  }
  double kr = 0;
  double kb = 0;
  const bool unknown = GST_VIDEO_INFO_IS_YUV(&info) &&
                       colorimetry.matrix != GST_VIDEO_COLOR_MATRIX_UNKNOWN &&
                       gst_video_color_matrix_get_Kr_Kb(colorimetry.matrix, &kr, &kb) == FALSE;
  return unknown ? "matrix " + std::to_string(static_cast<int>(colorimetry.matrix)) : "";
}

dfd::Orientation gst_deepfake_orientation_of(GstVideoOrientationMethod method) {
  switch (method) {
    case GST_VIDEO_ORIENTATION_90R:
      return dfd::Orientation::kRotate90;
    case GST_VIDEO_ORIENTATION_180:
      return dfd::Orientation::kRotate180;
    case GST_VIDEO_ORIENTATION_90L:
      return dfd::Orientation::kRotate270;
    case GST_VIDEO_ORIENTATION_HORIZ:
      return dfd::Orientation::kMirror;
    case GST_VIDEO_ORIENTATION_VERT:
      return dfd::Orientation::kFlip;
    case GST_VIDEO_ORIENTATION_UL_LR:
      return dfd::Orientation::kTranspose;
    case GST_VIDEO_ORIENTATION_UR_LL:
      return dfd::Orientation::kTransverse;
    default:
      return dfd::Orientation::kIdentity;
  }
}

std::optional<dfd::Orientation> gst_deepfake_tagged_orientation(GstEvent* event) {
  GstTagList* tags = nullptr;
  gst_event_parse_tag(event, &tags);
  GstVideoOrientationMethod method = GST_VIDEO_ORIENTATION_IDENTITY;
  if (gst_video_orientation_from_tag(tags, &method) == FALSE) return std::nullopt;
  return gst_deepfake_orientation_of(method);
}

std::optional<dfd::Frame> gst_deepfake_map_frame(GstBuffer* buffer, const GstVideoInfo& info,
                                                 dfd::Timestamp time, int cuda_device) {
  // What the library's kernels cannot read is read in the host's memory.
  const dfd::ColorEncoding color = color_of(info);
  if (GST_VIDEO_INFO_IS_INTERLACED(&info) || color.transfer != dfd::Transfer::kSdr) {
    cuda_device = kHostOnly;
  }
  int flags = GST_MAP_READ;
#ifdef HAVE_GST_CUDA
  if (cuda_device != kHostOnly) flags |= GST_MAP_CUDA;
#endif
  auto mapped = std::make_shared<MappedBuffer>(buffer, info, static_cast<GstMapFlags>(flags));
  if (!mapped->mapped()) return std::nullopt;
  const GstVideoFrame& video = mapped->frame();
  const std::optional<dfd::PixelFormat> format = format_of(GST_VIDEO_FRAME_FORMAT(&video));
  if (!format) return std::nullopt;
  dfd::Frame frame;
  frame.time = time;
  frame.view.width = GST_VIDEO_FRAME_WIDTH(&video);
  frame.view.height = GST_VIDEO_FRAME_HEIGHT(&video);
  frame.view.format = *format;
  frame.view.interlaced = GST_VIDEO_FRAME_IS_INTERLACED(&video);
  frame.view.color = color;
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
