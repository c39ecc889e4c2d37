// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/blas.h"

#include <dlfcn.h>

namespace dfd {

std::string set_blas_threads(int threads) {
  using SetThreads = void (*)(int);
  auto* const set = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  if (set == nullptr) {
    return "OpenBLAS is not in use; training is about ten times slower without it: install "
           "libopenblas0-pthread";
  }
  set(threads);
  return "";
}

}  // namespace dfd
