// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakeguard.h"

#include "gstdeepfakewords.h"

void gst_deepfake_post_exception(GstElement* element, const std::exception& error) noexcept {
  GST_ELEMENT_ERROR(element, LIBRARY, FAILED, ("The element failed; please report it."),
                    ("%s", gst_deepfake_utf8(error.what()).c_str()));
}
