// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The result meta as the text that travels inside a video stream (docs/in-stream.md). What is read
// came from somewhere else and is believed only when every field is as it should be.

#pragma once

#include <gst/gst.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "gstdeepfakemeta.h"

// Names the text in SEI messages, for ever: 445f29c8-7906-4336-91cb-e571f065f5fc. Random,
// version 4.
inline constexpr std::array<guint8, 16> kGstDeepfakePayloadUuid = {
    0x44, 0x5f, 0x29, 0xc8, 0x79, 0x06, 0x43, 0x36, 0x91, 0xcb, 0xe5, 0x71, 0xf0, 0x65, 0xf5, 0xfc};

// Bytes of the longest text that is written. With the UUID, and at most 11 bytes of a NAL unit
// around it, it stays below 1000.
inline constexpr std::size_t kGstDeepfakePayloadWriteLimit = 970;

// Bytes of the longest text that is read. It leaves room for what version 1 may add, and bounds how
// many faces a text can hold.
inline constexpr std::size_t kGstDeepfakePayloadReadLimit = 4096;

// The meta on buffer as compact JSON of at most kGstDeepfakePayloadWriteLimit bytes: boxes as parts
// of the picture that buffer holds, the most alarming faces first, as many as have room; "n" says
// how many there are. A meta whose boxes are lost has none in the text. Thread-safe.
std::string gst_deepfake_payload_write(const GstDeepfakeMeta* meta, GstBuffer* buffer);

// Adds what text says to buffer, which must be writable, with boxes in pixels of a picture of this
// size; 0 x 0, and places that nobody knows, when the size is 0 or the text has no boxes. Null, and
// the buffer as it was, when the text is not to be believed; refusal then says why. Faces that
// were left out when it was written are counted in left_out. Thread-safe.
GstDeepfakeMeta* gst_deepfake_payload_read(std::string_view text, guint width, guint height,
                                           GstBuffer* buffer, guint64& left_out,
                                           std::string& refusal);
