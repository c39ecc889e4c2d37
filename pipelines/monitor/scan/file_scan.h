// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One file from its first byte to its result.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "scan/face_crops.h"
#include "scan/face_files.h"
#include "scan/file_list.h"
#include "scan/file_result.h"
#include "scan/preparation.h"
#include "streams/connection.h"

namespace dfd::monitor {

// Used by the main loop's thread.
class FileScan {
 public:
  // A new element deepfakedetect, with the scan's properties.
  using MakeDetect = std::function<Owned<GstElement>()>;

  // `timeout` counts from here. `pictures` is the folder where pictures of faces go; empty: there
  // are none.
  FileScan(ListedFile file, std::optional<RecordedFile> earlier, Duration timeout,
           MakeDetect make_detect, std::string pictures, Time now);

  // Goes on as far as can be without a wait; true once it has ended. Throws MissingElement.
  bool update(Time now);

  // Once it has ended: what is known already, what is no video, and what is to be written.
  bool known() const { return known_; }
  bool skipped() const { return skipped_; }
  const RecordedFile& earlier() const { return *earlier_; }
  const FileResult& result() const { return result_; }
  // The pipeline could not be taken down, and is left behind.
  bool is_stuck() const { return stuck_; }

 private:
  enum class State { kPreparing, kPlaying, kClosing, kWriting, kEnded };

  void prepared(Prepared prepared);
  void ended(const Failure& failure);
  void take_decision();
  bool demuxer_gave_up(Time now);
  void fail(FileError error, Time now);
  void close(Time now);
  void write_pictures(Time now);
  void take_names(const std::vector<FaceNames>& names);
  void end(Time now);

  ListedFile file_;
  std::optional<RecordedFile> earlier_;
  Time begin_;
  Duration timeout_;
  MakeDetect make_detect_;
  std::string pictures_;
  State state_ = State::kPreparing;
  Time closing_since_{};
  // Pictures so far, and when the last one came.
  std::uint64_t frames_ = 0;
  Time moved_{};
  // Since then no demuxer reads.
  std::optional<Time> gave_up_;
  bool known_ = false;
  bool skipped_ = false;
  bool stuck_ = false;
  FileResult result_;
  FileVerdict verdict_;
  bool has_unseen_ = false;
  Preparation preparation_;
  std::unique_ptr<Connection> connection_;
  std::optional<FaceCrops> crops_;
  std::optional<FaceFiles> files_;
  Time writing_since_{};
};

}  // namespace dfd::monitor
