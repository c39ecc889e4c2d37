// SPDX-License-Identifier: LGPL-2.1-or-later

#include "window/lanes.h"

#include <algorithm>

#include "base/check.h"
#include "base/padding.h"

namespace dfd {

namespace {

std::size_t lane_count(int length, int stride) {
  DFD_REQUIRE(
      length >= 1 && stride >= 1, ErrorCode::kInvalidArgument,
      "window of " << length << " samples with stride " << stride << ": both must be at least 1");
  return (static_cast<std::size_t>(length) - 1) / static_cast<std::size_t>(stride) + 1;
}

// Rows of one step: few sizes, but not twice as many as are needed, as the next power of two may
// be.
std::int64_t padded_lanes(std::int64_t rows) {
  constexpr std::int64_t kUnit = 4;
  const std::int64_t unit = std::max(kUnit, padded_size(rows) / 8);
  return (rows + unit - 1) / unit * unit;
}

}  // namespace

Lanes::Lanes(int length, int stride)
    : length_(length), stride_(stride), ages_(lane_count(length, stride), -1) {}

void Lanes::restart() {
  std::fill(ages_.begin(), ages_.end(), -1);
  samples_ = 0;
  windows_ = 0;
}

std::size_t Lanes::bytes() const {
  return hidden_.defined() ? hidden_.nbytes() + cell_.nbytes() : 0;
}

bool Lanes::next_fills() const {
  // A lane of one sample is full as soon as it starts.
  if (length_ == 1) return samples_ % stride_ == 0;
  return std::find(ages_.begin(), ages_.end(), length_ - 1) != ages_.end();
}

std::optional<LstmState> LaneStepper::before_full(const Lanes& track) const {
  if (!track.next_fills()) return std::nullopt;
  const auto full = std::find(track.ages_.begin(), track.ages_.end(), track.length_ - 1);
  if (track.length_ == 1 || full == track.ages_.end()) {
    const at::Tensor nothing = at::zeros({head_.sizes().layers, 1, head_.sizes().hidden},
                                         at::TensorOptions().device(head_.device()));
    return LstmState{nothing, nothing};
  }
  const auto lane = static_cast<std::int64_t>(full - track.ages_.begin());
  return LstmState{track.hidden_.narrow(1, lane, 1).clone(),
                   track.cell_.narrow(1, lane, 1).clone()};
}

void LaneStepper::start_due_lanes(Lanes& track) const {
  const auto lanes = static_cast<std::int64_t>(track.ages_.size());
  if (!track.hidden_.defined()) {
    const auto options = at::TensorOptions().dtype(at::kFloat).device(head_.device());
    track.hidden_ = at::zeros({head_.sizes().layers, lanes, head_.sizes().hidden}, options);
    track.cell_ = at::zeros_like(track.hidden_);
  }
  if (track.samples_ % track.stride_ != 0) return;
  const std::int64_t lane = track.samples_ / track.stride_ % lanes;
  track.ages_[static_cast<std::size_t>(lane)] = 0;
  track.hidden_.select(1, lane).zero_();
  track.cell_.select(1, lane).zero_();
}

std::vector<std::optional<double>> LaneStepper::advance(const std::vector<Lanes*>& tracks,
                                                        const at::Tensor& embeddings) const {
  DFD_CHECK(static_cast<std::int64_t>(tracks.size()) == embeddings.size(0));
  std::vector<std::optional<double>> logits(tracks.size());
  if (tracks.empty()) return logits;

  std::vector<at::Tensor> hidden;
  std::vector<at::Tensor> cell;
  std::vector<std::int64_t> owner;  // Of each row of states: a track.
  std::int64_t rows = 0;
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    Lanes& track = *tracks[i];
    start_due_lanes(track);
    const auto lanes = static_cast<std::int64_t>(track.ages_.size());
    hidden.push_back(track.hidden_);
    cell.push_back(track.cell_);
    owner.insert(owner.end(), track.ages_.size(), static_cast<std::int64_t>(i));
    rows += lanes;
  }
  const std::int64_t padded = padded_lanes(rows);
  owner.resize(static_cast<std::size_t>(padded), 0);
  at::Tensor all_hidden = pad_dimension(at::cat(hidden, 1), 1, padded);
  at::Tensor all_cell = pad_dimension(at::cat(cell, 1), 1, padded);
  head_.step(pad_dimension(embeddings, 0, padded_size(embeddings.size(0))), all_hidden, all_cell,
             at::tensor(owner, at::kLong).to(head_.device()));

  std::vector<std::int64_t> full_rows;
  std::vector<std::size_t> full_tracks;
  std::int64_t row = 0;
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    Lanes& track = *tracks[i];
    const auto lanes = static_cast<std::int64_t>(track.ages_.size());
    track.hidden_ = all_hidden.narrow(1, row, lanes).clone();
    track.cell_ = all_cell.narrow(1, row, lanes).clone();
    for (std::size_t lane = 0; lane < track.ages_.size(); ++lane) {
      int& age = track.ages_[lane];
      if (age < 0 || ++age < track.length_) continue;
      full_rows.push_back(row + static_cast<std::int64_t>(lane));
      full_tracks.push_back(i);
      age = -1;
      ++track.windows_;
    }
    ++track.samples_;
    row += lanes;
  }
  if (full_rows.empty()) return logits;
  const at::Tensor top = all_hidden[head_.sizes().layers - 1].index_select(
      0, at::tensor(full_rows, at::kLong).to(head_.device()));
  const at::Tensor found = head_.classify(top).to(at::kCPU, at::kDouble);
  for (std::size_t i = 0; i < full_tracks.size(); ++i) {
    logits[full_tracks[i]] = found[static_cast<std::int64_t>(i)].item<double>();
  }
  return logits;
}

std::optional<double> LaneStepper::partial(const Lanes& track) const {
  const auto oldest = std::max_element(track.ages_.begin(), track.ages_.end());
  if (*oldest <= 0) return std::nullopt;
  const auto lane = static_cast<std::int64_t>(oldest - track.ages_.begin());
  const at::Tensor top = track.hidden_[head_.sizes().layers - 1].narrow(0, lane, 1);
  return head_.classify(top).item<double>();
}

}  // namespace dfd
