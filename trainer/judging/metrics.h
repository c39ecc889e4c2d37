// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Figures of merit over scores of two classes. Pure functions.

#pragma once

#include <vector>

namespace dfd {

// probability in [0, 1] that it is fake, and whether it is.
struct Scored {
  double probability = 0;
  bool fake = false;
};

struct Metrics {
  int real = 0;
  int fake = 0;
  double accuracy = 0;  // At the threshold, >= counts as fake.
  double auc = 0;       // Area under the ROC; equal scores count half. 0.5 without both classes.
  double eer = 0;       // Error rate where false positives and negatives are nearest.
  double average_precision = 0;
  double log_loss = 0;  // Nats; probabilities are clipped to [1e-7, 1 - 1e-7].
};

Metrics measure(const std::vector<Scored>& scores, double threshold);

}  // namespace dfd
