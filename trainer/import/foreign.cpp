// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/foreign.h"

#include <algorithm>

#include "base/check.h"
#include "base/file.h"
#include "face/face_detector.h"
#include "import/checkpoint.h"
#include "model/safetensors.h"

namespace dfd {
namespace {

bool starts_with(const std::string& name, const std::string& start) {
  return name.rfind(start, 0) == 0;
}

// After the length of its header comes the header, which is JSON.
bool is_safetensors(const std::string& path) {
  const MappedFile file(path);
  constexpr std::size_t kLengthBytes = 8;
  return file.size() > kLengthBytes && file.data()[kLengthBytes] == '{';
}

}  // namespace

TensorMap read_foreign(const std::string& path) {
  if (!is_safetensors(path)) return read_checkpoint(path);
  const SafetensorsFile file(path);
  const auto kind = file.metadata().find("kind");
  DFD_REQUIRE(kind == file.metadata().end(), ErrorCode::kUnsupportedModel,
              path << ": is of kind " << kind->second
                   << " and needs no import: give it to --model or --backbone");
  return read_tensors(file);
}

std::string drop_unused(TensorMap& tensors, const std::vector<std::string>& unused) {
  const std::string counter = "num_batches_tracked";
  std::size_t dropped = 0;
  for (auto it = tensors.begin(); it != tensors.end();) {
    const std::string& name = it->first;
    const bool counts = name.size() >= counter.size() &&
                        name.compare(name.size() - counter.size(), counter.size(), counter) == 0;
    if (counts || std::any_of(unused.begin(), unused.end(),
                              [&](const std::string& start) { return starts_with(name, start); })) {
      it = tensors.erase(it);
      ++dropped;
    } else {
      ++it;
    }
  }
  std::string names;
  for (const std::string& start : unused) names += start + "*, ";
  return std::to_string(dropped) + " tensors left out (" + names + counter + ")";
}

InputRule in_squares(InputRule input, double margin) {
  input.crop = CropRule::kSquare;
  input.margin = margin;
  input.face_detector = kAnyDetector;
  return input;
}

std::string source_of(const std::string& what, const std::string& path) {
  return what + ", sha256 " + sha256_of_file(path);
}

}  // namespace dfd
