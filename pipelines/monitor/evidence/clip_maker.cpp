// SPDX-License-Identifier: LGPL-2.1-or-later

#include "clip_maker.h"

#include <fcntl.h>
#include <gst/gst.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <exception>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/digest.h"
#include "base/log.h"
#include "base/version.h"
#include "evidence/clip_files.h"

namespace dfd::monitor {
namespace {

namespace fs = std::filesystem;

std::string day_before(WallTime now, double days) {
  constexpr double kDaySeconds = 86400;
  return utc_day(now - std::chrono::duration_cast<WallTime::duration>(
                           std::chrono::duration<double>(days * kDaySeconds)));
}

// A message has less than 1000 bytes, and hardly any source more than 60 pictures a second.
std::uint64_t most_verdict_bytes(WallTime::duration length) {
  constexpr double kBytesPerSecond = 60000;
  return static_cast<std::uint64_t>(kBytesPerSecond *
                                    std::max(0.0, std::chrono::duration<double>(length).count()));
}

const char* why_full(std::uint64_t bytes_needed, std::uint64_t most) {
  return bytes_needed > most ? "this alarm's alone would take more than max_bytes"
                             : "what is kept is of open alarms, and max_bytes are reached";
}

}  // namespace

const char* name_of(ClipResult::State state) {
  switch (state) {
    case ClipResult::State::kWritten:
      return "written";
    case ClipResult::State::kDeleted:
      return "deleted";
    case ClipResult::State::kFailed:
      return "failed";
    case ClipResult::State::kPaused:
      return "paused";
    case ClipResult::State::kResumed:
      return "resumed";
  }
  return "";
}

struct ClipMaker::Shared : LeavableThread::Shared {
  Shared(const std::string& state_folder, const EvidenceLimits& most)
      : state(state_folder), folder(state_folder), limits(most) {}

  // By the thread, without the mutex.
  void make(const ClipRequest& request, const std::set<std::string>& open_alarms, double max_bytes);
  void remove_old(const std::set<std::string>& open_alarms, double days);
  void write(const ClipRequest& request);
  void tell(ClipResult result);
  void tell_gone(const std::vector<EvidencePlace>& gone, const char* why);

  const std::string state;
  EvidenceFolder folder;
  bool paused = false;

  // With the mutex held.
  EvidenceLimits limits;
  std::deque<ClipRequest> requests;
  // Nothing before it was said.
  std::optional<std::set<std::string>> open;
  std::vector<ClipResult> results;
  std::uint64_t bytes = 0;
  bool busy = true;
  // Somebody waited in vain for what is being made.
  bool late = false;
};

void ClipMaker::Shared::tell(ClipResult result) {
  const std::lock_guard<std::mutex> lock(mutex);
  results.push_back(std::move(result));
  bytes = folder.bytes();
}

void ClipMaker::Shared::tell_gone(const std::vector<EvidencePlace>& gone, const char* why) {
  for (const EvidencePlace& place : gone) {
    ClipResult result;
    result.state = ClipResult::State::kDeleted;
    result.place = place;
    result.text = why;
    tell(std::move(result));
  }
}

void ClipMaker::Shared::remove_old(const std::set<std::string>& open_alarms, double days) {
  tell_gone(folder.remove_before(day_before(now().wall, days), open_alarms),
            "older than retain_days");
}

void ClipMaker::Shared::make(const ClipRequest& request, const std::set<std::string>& open_alarms,
                             double max_bytes) {
  // Pictures and tables beside the clip, and what MP4 adds.
  constexpr std::uint64_t kBeside = 65536;
  std::uint64_t bytes_needed = kBeside;
  for (const ClipPicture* picture : {&request.best, &request.heatmap, &request.face}) {
    bytes_needed += picture->jpeg.size();
  }
  for (const Segment& segment : request.segments) bytes_needed += segment.file->bytes();
  if (!request.said.empty()) bytes_needed += most_verdict_bytes(request.end - request.begin);
  const auto most = static_cast<std::uint64_t>(max_bytes);
  std::set<std::string> kept = open_alarms;
  kept.insert(request.place.alarm);
  tell_gone(folder.make_room(bytes_needed, most, kept), "there was no room within max_bytes");
  ClipResult result;
  result.place = request.place;
  result.notified = request.notified;
  const bool full = folder.bytes() + bytes_needed > most;
  if (std::exchange(paused, full) != full) {
    result.state = full ? ClipResult::State::kPaused : ClipResult::State::kResumed;
    if (full) result.text = why_full(bytes_needed, most);
    tell(result);
  }
  if (!full) write(request);
}

void ClipMaker::Shared::write(const ClipRequest& request) {
  ClipResult result;
  result.place = request.place;
  result.notified = request.notified;
  result.pre_roll_s = request.pre_roll_s;
  result.begin = request.begin;
  result.end = request.end;
  try {
    const std::string below = folder.make(request.place);
    result.files = write_clip_files(state, below, request);
    folder.measure(request.place);
  } catch (const std::exception& error) {
    result.state = ClipResult::State::kFailed;
    result.text = error.what();
    result.files.clear();
    try {
      folder.remove(request.place);
    } catch (const std::exception& again) {
      log_line(again.what());
    }
  }
  tell(std::move(result));
}

ClipMaker::ClipMaker(const std::string& state_folder, const EvidenceLimits& limits)
    : shared_(std::make_shared<Shared>(state_folder, limits)) {
  thread_.start(shared_, run);
}

ClipMaker::~ClipMaker() {
  Duration limit = kCloseLimit;
  {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    if (shared_->late) limit = Duration::zero();
  }
  if (thread_.end(limit)) return;
  log_line("evidence that was being written is lost, for the disk takes too long");
}

void ClipMaker::run(Shared& shared) {
  constexpr auto kCleanEvery = std::chrono::hours(1);
  const auto guarded = [](const auto& work) {
    try {
      work();
    } catch (const std::exception& error) {
      log_line(std::string("evidence: ") + error.what());
    }
  };
  guarded([&] { shared.folder.scan(); });
  std::optional<Time> cleaned;
  std::unique_lock<std::mutex> lock(shared.mutex);
  shared.bytes = shared.folder.bytes();
  while (true) {
    shared.busy = false;
    shared.changed.notify_all();
    shared.changed.wait_for(lock, std::chrono::seconds(1),
                            [&] { return shared.end || !shared.requests.empty(); });
    if (shared.end && shared.requests.empty()) return;
    const bool is_known = shared.open.has_value();
    const std::set<std::string> open = shared.open.value_or(std::set<std::string>());
    const EvidenceLimits limits = shared.limits;
    std::optional<ClipRequest> request;
    if (!shared.requests.empty()) {
      request = std::move(shared.requests.front());
      shared.requests.pop_front();
    }
    shared.busy = true;
    lock.unlock();
    if (request) guarded([&] { shared.make(*request, open, limits.max_bytes); });
    const Time time = now().steady;
    if (!request && is_known && (!cleaned || time - *cleaned >= kCleanEvery)) {
      cleaned = time;
      guarded([&] { shared.remove_old(open, limits.retain_days); });
    }
    // Its segments go before anything else comes.
    request.reset();
    lock.lock();
  }
}

void ClipMaker::make(ClipRequest request) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->requests.push_back(std::move(request));
  shared_->busy = true;
  shared_->changed.notify_all();
}

void ClipMaker::set_open(std::set<std::string> alarms) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->open = std::move(alarms);
}

void ClipMaker::set_limits(const EvidenceLimits& limits) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->limits = limits;
}

std::vector<ClipResult> ClipMaker::take_results() {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return std::exchange(shared_->results, {});
}

void ClipMaker::drain() {
  std::unique_lock<std::mutex> lock(shared_->mutex);
  shared_->late = !shared_->changed.wait_for(
      lock, kCloseLimit, [this] { return !shared_->busy && shared_->requests.empty(); });
}

std::uint64_t ClipMaker::bytes() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->bytes;
}

}  // namespace dfd::monitor
