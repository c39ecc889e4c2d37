// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakenal.h"

#define GST_USE_UNSTABLE_API  // No promise that the parsers' interface stays.
#include <gst/codecparsers/gsth264parser.h>
#include <gst/codecparsers/gsth265parser.h>

namespace {

constexpr guint kUsualLengthSize = 4;

// GStreamer's parsers are twins in all but their names. Each codec says what its own are called,
// and what its units mean.
struct H264 {
  using Parser = GstH264NalParser;
  using Unit = GstH264NalUnit;
  static constexpr auto make_parser = gst_h264_nal_parser_new;
  static constexpr auto free_parser = gst_h264_nal_parser_free;
  static constexpr auto unit_with_length = gst_h264_parser_identify_nalu_avc;
  static constexpr auto start_of_unit = gst_h264_parser_identify_nalu_unchecked;
  static constexpr auto whole_unit = gst_h264_parser_identify_nalu;
  static constexpr auto kGood = GST_H264_PARSER_OK;
  static constexpr auto kLastOfBuffer = GST_H264_PARSER_NO_NAL_END;
  // Byte of an AVCDecoderConfigurationRecord whose low bits are lengthSizeMinusOne.
  static constexpr gsize kLengthSizeAt = 4;
  static constexpr guint kPrefixNal = 14;  // Belongs to the slice behind it; nothing comes between.

  static bool is_possible(const Unit& /*unit*/) { return true; }
  static bool starts_picture(const Unit& unit) {
    return (unit.type >= GST_H264_NAL_SLICE && unit.type <= GST_H264_NAL_SLICE_IDR) ||
           unit.type == kPrefixNal ||
           (unit.type >= GST_H264_NAL_SLICE_AUX && unit.type <= GST_H264_NAL_SLICE_DEPTH);
  }
  static bool is_sei(const Unit& unit) { return unit.type == GST_H264_NAL_SEI; }
  // nal_ref_idc 0: no picture needs it.
  static std::vector<guint8> sei_header(const Unit& /*picture*/) { return {GST_H264_NAL_SEI}; }
};

struct H265 {
  using Parser = GstH265Parser;
  using Unit = GstH265NalUnit;
  static constexpr auto make_parser = gst_h265_parser_new;
  static constexpr auto free_parser = gst_h265_parser_free;
  static constexpr auto unit_with_length = gst_h265_parser_identify_nalu_hevc;
  static constexpr auto start_of_unit = gst_h265_parser_identify_nalu_unchecked;
  static constexpr auto whole_unit = gst_h265_parser_identify_nalu;
  static constexpr auto kGood = GST_H265_PARSER_OK;
  static constexpr auto kLastOfBuffer = GST_H265_PARSER_NO_NAL_END;
  // The same of an HEVCDecoderConfigurationRecord.
  static constexpr gsize kLengthSizeAt = 21;
  static constexpr guint kLastVclType = 31;  // All below belong to pictures, the reserved ones too.

  // A temporal id of -1 is forbidden, and would put zeros into our own header.
  static bool is_possible(const Unit& unit) { return unit.temporal_id_plus1 != 0; }
  static bool starts_picture(const Unit& unit) { return unit.type <= kLastVclType; }
  // Those of other layers speak of other pictures.
  static bool is_sei(const Unit& unit) {
    return unit.type == GST_H265_NAL_PREFIX_SEI && unit.layer_id == 0;
  }
  // Layer 0, and the picture's temporal id: who drops the picture for its id drops the message too.
  static std::vector<guint8> sei_header(const Unit& picture) {
    return {GST_H265_NAL_PREFIX_SEI << 1U, picture.temporal_id_plus1};
  }
};

// 0: the stream has start codes.
guint length_size_of(const GstStructure* structure, gsize length_size_at) {
  const GValue* codec_data = gst_structure_get_value(structure, "codec_data");
  const gchar* format = gst_structure_get_string(structure, "stream-format");
  const bool has_start_codes =
      format == nullptr ? codec_data == nullptr : g_str_equal(format, "byte-stream") != FALSE;
  if (has_start_codes) return 0;
  GstBuffer* record = codec_data != nullptr && GST_VALUE_HOLDS_BUFFER(codec_data)
                          ? gst_value_get_buffer(codec_data)
                          : nullptr;
  guint8 byte = 0;
  if (record == nullptr || gst_buffer_extract(record, length_size_at, &byte, 1) != 1) {
    return kUsualLengthSize;
  }
  return (byte & 3U) + 1;
}

template <typename Codec>
class NalStreamOf : public GstDeepfakeNalStream {
 public:
  explicit NalStreamOf(const GstStructure* structure)
      : GstDeepfakeNalStream(length_size_of(structure, Codec::kLengthSizeAt)),
        parser_(Codec::make_parser()) {}
  ~NalStreamOf() override { Codec::free_parser(parser_); }

  std::optional<GstDeepfakeNalUnit> unit_at(const guint8* data, gsize size, gsize offset) override {
    const auto at = static_cast<guint>(offset);
    typename Codec::Unit found{};
    auto result = length_size() > 0
                      ? Codec::unit_with_length(parser_, data, at, size,
                                                static_cast<guint8>(length_size()), &found)
                      : Codec::start_of_unit(parser_, data, at, size, &found);
    if (result != Codec::kGood || !Codec::is_possible(found)) return std::nullopt;
    GstDeepfakeNalUnit unit;
    unit.starts_picture = Codec::starts_picture(found);
    // Of a slice only the start is sought: its end would mean scanning all of it.
    if (length_size() == 0 && !unit.starts_picture) {
      result = Codec::whole_unit(parser_, data, at, size, &found);
      if (result != Codec::kGood && result != Codec::kLastOfBuffer) return std::nullopt;
    }
    unit.start = found.sc_offset;
    unit.payload = found.offset + found.header_bytes;
    unit.end = found.offset + found.size;
    unit.is_sei = Codec::is_sei(found);
    if (unit.starts_picture) unit.sei_header = Codec::sei_header(found);
    return unit;
  }

 private:
  typename Codec::Parser* parser_;
};

}  // namespace

std::unique_ptr<GstDeepfakeNalStream> GstDeepfakeNalStream::make(const GstCaps* caps) {
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  if (gst_structure_has_name(structure, "video/x-h265") != FALSE) {
    return std::make_unique<NalStreamOf<H265>>(structure);
  }
  return std::make_unique<NalStreamOf<H264>>(structure);
}
