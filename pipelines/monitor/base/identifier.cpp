// SPDX-License-Identifier: LGPL-2.1-or-later

#include "identifier.h"

#include <cstdint>
#include <random>

namespace dfd::monitor {

std::string make_id(WallTime time) {
  // Crockford's: no I, L, O, U, which are taken for others.
  constexpr const char* kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  constexpr int kTimeDigits = 10;    // 48 bits of milliseconds, two zero bits before them.
  constexpr int kChanceDigits = 16;  // 80 bits.
  thread_local std::mt19937_64 chance{[] {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  }()};
  auto milliseconds = static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count());
  std::string id(kTimeDigits, '0');
  for (int i = kTimeDigits - 1; i >= 0; --i, milliseconds /= 32) id[i] = kDigits[milliseconds % 32];
  for (int i = 0; i < kChanceDigits; ++i) id += kDigits[chance() % 32];
  return id;
}

}  // namespace dfd::monitor
