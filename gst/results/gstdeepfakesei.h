// SPDX-License-Identifier: LGPL-2.1-or-later
//
// User data in H.264 and H.265: an SEI message written as a NAL unit, put before the picture of an
// access unit, and found there again.

#pragma once

#include <gst/gst.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gstdeepfakenal.h"

// The streams of which GstDeepfakeAccessUnits can be made.
#define GST_DEEPFAKE_ACCESS_UNIT_CAPS                                                      \
  "video/x-h264, stream-format=(string){ byte-stream, avc, avc3 }, alignment=(string)au; " \
  "video/x-h265, stream-format=(string){ byte-stream, hvc1, hev1 }, alignment=(string)au"

// Without two zero bytes in a row, so that it looks the same inside a NAL unit.
using GstDeepfakeUuid = std::array<guint8, 16>;

// An SEI NAL unit with this header and one message user_data_unregistered (payload type 5) of this
// UUID and text. Before it stands its length in length_size bytes, 1 to 4, or a start code when
// length_size is 0. Empty when the length does not fit into so many bytes. Thread-safe.
std::vector<guint8> gst_deepfake_sei_write(const std::vector<guint8>& header,
                                           const GstDeepfakeUuid& uuid, std::string_view text,
                                           guint length_size);

enum class GstDeepfakeInsertion {
  kDone,
  kNoPicture,  // There is none in the buffer, or its memory cannot be had.
  kNoRoom,     // The message is longer than the stream's lengths can say.
};

// The access units of one H.264 or H.265 stream. Thread-bound. Whatever the bytes, nothing is read
// beyond the buffer.
class GstDeepfakeAccessUnits {
 public:
  // From caps as in GST_DEEPFAKE_ACCESS_UNIT_CAPS.
  explicit GstDeepfakeAccessUnits(const GstCaps* caps);

  // Puts the text between the headers and the picture, without copying either. The buffer must be
  // writable and keeps its metas, flags and times. Unless kDone, it is as it was.
  GstDeepfakeInsertion insert(GstBuffer* buffer, const GstDeepfakeUuid& uuid,
                              std::string_view text);

  // The text of the last message of this UUID before the picture: who writes puts his after those
  // that are there. Of a message that cannot be parsed the text is empty.
  std::optional<std::string> find(GstBuffer* buffer, const GstDeepfakeUuid& uuid);

  // Bytes of the lengths before NAL units, 1 to 4; 0: start codes.
  guint length_size() const { return units_->length_size(); }

 private:
  // Calls visit(unit) for the NAL units before the picture; returns the picture's first.
  template <typename Visitor>
  std::optional<GstDeepfakeNalUnit> walk(const guint8* data, gsize size, Visitor&& visit);

  std::unique_ptr<GstDeepfakeNalStream> units_;
};
