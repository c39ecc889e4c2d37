// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is in a manifest, and what is wrong with it or its clips.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "data/clip_facts.h"
#include "data/manifest.h"

namespace dfd {

struct CheckOptions {
  bool faces = false;      // Look for clips without a face.
  std::string face_model;  // YuNet or MTCNN's weights; empty: OpenCV's cascade.
};

struct Findings {
  nlohmann::ordered_json report;     // For programs, as docs/training.md has it.
  std::vector<std::string> faults;   // For people, a sentence a kind.
  std::vector<std::string> remarks;  // Likewise, of what may be as it should.
};

// Decodes every clip; broken ones are found, and do not end it. progress: after each clip. Throws
// Error: the face model's.
Findings check_manifest(const Manifest& manifest, const CheckOptions& options,
                        const std::function<void(int done, int of)>& progress);

// The part of it that needs no more than the clips' facts, of each one in order.
Findings findings_of(const Manifest& manifest, const std::vector<ClipFacts>& facts);

}  // namespace dfd
