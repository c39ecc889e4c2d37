/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The model that is used where nobody names one. */

#pragma once

#include <string>

/* $DEEPFAKEDETECT_MODEL, where it is set; else the model that was installed with the plugin, or
 * lies in the build tree, as seen from the plugin's own file. Throws dfd::Error(kNotFound) that
 * says where it was looked for. */
std::string gst_deepfake_default_model();
