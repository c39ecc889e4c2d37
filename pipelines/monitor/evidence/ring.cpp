// SPDX-License-Identifier: LGPL-2.1-or-later

#include "ring.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <utility>

#include "base/log.h"

namespace dfd::monitor {
namespace {

constexpr std::int64_t kFrame = 40 * GST_MSECOND;

// Sound is known a little after the pictures; a segment that began before it would have none.
constexpr auto kSoundWait = std::chrono::milliseconds(700);

constexpr const char* kNoRoom = "ring_dir has no room for it: see evidence.ring_max_bytes";

// Without a packet for so long the segment at hand is at its end.
constexpr auto kIdle = std::chrono::seconds(2);

bool is_keyframe(GstBuffer* buffer) {
  return !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
}

GstClockTime time_of(GstBuffer* buffer) {
  return GST_BUFFER_DTS_IS_VALID(buffer) ? GST_BUFFER_DTS(buffer) : GST_BUFFER_PTS(buffer);
}

// Some sources' times do.
bool is_jump(GstClockTime from, GstClockTime to) {
  constexpr std::int64_t kBack = GST_SECOND;
  constexpr std::int64_t kAhead = 10 * GST_SECOND;
  if (!GST_CLOCK_TIME_IS_VALID(from)) return false;
  const auto step = static_cast<std::int64_t>(to) - static_cast<std::int64_t>(from);
  return step < -kBack || step > kAhead;
}

// Files of a ring before this one of the same name may still be held.
std::string next_unique() {
  static std::atomic<unsigned> count{0};
  return "-" + std::to_string(count++) + "-";
}

void shift(GstClockTime& time, std::int64_t offset) {
  if (!GST_CLOCK_TIME_IS_VALID(time)) return;
  time = static_cast<GstClockTime>(
      std::max<std::int64_t>(0, static_cast<std::int64_t>(time) + offset));
}

}  // namespace

// The segment at hand.
struct Ring::Current {
  std::unique_ptr<SegmentWriter> writer;
  std::shared_ptr<SegmentFile> file;
  Segment segment;
  GstCaps* caps = nullptr;

  ~Current() {
    writer.reset();
    gst_clear_caps(&caps);
  }
};

Ring::Ring(RingPlace place, std::string name, Duration kept)
    : place_(std::move(place)),
      name_(std::move(name)),
      unique_(next_unique()),
      kept_(kept),
      used_(std::make_shared<ByteCount>(place_.room->count())),
      thread_([this] { run(); }) {
  place_.room->add(this);
}

Ring::~Ring() {
  place_.room->remove(this);
  close();
  for (Packet& packet : packets_) drop(packet);
  for (auto& [epoch, packet] : sound_) drop(packet);
  gst_clear_caps(&sound_caps_);
}

std::uint64_t Ring::begin() {
  const std::lock_guard<std::mutex> lock(mutex_);
  wants_keyframe_ = true;
  return ++connection_;
}

void Ring::drop(Packet& packet) {
  gst_clear_buffer(&packet.buffer);
  gst_clear_caps(&packet.caps);
}

void Ring::take(std::uint64_t connection, Track track, GstCaps* caps, GstBuffer* buffer) {
  Packet packet{connection, track, gst_caps_ref(caps), buffer, Time::clock::now()};
  const std::size_t bytes = gst_buffer_get_size(buffer);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const bool is_late = connection != connection_ || end_;
    if (track == Track::kPictures && is_keyframe(buffer)) wants_keyframe_ = false;
    if (!is_late && !wants_keyframe_ && waiting_ + bytes <= kMostWaiting) {
      waiting_ += bytes;
      packets_.push_back(std::exchange(packet, {}));
    } else if (!is_late && waiting_ + bytes > kMostWaiting) {
      ++stats_.dropped;
      // Pictures between here and there could not be decoded.
      wants_keyframe_ = true;
    }
  }
  if (packet.buffer != nullptr) return drop(packet);
  changed_.notify_one();
}

std::vector<Segment> Ring::segments() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {segments_.begin(), segments_.end()};
}

std::uint64_t Ring::connection() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return connection_;
}

void Ring::end() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    end_ = true;
  }
  changed_.notify_all();
}

void Ring::close() {
  end();
  if (thread_.joinable()) thread_.join();
}

RingStats Ring::stats() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stats_;
}

void Ring::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    const bool woken = changed_.wait_for(lock, kIdle, [this] { return end_ || !packets_.empty(); });
    if (end_) break;
    if (!packets_.empty() && packets_.front().connection != timeline_connection_) {
      changed_.wait_for(lock, kSoundWait, [this] { return end_; });
    }
    std::deque<Packet> packets = std::exchange(packets_, {});
    waiting_ = 0;
    lock.unlock();
    begin_timeline(packets);
    for (Packet& packet : packets) handle(std::exchange(packet, {}));
    if (!woken) finish();
    trim();
    keep_within_room();
    lock.lock();
  }
  lock.unlock();
  finish();
  ended_ = true;
}

void Ring::begin_timeline(const std::deque<Packet>& packets) {
  if (packets.empty() || packets.front().connection == timeline_connection_) return;
  timeline_connection_ = packets.front().connection;
  picture_epoch_ = sound_epoch_ = 0;
  offsets_ = {{0, 0}};
  last_picture_ = last_sound_ = GST_CLOCK_TIME_NONE;
  written_until_ = 0;
  for (auto& [epoch, packet] : sound_) drop(packet);
  sound_.clear();
  without_sound_ = false;
  gst_clear_caps(&sound_caps_);
  for (const Packet& packet : packets) note_sound(packet);
}

void Ring::note_sound(const Packet& packet) {
  if (packet.track != Track::kSound || without_sound_) return;
  if (fits_segment(Track::kSound, packet.caps)) gst_caps_replace(&sound_caps_, packet.caps);
}

bool Ring::jumped(GstBuffer* buffer, GstClockTime& last) {
  const GstClockTime time = time_of(buffer);
  if (!GST_CLOCK_TIME_IS_VALID(time)) return false;
  return is_jump(std::exchange(last, time), time);
}

void Ring::set_picture_times(Packet& packet) {
  if (jumped(packet.buffer, last_picture_)) {
    offsets_[++picture_epoch_] = written_until_ + kFrame - static_cast<std::int64_t>(last_picture_);
    offsets_.erase(picture_epoch_ - 2);
  }
  const std::int64_t offset = offsets_[picture_epoch_];
  packet.time = GST_BUFFER_PTS(packet.buffer);
  packet.shift = offset;
  if (GST_CLOCK_TIME_IS_VALID(last_picture_)) {
    written_until_ = static_cast<std::int64_t>(last_picture_) + offset;
  }
  shift(GST_BUFFER_PTS(packet.buffer), offset);
  shift(GST_BUFFER_DTS(packet.buffer), offset);
}

void Ring::hold_sound(Packet packet) {
  // A minute and a half of AAC; files bring all that they have.
  constexpr std::size_t kMostHeld = 4096;
  note_sound(packet);
  if (jumped(packet.buffer, last_sound_)) {
    // Beside the pictures it is where it belongs: they have jumped before, or sound that is longer
    // than the pictures of a file begins anew with them.
    const bool is_beside =
        GST_CLOCK_TIME_IS_VALID(last_picture_) && !is_jump(last_picture_, last_sound_);
    sound_epoch_ = is_beside ? picture_epoch_ : std::min(sound_epoch_, picture_epoch_) + 1;
  }
  sound_.emplace_back(sound_epoch_, packet);
  if (sound_.size() <= kMostHeld) return;
  // No jump of the pictures came that it could have waited for.
  sound_epoch_ = picture_epoch_;
  drop(sound_.front().second);
  sound_.pop_front();
}

// What belongs to the pictures that were written.
void Ring::write_sound() {
  while (!sound_.empty() && current_ != nullptr) {
    auto& [epoch, packet] = sound_.front();
    if (epoch > picture_epoch_) return;
    const auto known = offsets_.find(epoch);
    const std::int64_t offset = known == offsets_.end() ? offsets_[picture_epoch_] : known->second;
    const GstClockTime time = time_of(packet.buffer);
    const bool is_ahead = epoch == picture_epoch_ && GST_CLOCK_TIME_IS_VALID(time) &&
                          static_cast<std::int64_t>(time) + offset > written_until_;
    if (is_ahead) return;
    if (packet.connection == current_->segment.connection) {
      shift(GST_BUFFER_PTS(packet.buffer), offset);
      shift(GST_BUFFER_DTS(packet.buffer), offset);
      current_->file->grow(gst_buffer_get_size(packet.buffer));
      current_->writer->write(Track::kSound, std::exchange(packet.buffer, nullptr));
    }
    drop(packet);
    sound_.pop_front();
  }
}

void Ring::handle(Packet packet) {
  if (packet.track == Track::kSound) {
    hold_sound(packet);
    return write_sound();
  }
  set_picture_times(packet);
  handle_picture(packet);
  write_sound();
  drop(packet);
}

void Ring::handle_picture(Packet& packet) {
  if (is_keyframe(packet.buffer)) {
    const bool is_due = current_ == nullptr || current_->segment.connection != packet.connection ||
                        packet.arrived - current_->segment.begin >= kShortest ||
                        gst_caps_is_equal(current_->caps, packet.caps) == FALSE;
    if (is_due) {
      finish();
      open(packet);
    }
  }
  if (current_ == nullptr || packet.connection != current_->segment.connection) return;
  Segment& segment = current_->segment;
  segment.end = packet.arrived;
  if (packet.shift != segment.shift) segment.first = GST_CLOCK_TIME_NONE;
  const bool is_later = GST_CLOCK_TIME_IS_VALID(packet.time) &&
                        (!GST_CLOCK_TIME_IS_VALID(segment.last) || packet.time > segment.last);
  if (is_later) segment.last = packet.time;
  current_->file->grow(gst_buffer_get_size(packet.buffer));
  current_->writer->write(Track::kPictures, std::exchange(packet.buffer, nullptr));
}

void Ring::open(const Packet& packet) {
  constexpr std::uint64_t kSlack = kMostBytes / 4;
  if (bytes() > kMostBytes + kSlack) return lose("too much is held of it");
  if (!place_.room->make_room(*this)) return lose(kNoRoom);
  auto current = std::make_unique<Current>();
  Segment& segment = current->segment;
  segment.number = next_number_++;
  segment.connection = packet.connection;
  segment.begin = segment.end = packet.arrived;
  segment.first = packet.time;
  segment.shift = packet.shift;
  segment.codec = gst_structure_get_name(gst_caps_get_structure(packet.caps, 0));
  const bool has_sound = sound_caps_ != nullptr && !without_sound_;
  if (has_sound) segment.sound_parser = sound_parser_of(sound_caps_);
  current->caps = gst_caps_ref(packet.caps);
  current->file = std::make_shared<SegmentFile>(
      place_.folder + "/" + name_ + unique_ + std::to_string(segment.number) + ".ts", used_);
  try {
    current->writer = std::make_unique<SegmentWriter>(current->file->path(), packet.caps,
                                                      has_sound ? sound_caps_ : nullptr);
  } catch (const std::exception& error) {
    return fail(error.what());
  }
  current_ = std::move(current);
}

void Ring::finish() {
  if (current_ == nullptr) return;
  const std::unique_ptr<Current> current = std::move(current_);
  try {
    current->writer->finish();
    current->file->measure();
    if (current->file->bytes() == 0) throw std::runtime_error("nothing came out");
  } catch (const std::exception& error) {
    return fail(error.what());
  }
  failures_in_row_ = 0;
  current->segment.file = current->file;
  const std::lock_guard<std::mutex> lock(mutex_);
  segments_.push_back(current->segment);
}

void Ring::fail(const std::string& text) {
  // Sound of a kind that the muxer cannot have after all must not cost the pictures.
  constexpr int kMostWithSound = 2;
  if (++failures_in_row_ >= kMostWithSound) without_sound_ = true;
  lose(text);
}

void Ring::lose(const std::string& text) {
  if (said_ != text) log_line(name_ + ": cannot be recorded: " + text);
  said_ = text;
  const std::lock_guard<std::mutex> lock(mutex_);
  ++stats_.failures;
}

// From the newest on: of a source that is away its last pictures stay.
void Ring::trim() {
  // Files are removed without the mutex.
  std::vector<Segment> gone;
  const std::lock_guard<std::mutex> lock(mutex_);
  std::uint64_t own = 0;
  for (const Segment& segment : segments_) own += segment.file->bytes();
  while (segments_.size() > 1 &&
         (segments_[1].begin <= segments_.back().end - kept_.load() || own > kMostBytes)) {
    own -= segments_.front().file->bytes();
    gone.push_back(std::move(segments_.front()));
    segments_.pop_front();
  }
}

std::shared_ptr<const SegmentFile> Ring::give_up() {
  const std::lock_guard<std::mutex> lock(mutex_);
  // Whoever holds one has it from here.
  const auto free = std::find_if(segments_.begin(), segments_.end(), [](const Segment& segment) {
    return segment.file.use_count() == 1;
  });
  if (free == segments_.end()) return nullptr;
  std::shared_ptr<const SegmentFile> file = std::move(free->file);
  segments_.erase(free);
  ++stats_.evicted;
  return file;
}

void Ring::keep_within_room() {
  const bool has_room = place_.room->make_room(*this);
  is_cramped_ = !has_room;
  if (current_ == nullptr) return;
  const bool is_endless = current_->file->bytes() > kMostBytes;
  if (has_room && !is_endless) return;
  current_.reset();
  lose(has_room ? "no keyframe comes" : kNoRoom);
}

}  // namespace dfd::monitor
