// SPDX-License-Identifier: LGPL-2.1-or-later
//
// NAL units of H.264 and H.265: found in a buffer, and told apart by what a message has to know of
// them. What differs between the codecs stands here and nowhere else.

#pragma once

#include <gst/gst.h>

#include <memory>
#include <optional>
#include <vector>

// Offsets are in bytes from the start of the buffer.
struct GstDeepfakeNalUnit {
  gsize start = 0;    // Of the start code or the length.
  gsize payload = 0;  // Of what follows the unit's header.
  gsize end = 0;  // Behind the unit. Of one that starts a picture among start codes: the buffer's.
  bool starts_picture = false;
  bool is_sei = false;             // Of the kind that stands before a picture.
  std::vector<guint8> sei_header;  // Where a picture starts: that of an SEI unit in front of it.
};

// Thread-bound.
class GstDeepfakeNalStream {
 public:
  // From video/x-h264 or video/x-h265 caps: the codec, stream-format and, where units have lengths
  // before them, the size of these in codec_data. Never null.
  static std::unique_ptr<GstDeepfakeNalStream> make(const GstCaps* caps);

  virtual ~GstDeepfakeNalStream() = default;
  GstDeepfakeNalStream(const GstDeepfakeNalStream&) = delete;
  GstDeepfakeNalStream& operator=(const GstDeepfakeNalStream&) = delete;

  // The unit whose length stands at offset, or the first one that starts there or later. None at
  // the end, and when it is broken. size is at most G_MAXINT and offset below it. Nothing is read
  // beyond size.
  virtual std::optional<GstDeepfakeNalUnit> unit_at(const guint8* data, gsize size,
                                                    gsize offset) = 0;

  // Bytes of a length, 1 to 4; 0: the stream has start codes.
  guint length_size() const { return length_size_; }

 protected:
  explicit GstDeepfakeNalStream(guint length_size) : length_size_(length_size) {}

 private:
  guint length_size_;
};
