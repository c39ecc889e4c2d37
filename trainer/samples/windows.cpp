// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/windows.h"

#include <algorithm>

#include "base/check.h"
#include "scoring/clip_scorer.h"

namespace dfd {
namespace {

// n rows to exactly frames rows: there and back again, never zeros.
at::Tensor reflect_to_length(const at::Tensor& embeddings, int frames) {
  const std::int64_t n = embeddings.size(0);
  if (n == frames) return embeddings;
  std::vector<std::int64_t> index;
  for (const std::size_t i :
       there_and_back(static_cast<std::size_t>(n), static_cast<std::size_t>(frames))) {
    index.push_back(static_cast<std::int64_t>(i));
  }
  return embeddings.index_select(0, at::tensor(index, at::kLong));
}

}  // namespace

Windows make_windows(const std::vector<Clip>& clips, const std::vector<ClipEmbeddings>& embeddings,
                     int frames) {
  DFD_CHECK(clips.size() == embeddings.size());
  Windows windows;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    if (embeddings[i].failed) {
      ++windows.failed;
      continue;
    }
    if (embeddings[i].tracks.empty()) {
      ++windows.without_face;
      continue;
    }
    for (const at::Tensor& track : embeddings[i].tracks) {
      windows.embeddings.push_back(reflect_to_length(track, frames));
      windows.clip_of.push_back(windows.clips.size());
    }
    windows.rates.push_back(embeddings[i].sample_rate);
    windows.clips.push_back(clips[i]);
  }
  return windows;
}

at::Tensor batch_of(const Windows& windows, const std::vector<std::int64_t>& which) {
  std::vector<at::Tensor> chosen;
  chosen.reserve(which.size());
  for (const std::int64_t i : which) {
    chosen.push_back(windows.embeddings[static_cast<std::size_t>(i)]);
  }
  return at::stack(chosen);
}

at::Tensor labels_of(const Windows& windows) {
  std::vector<double> labels;
  labels.reserve(windows.clip_of.size());
  for (const std::size_t clip : windows.clip_of) labels.push_back(windows.clips[clip].fake ? 1 : 0);
  return at::tensor(labels, at::kDouble);
}

}  // namespace dfd
