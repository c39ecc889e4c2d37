// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/rank_work.h"

#include <chrono>

#include "base/check.h"

namespace dfd {
namespace {

using Clock = std::chrono::steady_clock;

// How often ranks say that they are still there while they cut: one that is killed is noticed after
// this time, and nobody waits longer for another's next word than a clip takes (kRankLimit).
constexpr std::chrono::seconds kWord{30};

}  // namespace

void require_same(const std::string& identity, bool resumed, Ranks& ranks) {
  const std::string mine = identity + (resumed ? " resumed" : "");
  DFD_REQUIRE(ranks.broadcast(mine) == mine, ErrorCode::kInvalidArgument,
              "rank " << ranks.rank()
                      << " has other clips, faces or options than rank 0; give all the same "
                         "command line, clips and versions");
}

void in_company(Ranks& ranks, const EmbedProgress& progress,
                const std::function<void(const EmbedProgress&)>& work) {
  auto last = Clock::now();
  const auto word = [&] {
    if (Clock::now() - last < kWord) return;
    ranks.any(true);
    last = Clock::now();
  };
  work({[&](const std::string& text) {
          progress.say(text);
          word();
        },
        [&](int done, int of, int made) {
          progress.embedded(done, of, made);
          word();
        }});
  // As long as another is at work.
  while (ranks.any(false)) continue;
}

std::vector<Clip> share_of(const std::vector<Clip>& clips, const Ranks& ranks) {
  std::vector<Clip> share;
  const auto size = static_cast<std::size_t>(ranks.size());
  for (auto i = static_cast<std::size_t>(ranks.rank()); i < clips.size(); i += size) {
    share.push_back(clips[i]);
  }
  return share;
}

void cut_shares(const std::vector<Clip>& clips, const SamplingRule& rule, bool recoded,
                const std::string& folder, CropFormat format, Ranks& ranks,
                const EmbedProgress& progress) {
  if (ranks.size() == 1) return;
  CropStore store(folder, format, progress.say);
  cut_rest(share_of(clips, ranks), rule, recoded, store, ranks, progress);
}

MasterClips cut_rest(const std::vector<Clip>& clips, const SamplingRule& rule, bool recoded,
                     CropStore& store, Ranks& ranks, const EmbedProgress& progress) {
  MasterClips cut;
  in_company(ranks, progress, [&](const EmbedProgress& heard) {
    cut = cut_master_crops(clips, rule, recoded, store, heard);
  });
  return cut;
}

}  // namespace dfd
