// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Parsed once for the library's files with tensors, and once for the trainer's, which include what
// they use all the same: a build with -Db_pch=false does without.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
