// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A loaded model on a device, shared by all sessions of the process that name the same file.

#pragma once

#include <memory>
#include <string>

#include "detector/api.h"
#include "detector/config.h"

namespace dfd {

// What a model file says of itself, for logs, messages and properties.
struct ModelInfo {
  std::string id;  // First 12 hexadecimal digits of the file's SHA-256.
  std::string backbone_source;
  std::string warning;        // Such as "random backbone: demonstration only"; may be empty.
  bool knows_people = false;  // Tracks are held together by embeddings too, not by boxes alone.
  bool explains = false;      // Its networks can say where in a face the evidence lies.
  Region region = Region::kFaces;
  std::string face_detector;  // Whose boxes it was trained on: see same_boxes().
  int window_length = 0;      // Samples in a window (T).
  Rate sample_rate;
  double threshold = 0.5;
};

// Do two face detectors draw the same boxes, so that a model trained with one may serve with the
// other? By the names that ModelInfo and Session have: "yunet" and "mtcnn" do. Thread-safe.
DFD_API bool same_boxes(const std::string& one, const std::string& other);

// Thread-safe: all member functions may be called from any thread at any time.
class DFD_API Engine {
 public:
  // Reads and checks the model, moves its weights to the device and runs it once, or returns the
  // engine that already holds the same content on the same device in the same precision; one that
  // another thread is loading is waited for. Slow: a second. Throws Error: kInvalidArgument,
  // kNotFound, kIo, kCorruptModel, kUnsupportedModel, kDeviceUnavailable, kOutOfMemory.
  static std::shared_ptr<Engine> load(const EngineConfig& config);

  virtual ~Engine();  // Lets the running batch finish, drops what waits, joins.
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  virtual const ModelInfo& model() const noexcept = 0;
  virtual const std::string& device() const noexcept = 0;  // What "auto" became: "cpu", "cuda:0".
  virtual Precision precision() const noexcept = 0;        // Never kAuto.
  virtual int threads() const noexcept = 0;                // As it was loaded with.

 protected:
  Engine() = default;
};

}  // namespace dfd
