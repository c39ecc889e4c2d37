// SPDX-License-Identifier: LGPL-2.1-or-later

#include "model_holder.h"

#include <atomic>
#include <map>
#include <utility>

#include "streams/failure.h"

namespace dfd::monitor {
namespace {

// Properties in a form that tells equal ones.
using Key = std::map<std::string, std::string>;

Key key_of(const StreamConfig& stream) {
  Key key;
  for (const DetectProperty& property : stream.detect) key[property.name] = property.value;
  return key;
}

std::string error_on(GstBus* bus) {
  GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
  if (message == nullptr) return "deepfakedetect does not start";
  std::string text = failure_of(message)->text;
  gst_message_unref(message);
  return text;
}

}  // namespace

struct ModelHolder::Shared {
  std::map<Key, Owned<GstElement>> elements;
  std::atomic<State> state{State::kLoading};
  // Written before the state is kFailed.
  std::string error;
};

ModelHolder::ModelHolder(const std::vector<StreamConfig>& streams)
    : shared_(std::make_shared<Shared>()) {
  for (const StreamConfig& stream : streams) {
    Owned<GstElement>& element = shared_->elements[key_of(stream)];
    if (element == nullptr) element = make_detect("model", stream.detect);
  }
  thread_ = std::thread([this] { load(*shared_); });
}

ModelHolder::~ModelHolder() {
  thread_.join();
  for (auto& [key, element] : shared_->elements) {
    gst_element_set_state(element.get(), GST_STATE_NULL);
  }
}

void ModelHolder::load(Shared& shared) {
  for (auto& [key, element] : shared.elements) {
    GstBus* bus = gst_bus_new();
    gst_element_set_bus(element.get(), bus);
    const auto result = gst_element_set_state(element.get(), GST_STATE_PAUSED);
    if (result == GST_STATE_CHANGE_FAILURE) shared.error = error_on(bus);
    gst_element_set_bus(element.get(), nullptr);
    gst_object_unref(bus);
    if (result == GST_STATE_CHANGE_FAILURE) {
      shared.state = State::kFailed;
      return;
    }
  }
  shared.state = State::kReady;
}

ModelHolder::State ModelHolder::state() const { return shared_->state; }

std::string ModelHolder::error() const {
  return shared_->state == State::kFailed ? shared_->error : std::string();
}

GstElement* ModelHolder::element(const StreamConfig& stream) const {
  return shared_->elements.at(key_of(stream)).get();
}

}  // namespace dfd::monitor
