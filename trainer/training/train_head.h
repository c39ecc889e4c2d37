// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Training of a head on a frozen backbone, from embeddings that are made once: the seed's recipe,
// an LSTM and a classifier with Adam, or another head in their place.

#pragma once

#include <atomic>

#include "training/ranks.h"
#include "training/train.h"

namespace dfd {

// Where the data are a folder, the manifest that was made of it is written to
// OUTPUT.manifest.jsonl, beside the model. Writes the model of the best validation loss to output
// at the end, or after the running epoch once stop is set or the time is over; output.resume holds
// all that is needed to go on, and a resumed training gives the numbers of one that was never
// stopped. Throws Error; kInvalidArgument when output.resume is of other data, another backbone or
// another rule; kInference when a loss is no number any more; then there is no model; as Ranks. Of
// several ranks, which embed the clips together, all train the same head and rank 0 writes it.
TrainOutcome train_head(const TrainOptions& options, const TrainReports& reports,
                        const std::atomic<bool>& stop, Ranks& ranks);

}  // namespace dfd
