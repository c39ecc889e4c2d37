// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Keeps the models loaded while streams come and go: an idle element for each set of properties
// holds the engine that all elements with the same model share.

#pragma once

#include <gst/gst.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "streams/pipeline.h"

namespace dfd::monitor {

class ModelHolder {
 public:
  enum class State { kLoading, kReady, kFailed };

  // Starts to load, on a thread of its own. Throws PropertyError, MissingElement.
  explicit ModelHolder(const std::vector<StreamConfig>& streams);

  // Waits until loading has ended, which cannot be interrupted.
  ~ModelHolder();
  ModelHolder(const ModelHolder&) = delete;
  ModelHolder& operator=(const ModelHolder&) = delete;

  State state() const;
  // Why, once it has failed.
  std::string error() const;

  // An element with the given stream's properties, not playing. The same as is in the first
  // pipeline of the stream, to ask for its properties.
  GstElement* element(const StreamConfig& stream) const;

 private:
  struct Shared;
  static void load(Shared& shared);

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace dfd::monitor
