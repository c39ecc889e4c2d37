// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Results as a SMPTE ST 336 local set: docs/sidecars.md has the table of its items.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "gstdeepfakeencoder.h"

using GstDeepfakeKlvKey = std::array<std::uint8_t, 16>;

// Bytes 1 to 8: a local set with BER-OID tags and BER lengths. Byte 9, 0x0F: experimental, for no
// key has been registered. The rest reads "deepfk" and counts the layouts.
inline constexpr const char* kGstDeepfakeKlvKey = "060E2B34.020B0101.0F646565.70666B01";

// A packet of MPEG-TS (PES) has at most 65535 bytes with its header.
inline constexpr std::size_t kGstDeepfakeKlvLongest = 65000;

// 32 hexadecimal digits, with dots and spaces between them or without, that begin as every SMPTE
// key does, with 06 0E 2B 34. Nothing: it is no such text.
std::optional<GstDeepfakeKlvKey> gst_deepfake_klv_parse_key(const std::string& text);

// The packet of one frame, whose meta is not null. Of more faces than there is room for, the most
// alarming ones.
std::string gst_deepfake_klv_packet(const GstDeepfakeKlvKey& key, const GstDeepfakeRecord& record);
