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
  if (files() == 0) return elsewhere > 0 ? kExitDone : kExitNoneReadable;
  if (failed > 0 && judged() == 0) return kExitNoneReadable;
  if (failed > 0) return kExitSomeFailed;
  if (manipulated > 0) return kExitManipulated;
  return undecided + remaining > 0 ? kExitUndecided : kExitDone;
}

}  // namespace dfd::monitor
