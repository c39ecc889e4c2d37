// SPDX-License-Identifier: LGPL-2.1-or-later

#include "evidence.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/log.h"
#include "evidence/ring_folder.h"
#include "service/told.h"

namespace dfd::monitor {
namespace {

bool is_wanted(const Config& config) {
  return std::any_of(config.streams.begin(), config.streams.end(),
                     [](const StreamConfig& stream) { return stream.evidence.wanted; });
}

std::set<std::string> open_alarms(const Evidence::Streams& streams,
                                  const std::map<std::string, StreamSnapshot>& left) {
  std::set<std::string> open;
  std::set<std::string> watched;
  for (const auto& stream : streams) {
    watched.insert(stream->stream().config().id);
    for (const StoredAlarm& alarm : stream->alarms().open()) open.insert(alarm.record.id);
  }
  for (const auto& [stream, snapshot] : left) {
    if (watched.count(stream) != 0) continue;
    for (const StoredAlarm& alarm : snapshot.open_alarms) open.insert(alarm.record.id);
  }
  return open;
}

}  // namespace

Evidence::Evidence(const Config& config, std::shared_ptr<PictureMaker> pictures)
    : pictures_(std::move(pictures)) {
  prepare(config);
  clips_ = std::make_unique<ClipMaker>(config.state_dir, config.evidence);
}

void Evidence::prepare(const Config& config) {
  if (!ring_folder_.empty() || !is_wanted(config)) return;
  ring_folder_ = make_ring_folder(config.ring_dir, config.state_dir);
}

Evidence::~Evidence() {
  // Somebody may still hold something in it.
  std::error_code ignored;
  if (!ring_folder_.empty()) std::filesystem::remove(ring_folder_, ignored);
}

std::unique_ptr<Recorder> Evidence::recorder_for(const StreamConfig& config) {
  if (!config.evidence.wanted) return nullptr;
  return std::make_unique<Recorder>(config, ring_folder_, *clips_, pictures_);
}

void Evidence::update(Moment now, const Streams& streams,
                      const std::map<std::string, StreamSnapshot>& left,
                      const WatchedStream::Tell& tell) {
  constexpr auto kEvery = std::chrono::milliseconds(500);
  if (now.steady - updated_ < kEvery) return;
  updated_ = now.steady;
  clips_->set_open(open_alarms(streams, left));
  tell_results(now, streams, tell);
}

void Evidence::tell_results(Moment now, const Streams& streams, const WatchedStream::Tell& tell) {
  for (const ClipResult& result : clips_->take_results()) {
    log_line(result.place.stream + ": evidence of alarm " + result.place.alarm + " " +
             name_of(result.state) + (result.text.empty() ? "" : " (" + result.text + ")"));
    const auto stream = std::find_if(streams.begin(), streams.end(), [&](const auto& one) {
      return one->stream().config().id == result.place.stream;
    });
    if (stream != streams.end()) {
      (*stream)->tell_clip(now, result);
      continue;
    }
    // Not watched any more, and its evidence had to go.
    const StreamConfig gone = unwatched(result.place.stream);
    EventStream part;
    part.config = &gone;
    tell(told_clip(now, part, result));
  }
}

void Evidence::close(Moment now, const Streams& streams, const WatchedStream::Tell& tell) {
  for (const auto& stream : streams) stream->close_recorder(now);
  clips_->drain();
  tell_results(now, streams, tell);
}

}  // namespace dfd::monitor
