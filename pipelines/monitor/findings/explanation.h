// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <gst/gst.h>

#include <optional>

namespace dfd::monitor {

// Of a picture that left deepfakedetect: the probability, in [0, 1], of the face whose heatmap is
// with it; nothing where there is none. Any thread.
std::optional<double> explained_probability(GstBuffer* buffer);

}  // namespace dfd::monitor
