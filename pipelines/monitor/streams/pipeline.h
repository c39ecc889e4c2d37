// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The pipeline that watches one source: it opens it, decodes its pictures, and judges them where
// asked to. Sound is not decoded.

#pragma once

#include <gst/gst.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "streams/tap.h"

namespace dfd::monitor {

struct Unref {
  void operator()(gpointer object) const { gst_object_unref(object); }
};
template <typename T>
using Owned = std::unique_ptr<T, Unref>;

// GStreamer lacks an element or a plugin; the text says which.
class MissingElement : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws MissingElement; `what` says what it is needed for.
Owned<GstElement> make_element(const char* factory, const char* name = nullptr);

// The element's property cannot have this value, or there is none of that name.
class PropertyError : public std::runtime_error {
 public:
  PropertyError(const DetectProperty& property, const std::string& text);
  // Where it is configured.
  const std::string& file() const { return file_; }
  Position position() const { return position_; }

 private:
  std::string file_;
  Position position_;
};

// An element deepfakedetect with these properties. Throws PropertyError, MissingElement. Properties
// that the monitor sets itself cannot be among them.
Owned<GstElement> make_detect(const std::string& stream_id,
                              const std::vector<DetectProperty>& properties);

// Of an element that plays: those that can be set then. Throws PropertyError.
void set_detect(GstElement* detect, const std::vector<DetectProperty>& properties);

// Whether a playing deepfakedetect takes another value of the property.
bool is_live_property(const std::string& name);

struct Pipeline {
  Owned<GstElement> pipeline;
  // Within it; none where nothing is judged.
  Owned<GstElement> detect;
  // Where each decoded picture arrives.
  Owned<GstPad> pictures;
};

// `uri` is without user and password. `detect` may be null: then the pictures are decoded, and that
// is all. `tap` may be null; it gets what the source sends. Throws MissingElement.
Pipeline make_pipeline(const std::string& uri, const Credentials& credentials,
                       Owned<GstElement> detect, std::shared_ptr<Tap> tap = nullptr);

}  // namespace dfd::monitor
