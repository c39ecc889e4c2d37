// SPDX-License-Identifier: LGPL-2.1-or-later

#include "board.h"

#include <algorithm>
#include <utility>

namespace dfd::monitor {

void Board::put(Moment now, std::vector<StreamStatus> streams) {
  const std::lock_guard<std::mutex> lock(mutex_);
  end_spans(now);
  std::map<std::string, Kept> kept;
  for (const StreamStatus& stream : streams) {
    Kept& own = kept[stream.id] = std::move(kept_[stream.id]);
    if (own.picture && now.wall - own.picture->time > kPictureAge) own.picture.reset();
    if (stream.probability) {
      own.worst = std::max(own.worst.value_or(*stream.probability), *stream.probability);
    }
  }
  kept_ = std::move(kept);
  streams_ = std::move(streams);
}

// More than one where nobody came for long.
void Board::end_spans(Moment now) {
  if (!begin_) begin_ = now.steady;
  const auto over = static_cast<std::size_t>((now.steady - *begin_) / kSpan);
  if (over == 0) return;
  *begin_ += kSpan * over;
  end_of_last_ = now.wall;
  for (auto& [id, spans] : kept_) {
    spans.values.push_back(std::exchange(spans.worst, std::nullopt));
    for (std::size_t i = 1; i < std::min(over, kMostSpans); ++i) {
      spans.values.emplace_back(std::nullopt);
    }
    while (spans.values.size() > kMostSpans) spans.values.pop_front();
  }
}

std::vector<StreamStatus> Board::streams() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return streams_;
}

std::optional<StreamStatus> Board::stream(const std::string& id) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [&](const auto& stream) { return stream.id == id; });
  return found == streams_.end() ? std::nullopt : std::optional<StreamStatus>(*found);
}

void Board::put_picture(const std::string& id, StreamPicture picture) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = kept_.find(id);
  if (found != kept_.end()) found->second.picture = std::move(picture);
}

std::optional<StreamPicture> Board::picture(const std::string& id) const {
  const auto status = stream(id);
  if (!status || !status->live) return std::nullopt;
  const std::lock_guard<std::mutex> lock(mutex_);
  asked_.insert(id);
  const auto found = kept_.find(id);
  return found == kept_.end() ? std::nullopt : found->second.picture;
}

std::set<std::string> Board::take_asked() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(asked_, {});
}

ProbabilityHistory Board::history(const std::string& id) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = kept_.find(id);
  if (found == kept_.end()) return {};
  return {end_of_last_, {found->second.values.begin(), found->second.values.end()}};
}

}  // namespace dfd::monitor
