// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/file_scan.h"

#include <sstream>
#include <utility>

#include "streams/file_pipeline.h"
#include "streams/unseen.h"

namespace dfd::monitor {
namespace {

// Damaged files make demuxers stop without a word, now and then; a picture that takes longer than
// that is none.
constexpr Duration kStall = std::chrono::seconds(60);

constexpr Duration kWriteLimit = std::chrono::seconds(30);

std::string seconds_text(Duration duration) {
  std::ostringstream text;
  text << to_seconds(duration) << " s";
  return text.str();
}

// Null once it is being taken down, as its element may be.
Owned<GstElement> pipeline_of(GstElement* detect) {
  if (detect == nullptr) return nullptr;
  return Owned<GstElement>(GST_ELEMENT(gst_object_get_parent(GST_OBJECT(detect))));
}

// Asked once the file has ended: nothing of it runs any more that could be waited for.
std::optional<double> duration_of(GstElement* detect) {
  const Owned<GstElement> pipeline = pipeline_of(detect);
  gint64 duration = 0;
  const bool known =
      pipeline != nullptr &&
      gst_element_query_duration(pipeline.get(), GST_FORMAT_TIME, &duration) != FALSE;
  if (!known || duration <= 0) return std::nullopt;
  return static_cast<double>(duration) / GST_SECOND;
}

Demuxed demuxed_before(GstElement* detect) {
  const Owned<GstElement> pipeline = pipeline_of(detect);
  return pipeline != nullptr ? demuxed_of(pipeline.get()) : Demuxed();
}

}  // namespace

FileScan::FileScan(ListedFile file, std::optional<RecordedFile> earlier, Duration timeout,
                   MakeDetect make_detect, std::string pictures, Time now)
    : file_(std::move(file)),
      earlier_(std::move(earlier)),
      begin_(now),
      timeout_(timeout),
      make_detect_(std::move(make_detect)),
      pictures_(std::move(pictures)),
      preparation_(file_, earlier_) {
  result_.path = file_.path;
}

void FileScan::prepared(Prepared prepared) {
  known_ = prepared.known;
  skipped_ = prepared.skipped;
  result_.error = std::move(prepared.error);
  result_.identity = prepared.identity;
  result_.sha256 = std::move(prepared.sha256);
  if (known_ || skipped_ || result_.error) return;
  Owned<GstElement> detect = make_detect_();
  if (!pictures_.empty()) crops_.emplace(detect.get());
  connection_ = std::make_unique<Connection>(make_file_pipeline(file_.path, std::move(detect)),
                                             [this](GstMessage* message) {
                                               has_unseen_ |= tells_unseen(message);
                                               if (const auto news = read_news(message)) {
                                                 verdict_.add(*news);
                                               }
                                             });
}

void FileScan::take_decision() {
  result_.decision = verdict_.decide(result_.duration_s, has_unseen_);
  result_.threshold = verdict_.threshold();
  result_.model_id = verdict_.model_id();
  // Of a file that was not seen to its end only the worst can be said.
  if (result_.error && result_.decision->verdict != Verdict::kManipulated) {
    result_.decision.reset();
  }
}

void FileScan::ended(const Failure& failure) {
  if (GstElement* detect = connection_->detect()) {
    result_.counts = read_counts(detect);
    if (failure.reason == FailureReason::kEos) result_.duration_s = duration_of(detect);
  }
  if (failure.reason != FailureReason::kEos) {
    const Demuxed demuxed = demuxed_before(connection_->detect());
    result_.error = demuxed.streams && !demuxed.pictures
                        ? FileError{"no_video", "there is no picture track in it"}
                        : FileError{name_of(failure.reason), failure.text};
  } else if (connection_->seen().frames == 0) {
    result_.error = FileError{"no_picture", "the file ended without a picture"};
  }
  take_decision();
}

void FileScan::close(Time now) {
  connection_->close();
  closing_since_ = now;
  state_ = State::kClosing;
}

// What was seen of the faces that are told of.
void FileScan::write_pictures(Time now) {
  if (!crops_ || !result_.decision || result_.decision->faces.empty()) return end(now);
  const std::vector<FaceCrop> crops = crops_->take();
  std::vector<FaceCrop> told;
  for (const FileTrack& track : result_.decision->faces) {
    const FaceCrop* crop = crop_of(track, crops);
    told.push_back(crop != nullptr ? *crop : FaceCrop());
  }
  // Another file of the same content has pictures of its own, and so has another model.
  files_.emplace(pictures_, file_.path + '\0' + result_.sha256 + result_.model_id, std::move(told));
  writing_since_ = now;
  state_ = State::kWriting;
}

void FileScan::take_names(const std::vector<FaceNames>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    FileTrack& track = result_.decision->faces[i];
    track.picture = names[i].picture;
    track.heatmap = names[i].heatmap;
  }
}

void FileScan::end(Time now) {
  connection_.reset();
  result_.seconds = to_seconds(now - begin_);
  state_ = State::kEnded;
}

// Before the first picture, and for so long that a demuxer that is just being set going is none.
bool FileScan::demuxer_gave_up(Time now) {
  constexpr Duration kLongEnough = std::chrono::seconds(1);
  const bool gave_up = frames_ == 0 && demuxed_before(connection_->detect()).gave_up;
  if (!gave_up) {
    gave_up_.reset();
  } else if (!gave_up_) {
    gave_up_ = now;
  }
  return gave_up_ && now - *gave_up_ >= kLongEnough;
}

bool FileScan::update(Time now) {
  if (state_ == State::kPreparing) {
    if (auto result = preparation_.result()) {
      prepared(std::move(*result));
      state_ = State::kPlaying;
      moved_ = now;
      if (connection_ == nullptr) end(now);
    }
  } else if (state_ == State::kPlaying) {
    const Seen seen = connection_->seen();
    if (seen.frames != std::exchange(frames_, seen.frames)) moved_ = now;
    if (seen.failure) {
      ended(*seen.failure);
      close(now);
    }
  } else if (state_ == State::kClosing) {
    stuck_ = !connection_->seen().closed && now - closing_since_ >= Watch::kCloseLimit;
    if (stuck_ || connection_->seen().closed) write_pictures(now);
  } else if (state_ == State::kWriting) {
    const auto names = files_->names();
    if (names) take_names(*names);
    // A disk that takes longer costs the pictures, not the result.
    if (names || now - writing_since_ >= kWriteLimit) end(now);
  }
  const bool running = state_ == State::kPreparing || state_ == State::kPlaying;
  if (running && now - begin_ >= timeout_) {
    fail({"timeout", "not done within " + seconds_text(timeout_)}, now);
  } else if (state_ == State::kPlaying && demuxer_gave_up(now)) {
    fail({name_of(FailureReason::kDecode), "damaged or cut: nothing that can be played was found"},
         now);
  } else if (state_ == State::kPlaying && now - moved_ >= kStall) {
    fail({name_of(FailureReason::kStall), "no picture within " + seconds_text(kStall)}, now);
  }
  return state_ == State::kEnded;
}

void FileScan::fail(FileError error, Time now) {
  result_.error = std::move(error);
  if (connection_ == nullptr) {
    end(now);
  } else {
    take_decision();
    close(now);
  }
}

}  // namespace dfd::monitor
