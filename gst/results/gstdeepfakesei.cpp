// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakesei.h"

#define GST_USE_UNSTABLE_API  // No promise that the parsers' interface stays.
#include <gst/codecparsers/gsth264parser.h>

#include <algorithm>
#include <utility>

namespace {

constexpr guint8 kSeiNal = 6;  // nal_ref_idc 0: no picture needs it.
constexpr guint8 kUserDataUnregistered = 5;
constexpr guint kUsualLengthSize = 4;
constexpr auto kToTheEnd = static_cast<gsize>(-1);
constexpr guint kPrefixNal = 14;  // Belongs to the slice behind it, and nothing may come between.

// lengthSizeMinusOne of an AVCDecoderConfigurationRecord: the low bits of its fifth byte.
guint length_size_of(const GValue* codec_data) {
  GstBuffer* record = codec_data != nullptr && GST_VALUE_HOLDS_BUFFER(codec_data)
                          ? gst_value_get_buffer(codec_data)
                          : nullptr;
  guint8 byte = 0;
  if (record == nullptr || gst_buffer_extract(record, 4, &byte, 1) != 1) return kUsualLengthSize;
  return (byte & 3U) + 1;
}

bool starts_picture(guint type) {
  return (type >= GST_H264_NAL_SLICE && type <= GST_H264_NAL_SLICE_IDR) || type == kPrefixNal ||
         (type >= GST_H264_NAL_SLICE_AUX && type <= GST_H264_NAL_SLICE_DEPTH);
}

// The payload of a NAL unit without what keeps start codes out of it.
std::vector<guint8> unescaped(const guint8* start, const guint8* end) {
  std::vector<guint8> bytes;
  int zeros = 0;
  for (; start != end; ++start) {
    if (zeros >= 2 && *start == 3) {
      zeros = 0;
      continue;
    }
    bytes.push_back(*start);
    zeros = *start == 0 ? zeros + 1 : 0;
  }
  return bytes;
}

// A number in SEI's own way: bytes of FF, then one that is smaller; their sum. None at the end.
std::optional<gsize> number_at(const std::vector<guint8>& bytes, gsize& at) {
  gsize number = 0;
  while (at < bytes.size()) {
    number += bytes[at];
    if (bytes[at++] != 0xFF) return number;
  }
  return std::nullopt;
}

// The last message of this UUID in an SEI NAL unit that has the UUID somewhere; empty when none can
// be read. Not by gst_h264_parser_parse_sei(): without the stream's parameter sets it ends at the
// first message that needs them, and ours may stand behind it.
std::string message_in(const guint8* start, const guint8* end, const GstDeepfakeUuid& uuid) {
  const std::vector<guint8> bytes = unescaped(start, end);
  std::string text;
  gsize at = 0;
  while (true) {
    const std::optional<gsize> type = number_at(bytes, at);
    const std::optional<gsize> size = number_at(bytes, at);
    if (!type || !size || *size > bytes.size() - at) return text;
    const guint8* payload = bytes.data() + at;
    at += *size;
    if (*type != kUserDataUnregistered || *size < uuid.size()) continue;
    if (!std::equal(uuid.begin(), uuid.end(), payload)) continue;
    text.assign(payload + uuid.size(), payload + *size);
  }
}

}  // namespace

std::vector<guint8> gst_deepfake_sei_write(const GstDeepfakeUuid& uuid, std::string_view text,
                                           guint length_size) {
  std::vector<guint8> message = {kUserDataUnregistered};
  gsize size = uuid.size() + text.size();
  for (; size >= 0xFF; size -= 0xFF) message.push_back(0xFF);
  message.push_back(static_cast<guint8>(size));
  message.insert(message.end(), uuid.begin(), uuid.end());
  message.insert(message.end(), text.begin(), text.end());
  message.push_back(0x80);  // rbsp_trailing_bits

  std::vector<guint8> unit = {kSeiNal};
  int zeros = 0;
  for (const guint8 byte : message) {
    if (zeros == 2 && byte <= 3) {
      unit.push_back(3);  // emulation_prevention_three_byte: no start code inside.
      zeros = 0;
    }
    unit.push_back(byte);
    zeros = byte == 0 ? zeros + 1 : 0;
  }

  std::vector<guint8> head = {0, 0, 0, 1};
  if (length_size > 0) {
    const guint64 length = unit.size();
    if (length >> (8 * length_size) != 0) return {};
    head.clear();
    for (guint i = length_size; i-- > 0;) head.push_back(static_cast<guint8>(length >> (8 * i)));
  }
  unit.insert(unit.begin(), head.begin(), head.end());
  return unit;
}

GstDeepfakeAccessUnits::GstDeepfakeAccessUnits(const GstCaps* caps)
    : parser_(gst_h264_nal_parser_new()) {
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  const GValue* codec_data = gst_structure_get_value(structure, "codec_data");
  const gchar* format = gst_structure_get_string(structure, "stream-format");
  const bool has_lengths =
      format == nullptr ? codec_data != nullptr : g_str_has_prefix(format, "avc") != FALSE;
  if (has_lengths) length_size_ = length_size_of(codec_data);
}

GstDeepfakeAccessUnits::~GstDeepfakeAccessUnits() { gst_h264_nal_parser_free(parser_); }

template <typename Visitor>
std::optional<gsize> GstDeepfakeAccessUnits::walk(const guint8* data, gsize size, Visitor&& visit) {
  if (size > G_MAXINT) return std::nullopt;  // The parser counts in 32 bits.
  guint offset = 0;
  while (offset < size) {
    GstH264NalUnit nal{};
    // Of a slice only the start is sought: its end would mean scanning all of it.
    GstH264ParserResult result =
        length_size_ > 0
            ? gst_h264_parser_identify_nalu_avc(parser_, data, offset, size,
                                                static_cast<guint8>(length_size_), &nal)
            : gst_h264_parser_identify_nalu_unchecked(parser_, data, offset, size, &nal);
    if (result != GST_H264_PARSER_OK) return std::nullopt;
    if (starts_picture(nal.type)) return nal.sc_offset;
    if (length_size_ == 0) {
      result = gst_h264_parser_identify_nalu(parser_, data, offset, size, &nal);
      // The last unit of a buffer ends with it.
      if (result != GST_H264_PARSER_OK && result != GST_H264_PARSER_NO_NAL_END) return std::nullopt;
    }
    visit(nal);
    offset = nal.offset + nal.size;
  }
  return std::nullopt;
}

// Not gst_h264_parser_insert_sei(): that one takes a broken unit, or the last of a buffer without a
// picture, for the picture, and comes between a prefix unit and its slice.
bool GstDeepfakeAccessUnits::insert(GstBuffer* buffer, const GstDeepfakeUuid& uuid,
                                    std::string_view text) {
  const std::vector<guint8> unit = gst_deepfake_sei_write(uuid, text, length_size_);
  GstMapInfo map;
  if (unit.empty() || gst_buffer_map(buffer, &map, GST_MAP_READ) == FALSE) return false;
  const std::optional<gsize> picture = walk(map.data, map.size, [](GstH264NalUnit&) {});
  gst_buffer_unmap(buffer, &map);
  if (!picture) return false;

  GstBuffer* parts = *picture == 0
                         ? gst_buffer_new()
                         : gst_buffer_copy_region(buffer, GST_BUFFER_COPY_MEMORY, 0, *picture);
  GstBuffer* rest = gst_buffer_copy_region(buffer, GST_BUFFER_COPY_MEMORY, *picture, kToTheEnd);
  const bool shared = parts != nullptr && rest != nullptr;
  if (shared) {
    parts = gst_buffer_append(parts, gst_buffer_new_memdup(unit.data(), unit.size()));
    parts = gst_buffer_append(parts, gst_buffer_ref(rest));
    gst_buffer_remove_all_memory(buffer);
    gst_buffer_copy_into(buffer, parts, GST_BUFFER_COPY_MEMORY, 0, kToTheEnd);
  }
  gst_clear_buffer(&parts);
  gst_clear_buffer(&rest);
  return shared;
}

std::optional<std::string> GstDeepfakeAccessUnits::find(GstBuffer* buffer,
                                                        const GstDeepfakeUuid& uuid) {
  std::optional<std::string> text;
  GstMapInfo map;
  if (gst_buffer_map(buffer, &map, GST_MAP_READ) == FALSE) return text;
  walk(map.data, map.size, [&](GstH264NalUnit& nal) {
    if (nal.type != GST_H264_NAL_SEI) return;
    const guint8* start = nal.data + nal.offset;
    const guint8* end = start + nal.size;
    // Nobody else's messages are parsed.
    if (std::search(start, end, uuid.begin(), uuid.end()) == end) return;
    text = message_in(start + nal.header_bytes, end, uuid);
  });
  gst_buffer_unmap(buffer, &map);
  return text;
}
