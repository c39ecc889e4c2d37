// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Opens what a URI names and decodes its pictures.

#pragma once

#include <gst/gst.h>

#include <string>
#include <string_view>

#include "base/secrets.h"

namespace dfd::monitor {

// Makes `source`, a uridecodebin that was never used, give the pictures of `uri`, and its sound as
// it is coded, which of RTSP is asked for only `with_sound`. Only demuxers and decoders of a list,
// which depends on the kind of the source, take its bytes apart. `uri` and `credentials` are as
// split_source_uri() gives them.
void set_up_source(GstElement* source, const std::string& uri, const Credentials& credentials,
                   bool with_sound);

// Whether an element of this factory may parse or decode foreign pictures.
bool may_decode(std::string_view factory);

}  // namespace dfd::monitor
