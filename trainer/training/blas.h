// SPDX-License-Identifier: LGPL-2.1-or-later
//
// LibTorch's training path runs on whatever BLAS the system has.

#pragma once

#include <string>

namespace dfd {

// Gives OpenBLAS that many threads. Returns a warning when another BLAS is in use, else nothing.
std::string set_blas_threads(int threads);

}  // namespace dfd
