// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/orientation.h"

#include <vector>

#include <gtest/gtest.h>

namespace dfd {
namespace {

// A picture of 3x2 pixels that are all different: 1 2 3 over 4 5 6.
cv::Mat numbers() { return (cv::Mat_<uchar>(2, 3) << 1, 2, 3, 4, 5, 6); }

TEST(Orientation, EachDoesWhatItIsNamedFor) {
  struct Case {
    Orientation orientation;
    cv::Mat upright;
  };
  const Case cases[] = {{Orientation::kIdentity, (cv::Mat_<uchar>(2, 3) << 1, 2, 3, 4, 5, 6)},
                        {Orientation::kRotate90, (cv::Mat_<uchar>(3, 2) << 4, 1, 5, 2, 6, 3)},
                        {Orientation::kRotate180, (cv::Mat_<uchar>(2, 3) << 6, 5, 4, 3, 2, 1)},
                        {Orientation::kRotate270, (cv::Mat_<uchar>(3, 2) << 3, 6, 2, 5, 1, 4)},
                        {Orientation::kMirror, (cv::Mat_<uchar>(2, 3) << 3, 2, 1, 6, 5, 4)},
                        {Orientation::kFlip, (cv::Mat_<uchar>(2, 3) << 4, 5, 6, 1, 2, 3)},
                        {Orientation::kTranspose, (cv::Mat_<uchar>(3, 2) << 1, 4, 2, 5, 3, 6)},
                        {Orientation::kTransverse, (cv::Mat_<uchar>(3, 2) << 6, 3, 5, 2, 4, 1)}};
  for (const Case& tried : cases) {
    const cv::Mat found = to_upright(numbers(), tried.orientation);
    ASSERT_EQ(found.size(), tried.upright.size()) << static_cast<int>(tried.orientation);
    EXPECT_EQ(cv::norm(found, tried.upright, cv::NORM_INF), 0)
        << static_cast<int>(tried.orientation);
    EXPECT_EQ(upright_size(Turn{tried.orientation, {3, 2}}), tried.upright.size());
  }
}

TEST(Orientation, RectanglesGoWhereTheirPixelsGo) {
  for (const Orientation orientation : kOrientations) {
    const Turn turn{orientation, {3, 2}};
    const cv::Mat upright = to_upright(numbers(), orientation);
    for (const cv::Rect stored : {cv::Rect(0, 0, 1, 1), {2, 1, 1, 1}, {1, 0, 2, 1}, {0, 0, 3, 2}}) {
      const cv::Rect turned = to_upright(stored, turn);
      EXPECT_EQ(cv::norm(to_upright(numbers()(stored), orientation), upright(turned), cv::NORM_INF),
                0)
          << static_cast<int>(orientation) << stored;
      EXPECT_EQ(to_stored(turned, turn), stored);
    }
  }
}

TEST(Orientation, BoxesComeBack) {
  const RectF box{10.5F, -3.F, 20.F, 7.25F};
  for (const Orientation orientation : kOrientations) {
    const Turn turn{orientation, {64, 48}};
    const RectF turned = to_upright(box, turn);
    const RectF back = to_stored(turned, turn);
    EXPECT_FLOAT_EQ(back.x, box.x);
    EXPECT_FLOAT_EQ(back.y, box.y);
    EXPECT_FLOAT_EQ(back.width, box.width);
    EXPECT_FLOAT_EQ(back.height, box.height);
    EXPECT_FLOAT_EQ(turned.width * turned.height, box.width * box.height);
  }
}

TEST(Orientation, MapsTurnLikePictures) {
  const Heatmap stored{3, 2, {0.1F, 0.2F, 0.3F, 0.4F, 0.5F, 0.6F}};
  EXPECT_EQ(to_upright(stored, Orientation::kRotate90).cells,
            (std::vector<float>{0.4F, 0.1F, 0.5F, 0.2F, 0.6F, 0.3F}));
  for (const Orientation orientation : kOrientations) {
    const Heatmap back = to_stored(to_upright(stored, orientation), orientation);
    EXPECT_EQ(back.columns, 3);
    EXPECT_EQ(back.rows, 2);
    EXPECT_EQ(back.cells, stored.cells) << static_cast<int>(orientation);
  }
}

}  // namespace
}  // namespace dfd
