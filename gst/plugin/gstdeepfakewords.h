// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A verdict in words, for people.

#pragma once

#include <string>

#include "gstdeepfakemeta.h"

// "MANIPULATED 94 % (face #3)", "AUTHENTIC (manipulated with 6 %)", "UNDECIDED (warming-up)". No
// number reads as certainty, nor as how sure "authentic" is. probability: below 0 when there is
// none. remark: such as "face #3"; may be empty.
std::string gst_deepfake_statement(GstDeepfakeVerdict verdict, double probability,
                                   const std::string& reason, const std::string& remark = "");
