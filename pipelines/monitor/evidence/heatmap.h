// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <gst/gst.h>

#include <string>

namespace dfd::monitor {

// A picture that left deepfakedetect, as a JPEG of its own size, with its faces' boxes and the
// heatmap that is with it drawn by deepfakeoverlay. Takes as long as coding does. Throws
// std::runtime_error, also where that element is not installed.
std::string heatmap_jpeg(GstSample* sample);

}  // namespace dfd::monitor
