// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakesei.h"

#include <algorithm>
#include <utility>

namespace {

constexpr guint8 kUserDataUnregistered = 5;
constexpr auto kToTheEnd = static_cast<gsize>(-1);

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
// be read. Not by GStreamer's parsers: without the stream's parameter sets they end at the first
// message that needs them, and ours may stand behind it; H.265's knows no user data before 1.24.
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

std::vector<guint8> gst_deepfake_sei_write(const std::vector<guint8>& header,
                                           const GstDeepfakeUuid& uuid, std::string_view text,
                                           guint length_size) {
  std::vector<guint8> message = {kUserDataUnregistered};
  gsize size = uuid.size() + text.size();
  for (; size >= 0xFF; size -= 0xFF) message.push_back(0xFF);
  message.push_back(static_cast<guint8>(size));
  message.insert(message.end(), uuid.begin(), uuid.end());
  message.insert(message.end(), text.begin(), text.end());
  message.push_back(0x80);  // rbsp_trailing_bits

  std::vector<guint8> unit = header;
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
    : units_(GstDeepfakeNalStream::make(caps)) {}

template <typename Visitor>
std::optional<GstDeepfakeNalUnit> GstDeepfakeAccessUnits::walk(const guint8* data, gsize size,
                                                               Visitor&& visit) {
  if (size > G_MAXINT) return std::nullopt;  // The parsers count in 32 bits.
  gsize offset = 0;
  while (offset < size) {
    std::optional<GstDeepfakeNalUnit> unit = units_->unit_at(data, size, offset);
    if (!unit || unit->starts_picture) return unit;
    visit(*unit);
    offset = unit->end;
  }
  return std::nullopt;
}

// Not gst_h264_parser_insert_sei(): that one takes a broken unit, or the last of a buffer without a
// picture, for the picture, and comes between a prefix unit and its slice.
GstDeepfakeInsertion GstDeepfakeAccessUnits::insert(GstBuffer* buffer, const GstDeepfakeUuid& uuid,
                                                    std::string_view text) {
  GstMapInfo map;
  if (gst_buffer_map(buffer, &map, GST_MAP_READ) == FALSE) return GstDeepfakeInsertion::kNoPicture;
  const auto picture = walk(map.data, map.size, [](const GstDeepfakeNalUnit&) {});
  gst_buffer_unmap(buffer, &map);
  if (!picture) return GstDeepfakeInsertion::kNoPicture;
  const std::vector<guint8> unit =
      gst_deepfake_sei_write(picture->sei_header, uuid, text, length_size());
  if (unit.empty()) return GstDeepfakeInsertion::kNoRoom;

  GstBuffer* parts = picture->start == 0 ? gst_buffer_new()
                                         : gst_buffer_copy_region(buffer, GST_BUFFER_COPY_MEMORY, 0,
                                                                  picture->start);
  GstBuffer* rest =
      gst_buffer_copy_region(buffer, GST_BUFFER_COPY_MEMORY, picture->start, kToTheEnd);
  const bool shared = parts != nullptr && rest != nullptr;
  if (shared) {
    parts = gst_buffer_append(parts, gst_buffer_new_memdup(unit.data(), unit.size()));
    parts = gst_buffer_append(parts, gst_buffer_ref(rest));
    gst_buffer_remove_all_memory(buffer);
    gst_buffer_copy_into(buffer, parts, GST_BUFFER_COPY_MEMORY, 0, kToTheEnd);
  }
  gst_clear_buffer(&parts);
  gst_clear_buffer(&rest);
  return shared ? GstDeepfakeInsertion::kDone : GstDeepfakeInsertion::kNoPicture;
}

std::optional<std::string> GstDeepfakeAccessUnits::find(GstBuffer* buffer,
                                                        const GstDeepfakeUuid& uuid) {
  std::optional<std::string> text;
  GstMapInfo map;
  if (gst_buffer_map(buffer, &map, GST_MAP_READ) == FALSE) return text;
  walk(map.data, map.size, [&](const GstDeepfakeNalUnit& unit) {
    if (!unit.is_sei) return;
    const guint8* start = map.data + unit.payload;
    const guint8* end = map.data + unit.end;
    // Nobody else's messages are parsed.
    if (std::search(start, end, uuid.begin(), uuid.end()) == end) return;
    text = message_in(start, end, uuid);
  });
  gst_buffer_unmap(buffer, &map);
  return text;
}
