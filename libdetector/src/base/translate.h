// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Foreign exceptions become dfd::Error here, and only here.

#pragma once

#include <utility>

#include "detector/error.h"

namespace dfd {

// Call inside a catch block: rethrows the current exception as a dfd::Error. Exceptions of LibTorch
// and OpenCV become kInference (kOutOfMemory when they say so), bad_alloc kOutOfMemory, others
// kInternal.
[[noreturn]] void rethrow_translated();

template <typename Function>
auto translate_errors(Function&& function) -> decltype(function()) {
  try {
    return std::forward<Function>(function)();
  } catch (...) {
    rethrow_translated();
  }
}

}  // namespace dfd
