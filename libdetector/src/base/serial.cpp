// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/serial.h"

#if DFD_OPENMP
// GCC's header is not on the path of other compilers.
extern "C" {
void omp_set_num_threads(int threads);
int omp_get_max_threads(void);
}
#else
namespace {
void omp_set_num_threads(int /*threads*/) {}
int omp_get_max_threads() { return 1; }
}  // namespace
#endif

namespace dfd {

Serial::Serial() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }

Serial::~Serial() { omp_set_num_threads(before_); }

}  // namespace dfd
