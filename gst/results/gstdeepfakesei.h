// SPDX-License-Identifier: LGPL-2.1-or-later
//
// User data in H.264: an SEI message written as a NAL unit, put before the picture of an access
// unit, and found there again.

#pragma once

#include <gst/gst.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

typedef struct _GstH264NalParser GstH264NalParser;

// Without two zero bytes in a row, so that it looks the same inside a NAL unit.
using GstDeepfakeUuid = std::array<guint8, 16>;

// An SEI NAL unit with one message user_data_unregistered (payload type 5) of this UUID and text.
// Before it stands its length in length_size bytes, 1 to 4, or a start code when length_size is 0.
// Empty when the length does not fit into so many bytes. Thread-safe.
std::vector<guint8> gst_deepfake_sei_write(const GstDeepfakeUuid& uuid, std::string_view text,
                                           guint length_size);

// The access units of one H.264 stream. Thread-bound. Whatever the bytes, nothing is read beyond
// the buffer.
class GstDeepfakeAccessUnits {
 public:
  // From video/x-h264 caps: stream-format and, for avc and avc3, the size of lengths in codec_data.
  explicit GstDeepfakeAccessUnits(const GstCaps* caps);
  ~GstDeepfakeAccessUnits();
  GstDeepfakeAccessUnits(const GstDeepfakeAccessUnits&) = delete;
  GstDeepfakeAccessUnits& operator=(const GstDeepfakeAccessUnits&) = delete;

  // Puts the text between the headers and the picture, without copying either. The buffer must be
  // writable and keeps its metas, flags and times. False, and the buffer as it was, when there is
  // no picture in it or the text is too long for the stream's lengths.
  bool insert(GstBuffer* buffer, const GstDeepfakeUuid& uuid, std::string_view text);

  // The text of the last message of this UUID before the picture: who writes puts his after those
  // that are there. Of a message that cannot be parsed the text is empty.
  std::optional<std::string> find(GstBuffer* buffer, const GstDeepfakeUuid& uuid);

 private:
  // Calls visit(nal) for the NAL units before the picture; returns the picture's offset.
  template <typename Visitor>
  std::optional<gsize> walk(const guint8* data, gsize size, Visitor&& visit);

  GstH264NalParser* parser_ = nullptr;
  guint length_size_ = 0;  // 0: start codes.
};
