// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A stream whose frames are stored turned.

#include "base/orientation.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "support/colored_people.h"

namespace dfd {
namespace {

using test::kColoredSize;
using test::kGreen;
using test::kLeft;
using test::kRed;
using test::kRight;

class TurnedFrames : public test::ColoredPeople {
 protected:
  // Where a box of the upright picture lies in the stored one.
  RectF stored(const RectF& upright) const {
    Turn turn{orientation_, kColoredSize};
    turn.stored = upright_size(turn);
    return to_stored(upright, turn);
  }

  void begin_turned(Orientation orientation) {
    orientation_ = orientation;
    events_.clear();
    begin("");
  }
};

TEST_F(TurnedFrames, AreJudgedUprightAndToldAsStored) {
  begin("");
  play({{kLeft, kRed}, {kRight, kGreen}}, 20);
  const double left = *face_at(kLeft).score;
  const double right = *face_at(kRight).score;
  for (const Orientation orientation : kOrientations) {
    begin_turned(orientation);
    play({{kLeft, kRed}, {kRight, kGreen}}, 20);
    // Crops hold noise, which is another each time.
    EXPECT_NEAR(*face_at(stored(kLeft)).score, left, 0.02) << static_cast<int>(orientation);
    EXPECT_NEAR(*face_at(stored(kRight)).score, right, 0.02) << static_cast<int>(orientation);
    const StreamReport report = analysis_->report();
    const Turn turn{orientation, {report.frame_width, report.frame_height}};
    EXPECT_EQ(upright_size(turn), kColoredSize);
  }
}

TEST_F(TurnedFrames, MarksOfOthersAreStoredToo) {
  marked_ = true;
  for (const Orientation orientation : kOrientations) {
    begin_turned(orientation);
    play({{kLeft, kRed}}, 20);
    EXPECT_GT(face_at(stored(kLeft)).windows, 0U) << static_cast<int>(orientation);
  }
}

TEST_F(TurnedFrames, MapsLieOverTheStoredCrop) {
  explain_.on = true;
  explain_.rate = 10;
  for (const Orientation orientation : kOrientations) {
    begin_turned(orientation);
    play({{kLeft, kRed}}, 20);
    const FaceReport face = face_at(stored(kLeft));
    ASSERT_NE(face.explanation, nullptr);
    // The scorer's map is two cells side by side, the left one lit.
    const Heatmap upright = to_upright(face.explanation->map, orientation);
    EXPECT_EQ(upright.columns, 2);
    EXPECT_EQ(upright.rows, 1);
    EXPECT_GT(upright.cells.at(0), upright.cells.at(1)) << static_cast<int>(orientation);
    const RectF region = to_upright(face.explanation->region, {orientation, {1, 1}});
    EXPECT_NEAR(region.x + region.width / 2, 0.5, 0.05) << static_cast<int>(orientation);
  }
}

TEST_F(TurnedFrames, AChangeEndsTracks) {
  begin("");
  play({{kLeft, kRed}}, 20);
  const TrackId before = face_at(kLeft).track;
  orientation_ = Orientation::kRotate180;
  play({{kLeft, kGreen}}, 3);
  EXPECT_EQ(count(EventKind::kTrackLost), 1);
  EXPECT_NE(face_at(stored(kLeft)).track, before);
  const auto lost = std::find_if(events_.begin(), events_.end(), [](const Event& event) {
    return event.kind == EventKind::kTrackLost;
  });
  // As it stood in the picture that it was seen in.
  EXPECT_GT(iou(lost->report.faces.at(0).box, kLeft), 0.8F);
}

}  // namespace
}  // namespace dfd
