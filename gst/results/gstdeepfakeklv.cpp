// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakeklv.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "gstdeepfakewords.h"

namespace {

constexpr std::uint8_t kLayout = 1;

// Names are for people and registers; longer ones are cut.
constexpr std::size_t kLongestName = 255;

enum Item : std::uint8_t {
  kVersion = 1,
  kTime,
  kStreamId,
  kModelId,
  kVerdict,
  kReason,
  kProbability,
  kThreshold,
  kWidth,
  kHeight,
  kFaceCount,
  kFaces,
  kEvidence,
  kSeamProbability,
  kGeneratedProbability,
};

enum FaceItem : std::uint8_t {
  kTrackId = 1,
  kBox,
  kDetectionConfidence,
  kFaceProbability,
  kScore,
  kFaceVerdict,
  kFaceReason,
  kWindows,
  kSamples,
  kPartial,
  kFaceEvidence,
  kFaceSeamProbability,
  kFaceGeneratedProbability,
};

void append_unsigned(std::string& bytes, std::uint64_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
    bytes += static_cast<char>(value >> shift & 0xFF);
  }
}

int size_of(std::uint64_t value) {
  int size = 1;
  while (size < 8 && value >> (8 * size) != 0) ++size;
  return size;
}

// BER: one byte below 128, else 0x80 + the number of the bytes that follow.
void append_length(std::string& bytes, std::size_t length) {
  if (length >= 0x80) bytes += static_cast<char>(0x80 + size_of(length));
  append_unsigned(bytes, length, size_of(length));
}

// All tags are below 128: BER-OID is one byte then.
void append_item(std::string& bytes, std::uint8_t tag, const std::string& value) {
  bytes += static_cast<char>(tag);
  append_length(bytes, value.size());
  bytes += value;
}

void append_number(std::string& bytes, std::uint8_t tag, std::uint64_t value) {
  std::string number;
  append_unsigned(number, value, size_of(value));
  append_item(bytes, tag, number);
}

// IEEE 754, single precision: sixteen bits of a fraction could fall on the other side of the
// threshold than the verdict that was made of it.
void append_part(std::string& bytes, std::uint8_t tag, double value) {
  if (!(value >= 0 && value <= 1)) return;
  const auto part = static_cast<float>(value);
  std::uint32_t bits = 0;
  std::memcpy(&bits, &part, sizeof(bits));
  std::string number;
  append_unsigned(number, bits, 4);
  append_item(bytes, tag, number);
}

void append_text(std::string& bytes, std::uint8_t tag, const char* text) {
  std::string valid = gst_deepfake_utf8(text);
  if (valid.empty()) return;
  if (valid.size() > kLongestName) {
    std::size_t end = kLongestName;
    while ((static_cast<unsigned char>(valid[end]) & 0xC0) == 0x80) --end;
    valid.resize(end);
  }
  append_item(bytes, tag, valid);
}

// first: the tag of the kind; those of the probabilities follow it.
void append_evidence(std::string& bytes, std::uint8_t first, GstDeepfakeEvidence evidence,
                     double seam, double generated) {
  if (!gst_deepfake_is_named(evidence)) return;
  append_number(bytes, first, static_cast<std::uint64_t>(evidence));
  append_part(bytes, static_cast<std::uint8_t>(first + 1), seam);
  append_part(bytes, static_cast<std::uint8_t>(first + 2), generated);
}

std::string face_set(const GstDeepfakeRecord& record, guint index) {
  const GstDeepfakeFace& face = record.meta->faces[index];
  std::string set;
  append_number(set, kTrackId, face.track_id);
  if (const std::optional<GstDeepfakeBox> box = gst_deepfake_encoder_locate(record, index)) {
    std::string edges;
    for (const double edge : {box->left, box->top, box->right, box->bottom}) {
      append_unsigned(edges, static_cast<std::uint64_t>(std::lround(edge * 0xFFFF)), 2);
    }
    append_item(set, kBox, edges);
  }
  append_part(set, kDetectionConfidence, double{face.detection_confidence});
  append_part(set, kFaceProbability, face.probability);
  append_part(set, kScore, face.score);
  append_number(set, kFaceVerdict, static_cast<std::uint64_t>(face.verdict));
  append_text(set, kFaceReason, gst_deepfake_reason_text(face.reason));
  append_number(set, kWindows, face.windows);
  append_number(set, kSamples, face.samples);
  append_number(set, kPartial, face.partial != FALSE ? 1 : 0);
  append_evidence(set, kFaceEvidence, face.evidence, face.seam_probability,
                  face.generated_probability);
  return set;
}

// A series: each face's set behind its length, in the order of the meta.
std::string face_series(const GstDeepfakeRecord& record, std::size_t room) {
  const GstDeepfakeMeta& meta = *record.meta;
  std::vector<guint> order(meta.n_faces);
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](guint a, guint b) { return meta.faces[a].verdict > meta.faces[b].verdict; });
  std::vector<std::string> sets(meta.n_faces);
  for (const guint index : order) {
    std::string set;
    const std::string face = face_set(record, index);
    append_length(set, face.size());
    set += face;
    if (set.size() > room) break;
    room -= set.size();
    sets[index] = std::move(set);
  }
  return std::accumulate(sets.begin(), sets.end(), std::string());
}

}  // namespace

std::optional<GstDeepfakeKlvKey> gst_deepfake_klv_parse_key(const std::string& text) {
  constexpr std::uint8_t kSmpte[] = {0x06, 0x0E, 0x2B, 0x34};
  GstDeepfakeKlvKey key{};
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == '.' || c == ' ') continue;
    const int digit = g_ascii_xdigit_value(c);
    if (digit < 0 || digits == 2 * key.size()) return std::nullopt;
    key[digits / 2] = static_cast<std::uint8_t>(key[digits / 2] << 4 | digit);
    ++digits;
  }
  if (digits != 2 * key.size() || !std::equal(std::begin(kSmpte), std::end(kSmpte), key.begin())) {
    return std::nullopt;
  }
  return key;
}

std::string gst_deepfake_klv_packet(const GstDeepfakeKlvKey& key, const GstDeepfakeRecord& record) {
  const GstDeepfakeMeta& meta = *record.meta;
  std::string set;
  append_number(set, kVersion, kLayout);
  append_number(set, kTime, record.stream_time);
  append_text(set, kStreamId, meta.stream_id);
  append_text(set, kModelId, meta.model_id);
  append_number(set, kVerdict, static_cast<std::uint64_t>(meta.verdict));
  append_text(set, kReason, gst_deepfake_reason_text(meta.reason));
  append_part(set, kProbability, meta.probability);
  append_part(set, kThreshold, meta.threshold);
  if (record.width > 0 && record.height > 0) {
    append_number(set, kWidth, record.width);
    append_number(set, kHeight, record.height);
  }
  append_evidence(set, kEvidence, meta.evidence, meta.seam_probability, meta.generated_probability);
  append_number(set, kFaceCount, meta.n_faces);
  // The key, and three tags or lengths of at most four bytes, come on top.
  const std::size_t head = key.size() + 12;
  const std::string faces = face_series(record, kGstDeepfakeKlvLongest - head - set.size());
  if (!faces.empty()) append_item(set, kFaces, faces);
  std::string packet(key.begin(), key.end());
  append_length(packet, set.size());
  return packet + set;
}
