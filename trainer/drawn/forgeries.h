// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is done to the face of a forged clip.

#pragma once

#include "data/random.h"
#include "drawn/clip_plan.h"
#include "drawn/drawn_face.h"

namespace dfd {

// Changes the inner face as the plan says. other: the same expression on another person.
void forge(DrawnFace& face, const DrawnFace& other, const ClipPlan& plan, Random& random);

}  // namespace dfd
