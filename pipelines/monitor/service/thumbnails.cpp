// SPDX-License-Identifier: LGPL-2.1-or-later

#include "thumbnails.h"

namespace dfd::monitor {

Thumbnails::Thumbnails(Board& board, const std::shared_ptr<PictureMaker>& maker)
    : board_(&board), maker_(maker) {}

void Thumbnails::ask(Connection& connection, const std::string& id) const {
  constexpr int kWidth = 320;
  connection.want_picture([board = board_, maker = maker_, id](GstSample* sample) {
    const auto pictures = maker.lock();
    if (pictures == nullptr) return;
    const auto put = [board, id, time = now().wall](const std::string& jpeg) {
      if (jpeg.empty()) return;
      board->put_picture(id, {std::make_shared<const std::string>(jpeg), time});
    };
    const auto small = [](GstSample* picture) { return jpeg_of(picture, kWidth); };
    pictures->make(Sample(gst_sample_ref(sample)), small, put);
  });
}

void Thumbnails::update(Moment now, const std::vector<std::unique_ptr<WatchedStream>>& streams) {
  constexpr auto kEvery = std::chrono::seconds(1);
  // Longer than pages wait that were told of no picture.
  constexpr auto kAfterLastLook = std::chrono::seconds(15);
  if (now.steady - asked_ < kEvery) return;
  asked_ = now.steady;
  for (const std::string& id : board_->take_asked()) {
    wanted_until_[id] = now.steady + kAfterLastLook;
  }
  for (const auto& stream : streams) {
    Connection* connection = stream->stream().connection();
    const std::string& id = stream->stream().config().id;
    const auto until = wanted_until_.find(id);
    if (until == wanted_until_.end() || connection == nullptr) continue;
    if (until->second < now.steady) {
      wanted_until_.erase(until);
    } else {
      ask(*connection, id);
    }
  }
}

}  // namespace dfd::monitor
