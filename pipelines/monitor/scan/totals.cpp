// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/totals.h"

#include "base/exit_code.h"

namespace dfd::monitor {

void Totals::add(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAuthentic:
      ++authentic;
      break;
    case Verdict::kManipulated:
      ++manipulated;
      break;
    case Verdict::kSuspicious:
    case Verdict::kUndecided:
      ++undecided;
      break;
  }
}

int Totals::exit_code() const {
  if (stuck) return kExitStuck;
  const std::uint64_t lost = failed + refused;
  if (lost + files() == 0) return elsewhere ? kExitDone : kExitNoneReadable;
  if (lost > 0) return judged() == 0 ? kExitNoneReadable : kExitSomeFailed;
  if (manipulated > 0) return kExitManipulated;
  return undecided + remaining > 0 ? kExitUndecided : kExitDone;
}

}  // namespace dfd::monitor
