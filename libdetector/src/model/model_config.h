// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a model file says of itself besides its weights: parsed, checked, printed. Keys and ranges:
// docs/model-file.md.

#pragma once

#include <array>
#include <optional>
#include <string>

#include "detector/config.h"
#include "model/metadata.h"
#include "model/safetensors.h"

namespace dfd {

constexpr const char* kFormatVersion = "1";
constexpr const char* kRandomBackboneWarning = "random backbone: demonstration only";

// Part of the frame that becomes the network's input.
enum class CropRule {
  kFullFrame,  // The whole picture (the seed recipe).
  kBox,        // The face's box with a margin, stretched to a square (facenet-pytorch).
  kAligned,    // A square that follows the face's turn and size, by its landmarks.
  kSquare,     // A square around the box's middle; nothing is stretched.
};
const char* to_string(CropRule rule) noexcept;  // As in model files: "full-frame", "box", ...

// How pixels become the network's input: crop, resize to size x size, RGB, (value - mean) / std
// with values in [0, 255]. Training and serving read the same struct.
struct InputRule {
  int size = 0;                         // Pixels, > 0: BackboneKind says how many may be.
  std::array<double, 3> mean{0, 0, 0};  // Of R, G, B.
  std::array<double, 3> std{1, 1, 1};   // > 0.
  CropRule crop = CropRule::kBox;
  // kBox: pixels of the output, split over both sides. kAligned: sides of the picture in sides of
  // the square that the face fills. kSquare: likewise of the box's longer side. margin_range() says
  // how much.
  double margin = 0;
  std::string face_detector = "none";  // The boxes' origin in training.
};

// Of kAligned and kSquare, where nothing else is said: the face and its surroundings, as published
// detectors are trained with.
constexpr double kUsualMargin = 1.3;

// What the margin may be under its crop rule and size.
struct MarginRange {
  double least, most;
};
MarginRange margin_range(const InputRule& rule) noexcept;

struct BackboneInfo {
  std::string name;     // Of its kind: backbone/backbone.h.
  std::string source;   // Such as "facenet-pytorch, sha256 281c..." or "random, seed 7".
  std::string digest;   // SHA-256 over its tensors; once loaded never empty.
  std::string warning;  // May be empty.
  // Do its embeddings tell people apart? None: as its kind does, but for a random one.
  std::optional<bool> knows_people;
  // What its kind (backbone/backbone.h) reads besides: all other keys, without their "backbone."
  // prefix.
  Metadata settings;
};

// What its kind (window/head.h) reads.
struct HeadInfo {
  std::string type;
  Metadata settings;  // Keys without their "head." prefix.
};

struct ModelConfig {
  BackboneInfo backbone;
  InputRule input;
  int window_length = 20;  // Samples (T), [1, 256].
  Rate sample_rate{5, 1};
  HeadInfo head;
  double temperature = 1;  // > 0
  double bias = 0;         // Of the logit.
  double threshold = 0.5;  // [0, 1]
  Metadata training;       // Provenance, keys without their "training." prefix.
};

// Reads the metadata of a file of kind "model", whatever its networks: read_config() in scoring/
// checks what they want of it. Throws Error(kCorruptModel) naming the key that is missing or out of
// range, kUnsupportedModel for another kind or version.
ModelConfig parse_model_config(const SafetensorsFile& file);
Metadata to_metadata(const ModelConfig& config);

// For a file that has the config in place of its own, and says all else as it does: its licence,
// and what others wrote there.
Metadata with_config(const SafetensorsFile& file, const ModelConfig& config);

// The same for a file of kind "backbone": its information, and the input's size, mean and std.
void parse_backbone(const SafetensorsFile& file, BackboneInfo& info, InputRule& input);
Metadata backbone_metadata(const BackboneInfo& info, const InputRule& input);

// Checks that a file is of kind "face-detector" and holds an MTCNN. Throws
// Error(kUnsupportedModel).
void require_mtcnn(const SafetensorsFile& file);

// May tracks be told apart by embeddings? A full frame shows no one person.
bool knows_people(const ModelConfig& config);

// p = sigmoid((logit - bias) / temperature), in [0, 1].
double calibrated(double logit, const ModelConfig& config);

}  // namespace dfd
