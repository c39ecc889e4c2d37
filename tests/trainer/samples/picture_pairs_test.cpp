// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/picture_pairs.h"

#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "samples/face_mask.h"
#include "support/test_model.h"
#include "trainer/samples/face_picture.h"

namespace dfd {
namespace {

SamplingRule rule() {
  SamplingRule rule;
  rule.input.size = 32;
  rule.input.mean = {127.5, 127.5, 127.5};
  rule.input.std = {128, 128, 128};
  rule.input.crop = CropRule::kSquare;
  rule.input.margin = 1.3;
  rule.frames = 4;
  return master_rule(rule);
}

// Clips of plain colours, kept: every clip is told by its grey value.
class PicturePairsTest : public testing::Test {
 protected:
  // level: of all its pixels.
  void add(const std::string& name, bool fake, int level, const std::string& person,
           const std::string& source = "", std::size_t crops = 1) {
    ClipCrops kept;
    auto& track = kept.tracks.emplace_back();
    const int size = rule().master->size;
    for (std::size_t i = 0; i < crops; ++i) {
      Crop crop;
      crop.rgb = cv::Mat(size, size, CV_8UC3, cv::Scalar::all(level + static_cast<int>(i)));
      track.push_back(crop);
    }
    store_.add(name, kept);
    store_.flush();
    Clip clip;
    clip.file = name;
    clip.digest = std::string(64, 'a');
    clip.fake = fake;
    clip.identity = {person};
    clip.source = source;
    clips_.clips.push_back(clip);
    clips_.crops.push_back(store_.find(name));
    clips_.reconstructed.push_back(nullptr);
  }

  // Of the last clip: itself, and so much brighter by each of two autoencoders. recoded: still 30
  // brighter, all of them.
  void add_reconstructions(int level, int brighter, bool recoded = false) {
    ClipCrops kept;
    for (const int add : {0, brighter, 2 * brighter}) {
      Crop crop;
      // As no generator's resolution is that of a crop.
      crop.rgb = cv::Mat(48, 48, CV_8UC3, cv::Scalar::all(level + add + (recoded ? 30 : 0)));
      kept.tracks.push_back({crop});
    }
    const std::string name = clips_.clips.back().file + (recoded ? " h264" : " reconstructed");
    store_.add(name, kept);
    store_.flush();
    if (recoded) {
      clips_.recoded_reconstructed.push_back(store_.find(name));
    } else {
      clips_.reconstructed.back() = store_.find(name);
    }
  }

  static double level_of(const at::Tensor& pixels) {
    return pixels.mean().item<double>() * 128 + 127.5;
  }

  static PairOptions options(double self_blend) {
    PairOptions options;
    options.pairs = 8;
    options.self_blend = self_blend;
    options.traces = {Trace::kSeam, Trace::kReconstructed};
    return options;
  }

  static PairOptions reconstructions(int pairs) {
    PairOptions of = options(0);
    of.reconstruct = 1;
    of.pairs = pairs;
    return of;
  }

  CropStore store_{test::scratch_folder("picture_pairs").string(), CropFormat::kLossless,
                   [](const std::string& text) { ADD_FAILURE() << text; }};
  MasterClips clips_;
};

TEST_F(PicturePairsTest, ABatchIsAFunctionOfItsNumberAlone) {
  add("a", false, 60, "anna");
  add("b", false, 160, "bert");
  const PicturePairs pairs(options(1), rule(), clips_, store_);
  const PictureBatch first = pairs.make("training", 3, 0.5);
  EXPECT_EQ(first.pictures.sizes().vec(), (std::vector<std::int64_t>{16, 3, 32, 32}));
  for (std::int64_t i = 0; i < 16; ++i) EXPECT_EQ(first.labels[i].item<float>(), i % 2);
  std::vector<PictureBatch> again(4);
  std::vector<std::thread> threads;
  for (PictureBatch& batch : again) {
    threads.emplace_back([&] { batch = pairs.make("training", 3, 0.5); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const PictureBatch& batch : again) EXPECT_TRUE(batch.pictures.equal(first.pictures));
  EXPECT_FALSE(pairs.make("training", 4, 0.5).pictures.equal(first.pictures));
  EXPECT_FALSE(pairs.make("validation", 3, 0.5).pictures.equal(first.pictures));
}

TEST_F(PicturePairsTest, SomeOfABatchAreTheSameAsAmongAll) {
  add("a", false, 60, "anna");
  add("b", false, 160, "bert");
  const PicturePairs pairs(options(1), rule(), clips_, store_);
  const PictureBatch all = pairs.make("training", 3, 0.5);
  EXPECT_EQ(all.first_window, 0);
  EXPECT_EQ(all.all_windows, 16);
  const PictureBatch some = pairs.make("training", 3, 0.5, {2, 5});
  EXPECT_EQ(some.first_window, 4);
  EXPECT_EQ(some.all_windows, 16);
  EXPECT_TRUE(some.pictures.equal(all.pictures.narrow(0, 4, 6)));
  EXPECT_TRUE(some.labels.equal(all.labels.narrow(0, 4, 6)));
  EXPECT_TRUE(some.evidence.equal(all.evidence.narrow(0, 4, 6)));
}

TEST_F(PicturePairsTest, SelfBlendedFakesDifferFromTheirRealOnes) {
  add("a", false, 90, "anna");
  const PicturePairs pairs(options(1), rule(), clips_, store_);
  const PictureBatch batch = pairs.make("training", 0, 0);
  for (std::int64_t i = 0; i < 16; i += 2) {
    EXPECT_GT((batch.pictures[i] - batch.pictures[i + 1]).abs().max().item<double>(), 1.0 / 128)
        << i;
  }
}

// Without degradation a plain clip keeps its level, so it can be told which one was taken.
TEST_F(PicturePairsTest, FakesOfTheDataSetStandBesideTheRecordingTheyWereMadeFrom) {
  add("a", false, 40, "anna");
  add("b", false, 120, "bert");
  add("a forged", true, 44, "anna", "a");
  add("b forged", true, 124, "bert", "b");
  const PicturePairs pairs(options(0), rule(), clips_, store_);
  EXPECT_EQ(pairs.real(), 2U);
  EXPECT_EQ(pairs.fake(), 2U);
  for (std::int64_t number = 0; number < 4; ++number) {
    const PictureBatch batch = pairs.make("training", number, 0);
    for (std::int64_t i = 0; i < 16; i += 2) {
      const double real = batch.pictures[i].mean().item<double>();
      const double fake = batch.pictures[i + 1].mean().item<double>();
      EXPECT_NEAR((fake - real) * 128, 4, 3);  // JPEG rounds.
    }
  }
}

// Else medium or camera would tell.
TEST_F(PicturePairsTest, FakesWithoutTheirRecordingStandBesideTheirGroupAndMedium) {
  add("studio picture", false, 20, "a");
  clips_.clips.back().group = "studio";
  add("studio video", false, 60, "b", "", 2);
  clips_.clips.back().group = "studio";
  add("street picture", false, 100, "c");
  add("street video", false, 140, "d", "", 2);
  const auto add_fake = [&](const std::string& group, std::size_t crops) {
    // The store keeps what it has under a name.
    add("forged in " + group + std::to_string(crops), true, 220, "e", "somewhere else", crops);
    clips_.clips.back().group = group;
  };
  const auto levels = [&] {
    PairOptions many = options(0);
    many.pairs = 24;
    const PictureBatch batch = PicturePairs(many, rule(), clips_, store_).make("training", 0, 0);
    std::set<int> found;
    for (std::int64_t i = 0; i < 48; i += 2) {
      found.insert(static_cast<int>(std::lround(level_of(batch.pictures[i]) / 20)) * 20);
      EXPECT_NEAR(level_of(batch.pictures[i + 1]), 220, 3);
    }
    return found;
  };
  const auto forget = [&] {
    clips_.clips.pop_back();
    clips_.crops.pop_back();
    clips_.reconstructed.pop_back();
  };
  using Levels = std::set<int>;
  add_fake("studio", 1);
  EXPECT_EQ(levels(), Levels{20});
  forget();
  add_fake("studio", 2);
  EXPECT_EQ(levels(), Levels{60});
  forget();
  add_fake("unheard of", 2);
  EXPECT_EQ(levels(), (Levels{60, 140}));
  forget();
  add_fake("", 1);
  EXPECT_EQ(levels(), (Levels{20, 100}));
}

TEST_F(PicturePairsTest, FakesOfTheDataSetShowWhatTheManifestSays) {
  add("a", false, 40, "anna");
  add("forged", true, 120, "anna", "a");
  PairOptions of_data_set = options(0);
  of_data_set.traces = {Trace::kSeam, Trace::kGenerated};
  const auto evidence = [&] {
    const PictureBatch batch =
        PicturePairs(of_data_set, rule(), clips_, store_).make("training", 0, 0);
    return std::vector<float>(batch.evidence.data_ptr<float>(),
                              batch.evidence.data_ptr<float>() + 4);
  };
  EXPECT_EQ(evidence(), (std::vector<float>{-1, -1, -1, -1}));
  clips_.clips[1].evidence = {"generated"};
  EXPECT_EQ(evidence(), (std::vector<float>{-1, 0, -1, 1}));
  clips_.clips[1].evidence = {"generated", "seam"};
  EXPECT_EQ(evidence(), (std::vector<float>{0, 0, 1, 1}));
}

// What generators of the data set leave is known of them and of what is blended, in columns that
// they share with nobody.
TEST_F(PicturePairsTest, GeneratorsOfTheDataSetHaveATraceOfTheirOwn) {
  add("a", false, 60, "anna");
  add_reconstructions(60, 20);
  add("painted", true, 220, "carl");
  clips_.clips.back().evidence = {"generated"};
  PairOptions mixed = options(0.4);
  mixed.reconstruct = 0.3;
  mixed.pairs = 60;
  mixed.traces = {kTraces.begin(), kTraces.end()};
  const PictureBatch batch = PicturePairs(mixed, rule(), clips_, store_).make("training", 0, 0);
  std::set<std::vector<float>> real;
  std::set<std::vector<float>> fake;
  for (std::int64_t i = 0; i < 120; ++i) {
    const float* row = batch.evidence[i].data_ptr<float>();
    (i % 2 == 0 ? real : fake).insert({row, row + 3});
  }
  using Rows = std::set<std::vector<float>>;
  // Blended; reconstructed, whole and the inner face; the data set's.
  EXPECT_EQ(real, (Rows{{0, -1, 0}, {-1, 0, -1}, {0, 0, -1}, {-1, -1, 0}}));
  EXPECT_EQ(fake, (Rows{{1, -1, 0}, {-1, 1, -1}, {1, 1, -1}, {-1, -1, 1}}));
}

TEST_F(PicturePairsTest, KindsOfFakesHaveThePartsThatWereAskedFor) {
  add("a", false, 60, "anna");
  add_reconstructions(60, 20);
  add("forged", true, 220, "carl");
  PairOptions mixed = options(0.5);
  mixed.reconstruct = 0.3;
  mixed.pairs = 400;
  const PictureBatch batch = PicturePairs(mixed, rule(), clips_, store_).make("training", 0, 0);
  std::map<std::pair<float, float>, int> fakes;
  for (std::int64_t i = 1; i < 800; i += 2) {
    ++fakes[{batch.evidence[i][0].item<float>(), batch.evidence[i][1].item<float>()}];
  }
  // Within three deviations of each.
  EXPECT_NEAR((fakes[{1, -1}]), 200, 30);  // Self-blended.
  EXPECT_NEAR((fakes[{-1, 1}]), 60, 22);   // Reconstructed, whole,
  EXPECT_NEAR((fakes[{1, 1}]), 60, 22);    // and the inner face.
  EXPECT_NEAR((fakes[{-1, -1}]), 80, 24);  // The data set's.
}

TEST_F(PicturePairsTest, ReconstructionsAreOfTheWholePictureOrAPartOfTheFace) {
  add("a", false, 60, "anna");
  add_reconstructions(60, 20);
  const PictureBatch batch =
      PicturePairs(reconstructions(40), rule(), clips_, store_).make("training", 0, 0);
  std::set<int> whole;
  int inner = 0;
  const auto corner = [](const at::Tensor& picture) {
    return level_of(picture.narrow(1, 0, 2).narrow(2, 0, 2));
  };
  // Which all parts have.
  const auto mouth = [](const at::Tensor& picture) {
    return level_of(picture.narrow(1, 23, 2).narrow(2, 14, 4));
  };
  for (std::int64_t i = 0; i < 80; i += 2) {
    const at::Tensor real = batch.pictures[i];
    const at::Tensor fake = batch.pictures[i + 1];
    EXPECT_NEAR(corner(real), 60, 3);
    EXPECT_NEAR(mouth(real), 60, 3);
    EXPECT_GT(mouth(fake), 70);
    if (batch.evidence[i + 1][0].item<float>() == 1) {
      EXPECT_NEAR(corner(fake), 60, 4);
      ++inner;
    } else {
      EXPECT_NEAR(corner(fake), mouth(fake), 3);
      whole.insert(static_cast<int>(std::lround(corner(fake) / 20)) * 20);
    }
  }
  EXPECT_EQ(whole, (std::set<int>{80, 100}));  // Both autoencoders.
  EXPECT_GT(inner, 10);
  EXPECT_LT(inner, 30);
}

TEST_F(PicturePairsTest, RecodedReconstructionsStandBesideRecodedCrops) {
  add("a", false, 60, "anna");
  add_reconstructions(60, 20);
  add_reconstructions(60, 20, /*recoded=*/true);
  clips_.recoded = clips_.crops;
  PairOptions recoded = reconstructions(40);
  recoded.recoded = 1;
  const PictureBatch batch = PicturePairs(recoded, rule(), clips_, store_).make("training", 0, 0.3);
  const at::Tensor brightness = batch.pictures.mean({1, 2, 3}) * 128 + 127.5;
  int bright = 0;
  for (std::int64_t i = 0; i < 80; i += 2) bright += brightness[i].item<double>() > 75 ? 1 : 0;
  EXPECT_GT(bright, 3);  // Three in ten, and light changes of light.
  EXPECT_LT(bright, 25);
  EXPECT_TRUE((brightness.slice(0, 1, 80, 2) > brightness.slice(0, 0, 80, 2)).all().item<bool>());
}

TEST_F(PicturePairsTest, EverybodyIsDrawnAlikeHoweverManyClipsShowThem) {
  for (int i = 0; i < 9; ++i) add("a" + std::to_string(i), false, 40, "anna");
  add("b", false, 200, "bert");
  add("forged", true, 120, "carl");
  PairOptions many = options(0);
  many.pairs = 100;
  const PictureBatch batch = PicturePairs(many, rule(), clips_, store_).make("training", 0, 0);
  int bert = 0;
  for (std::int64_t i = 0; i < 200; i += 2) {
    bert += batch.pictures[i].mean().item<double>() > 0.3 ? 1 : 0;
  }
  EXPECT_GT(bert, 30);
  EXPECT_LT(bert, 70);
}

TEST_F(PicturePairsTest, VideosMakeThePartOfThePairsThatWasAskedFor) {
  for (int i = 0; i < 9; ++i) {
    add("picture" + std::to_string(i), false, 40, "anna" + std::to_string(i));
  }
  add("video", false, 200, "bert", "", 3);
  const auto of_video = [&](std::optional<double> videos) {
    PairOptions many = options(1);
    many.pairs = 100;
    many.videos = videos;
    const PictureBatch batch = PicturePairs(many, rule(), clips_, store_).make("training", 0, 0);
    int found = 0;
    for (std::int64_t i = 0; i < 200; i += 2) found += level_of(batch.pictures[i]) > 140 ? 1 : 0;
    return found;
  };
  EXPECT_LT(of_video({}), 25);  // One of ten people.
  EXPECT_EQ(of_video(0.0), 0);
  EXPECT_EQ(of_video(1.0), 100);
  const int half = of_video(0.5);
  EXPECT_GT(half, 30);
  EXPECT_LT(half, 70);
  PairOptions wrong = options(1);
  wrong.videos = 1.5;
  EXPECT_THROW(PicturePairs(wrong, rule(), clips_, store_), Error);
}

TEST_F(PicturePairsTest, WhereNothingIsAVideoAllAreDrawn) {
  add("a", false, 60, "anna");
  PairOptions videos = options(1);
  const PictureBatch as_ever =
      PicturePairs(videos, rule(), clips_, store_).make("training", 0, 0.5);
  videos.videos = 0.9;
  const PictureBatch asked = PicturePairs(videos, rule(), clips_, store_).make("training", 0, 0.5);
  EXPECT_TRUE(asked.pictures.equal(as_ever.pictures));
}

TEST_F(PicturePairsTest, ABatchSaysWhatItsFakesAreAndHowGoodItsPicturesAre) {
  add("a", false, 60, "anna");
  add("forged", true, 120, "carl");
  add_reconstructions(60, 20);
  std::swap(clips_.reconstructed[0], clips_.reconstructed[1]);
  PairOptions mixed = options(0.3);
  mixed.reconstruct = 0.3;
  mixed.pairs = 30;
  const PictureBatch batch = PicturePairs(mixed, rule(), clips_, store_).make("training", 0, 1);
  ASSERT_EQ(batch.fakes.sizes().vec(), (std::vector<std::int64_t>{60}));
  EXPECT_TRUE(batch.fakes.slice(0, 0, 60, 2).equal(batch.fakes.slice(0, 1, 60, 2)));
  for (std::size_t kind = 0; kind < kFakeKinds.size(); ++kind) {
    EXPECT_GT((batch.fakes == static_cast<float>(kFakeKinds.at(kind))).sum().item<int>(), 0);
  }
  ASSERT_EQ(batch.quality.sizes().vec(), (std::vector<std::int64_t>{60, 4}));
  // What was done to a pair is one thing; how sharp its pictures are is not.
  EXPECT_TRUE(batch.quality.slice(0, 0, 60, 2)
                  .slice(1, 1)
                  .equal(batch.quality.slice(0, 1, 60, 2).slice(1, 1)));
  EXPECT_GT(batch.quality.select(1, 2).max().item<float>(), 0);
}

// Both or neither: else the codec would tell.
TEST_F(PicturePairsTest, RecodedCropsComeInPairs) {
  add("a", false, 40, "anna");
  add("a recoded", false, 140, "anna");
  add("a forged", true, 60, "anna", "a");
  add("a forged recoded", true, 160, "anna", "a");
  MasterClips clips;
  clips.clips = {clips_.clips[0], clips_.clips[2]};
  clips.crops = {clips_.crops[0], clips_.crops[2]};
  clips.recoded = {clips_.crops[1], clips_.crops[3]};
  PairOptions halves = options(0);
  halves.pairs = 40;
  const PicturePairs pairs(halves, rule(), clips, store_);
  const auto recoded_of = [&](double hardness) {
    const PictureBatch batch = pairs.make("training", 0, hardness);
    int recoded = 0;
    for (std::int64_t i = 0; i < 80; i += 2) {
      const bool real = batch.pictures[i].mean().item<double>() > -0.2;
      const bool fake = batch.pictures[i + 1].mean().item<double>() > -0.1;
      EXPECT_EQ(real, fake) << i;
      recoded += real ? 1 : 0;
    }
    return recoded;
  };
  EXPECT_EQ(recoded_of(0), 0);
  const int recoded = recoded_of(0.3);  // A sixth; light changes of light.
  EXPECT_GT(recoded, 0);
  EXPECT_LT(recoded, 20);
}

TEST_F(PicturePairsTest, WindowsAreInOrderAndShortTracksAreReadBackAgain) {
  add("a", false, 40, "anna", "", 3);
  add("forged", true, 120, "carl", "", 9);
  PairOptions windows = options(0);
  windows.samples = 5;
  windows.pairs = 1;
  const PictureBatch batch = PicturePairs(windows, rule(), clips_, store_).make("training", 0, 0);
  ASSERT_EQ(batch.pictures.size(0), 10);
  ASSERT_EQ(batch.labels.size(0), 2);
  const auto level = [&](std::int64_t i) {
    return batch.pictures[i].mean().item<double>() * 128 + 127.5;
  };
  EXPECT_LT(level(0), level(2));
  EXPECT_NEAR(level(1), level(3), 0.3);
  EXPECT_NEAR(level(0), level(4), 0.3);
  for (std::int64_t i = 6; i < 10; ++i) EXPECT_NEAR(level(i), level(i - 1) + 1, 0.9);
}

// Of one picture, a window's faces tremble: alike in the real one and in its fake.
TEST_F(PicturePairsTest, AWindowOfOnePictureTrembles) {
  ClipCrops kept;
  Crop crop;
  crop.rgb = test::face_picture(rule().master->size);
  kept.tracks.push_back({crop});
  for (const bool fake : {false, true}) {
    const std::string name = fake ? "forged" : "real";
    add(name, fake, 0, name);
    store_.add("face " + name, kept);
    store_.flush();
    clips_.crops.back() = store_.find("face " + name);
  }
  PairOptions windows = options(0);
  windows.samples = 3;
  windows.pairs = 1;
  const at::Tensor pictures =
      PicturePairs(windows, rule(), clips_, store_).make("training", 0, 0.5).pictures;
  ASSERT_EQ(pictures.size(0), 6);
  EXPECT_TRUE(pictures.narrow(0, 0, 3).equal(pictures.narrow(0, 3, 3)));
  for (std::int64_t i = 1; i < 3; ++i) {
    const double change = (pictures[i] - pictures[0]).abs().mean().item<double>();
    EXPECT_GT(change, 0) << i;
    EXPECT_LT(change, 0.2) << i;
  }
}

TEST_F(PicturePairsTest, SidesThatLackAClassAreErrors) {
  EXPECT_THROW(PicturePairs(options(1), rule(), clips_, store_), Error);
  add("a", false, 40, "anna");
  EXPECT_NO_THROW(PicturePairs(options(1), rule(), clips_, store_));
  EXPECT_THROW(PicturePairs(options(0.5), rule(), clips_, store_), Error);
  EXPECT_THROW(PicturePairs(options(2), rule(), clips_, store_), Error);
  PairOptions more = reconstructions(1);
  EXPECT_THROW(
      PicturePairs(more, rule(), MasterClips{clips_.clips, clips_.crops, {}, {}, {}, 0, 0}, store_),
      Error);  // There are none.
  add_reconstructions(40, 20);
  EXPECT_NO_THROW(PicturePairs(more, rule(), clips_, store_));
  more.self_blend = 0.1;
  EXPECT_THROW(PicturePairs(more, rule(), clips_, store_), Error);
}

}  // namespace
}  // namespace dfd
