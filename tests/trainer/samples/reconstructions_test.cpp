// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/reconstructions.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/file.h"
#include "detector/error.h"
#include "support/test_model.h"
#include "trainer/samples/face_picture.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

constexpr int kSide = 48;  // Of the crops.

class Reconstructions : public testing::Test {
 protected:
  void add(const std::string& name, bool fake, std::size_t crops, std::size_t tracks = 1) {
    ClipCrops kept;
    kept.tracks.resize(tracks);
    for (auto& track : kept.tracks) {
      for (std::size_t i = 0; i < crops; ++i) {
        Crop crop;
        crop.rgb = test::face_picture(kSide) + cv::Scalar::all(static_cast<double>(i));
        crop.landmarks = usual_landmarks(test::face_side(kSide), kSide);
        track.push_back(crop);
      }
    }
    store_.add(name, kept);
    store_.flush();
    Clip clip;
    clip.file = name;
    clip.fake = fake;
    clip.digest = sha256(name.data(), name.size());
    clips_.clips.push_back(clip);
    clips_.crops.push_back(store_.find(name));
  }

  std::vector<Autoencoder> autoencoders(std::uint64_t seed = 1) {
    AutoencoderTraining training;
    training.steps = 1;
    training.batch = 1;
    training.seed = seed;
    return kept_autoencoders(clips_, store_, training, folder_.string(),
                             [&](const std::string& text) { said_ += text + '\n'; });
  }

  // How many clips were made.
  int reconstruct(MasterClips& clips, bool recoded, const std::vector<Autoencoder>& by) {
    int made = -1;
    reconstruct_clips(clips, by, recoded, store_, {{}, [&](int, int, int now) { made = now; }});
    return made;
  }

  std::vector<fs::path> kept_files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (entry.path().filename().string().rfind("crops-", 0) != 0) files.push_back(entry.path());
    }
    return files;
  }

  fs::path folder_ = test::scratch_folder("reconstructions");
  std::string said_;
  CropStore store_{folder_.string(), CropFormat::kLossless,
                   [](const std::string& text) { ADD_FAILURE() << text; }};
  MasterClips clips_;
};

std::string digest_of(const std::vector<Autoencoder>& all) {
  std::string digests;
  for (const Autoencoder& one : all) digests += dfd::digest_of(one.weights());
  return digests;
}

TEST_F(Reconstructions, AutoencodersAreTrainedOnceAndFoundAgain) {
  add("a", false, 1);
  const std::vector<Autoencoder> first = autoencoders();
  ASSERT_EQ(first.size(), kAutoencoderKinds.size());
  EXPECT_NE(said_.find("training autoencoder transposed-8"), std::string::npos) << said_;
  EXPECT_EQ(kept_files().size(), kAutoencoderKinds.size());
  said_.clear();
  EXPECT_EQ(digest_of(autoencoders()), digest_of(first));
  EXPECT_EQ(said_, "");
}

TEST_F(Reconstructions, OtherSeedsAndOtherRealClipsHaveTheirOwn) {
  add("a", false, 1);
  const std::string first = digest_of(autoencoders());
  EXPECT_NE(digest_of(autoencoders(2)), first);
  said_.clear();
  add("forged", true, 1);
  EXPECT_EQ(digest_of(autoencoders()), first);
  EXPECT_EQ(said_, "");  // Fakes teach them nothing.
  add("b", false, 1);
  autoencoders();
  EXPECT_NE(said_, "");
}

TEST_F(Reconstructions, ADamagedAutoencoderIsSaidAndTrainedAnew) {
  add("a", false, 1);
  const std::string first = digest_of(autoencoders());
  const fs::path file = kept_files()[0];
  {
    std::fstream damaged(file, std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(-3, std::ios::end);
    damaged.put('\x55');
  }
  said_.clear();
  EXPECT_EQ(digest_of(autoencoders()), first);
  EXPECT_NE(said_.find("set aside as " + file.string() + ".damaged"), std::string::npos) << said_;
  EXPECT_TRUE(fs::exists(file.string() + ".damaged"));
  fs::resize_file(file, 20);
  said_.clear();
  EXPECT_EQ(digest_of(autoencoders()), first);
  EXPECT_NE(said_.find("set aside"), std::string::npos) << said_;
}

TEST_F(Reconstructions, WithoutRealClipsThereIsNothingToTrainOn) {
  add("forged", true, 1);
  EXPECT_THROW(autoencoders(), Error);
}

TEST_F(Reconstructions, StandBehindTheCropsMadeSmallerAlike) {
  add("a", false, 2, 2);
  add("forged", true, 2);
  const std::vector<Autoencoder> by = autoencoders();
  EXPECT_EQ(reconstruct(clips_, false, by), 1);
  ASSERT_EQ(clips_.reconstructed.size(), 2U);
  EXPECT_TRUE(clips_.recoded_reconstructed.empty());
  EXPECT_EQ(clips_.reconstructed[1], nullptr);
  const ClipCrops real = store_.read(*clips_.crops[0]);
  const ClipCrops made = store_.read(*clips_.reconstructed[0]);
  // 16 reconstructions at most: four crops by four autoencoders.
  ASSERT_EQ(made.tracks.size(), 2 * (1 + 4U));
  const int side = made.tracks[0][0].rgb.cols;
  EXPECT_GE(side, 0.6 * kSide - 1);
  EXPECT_LE(side, kSide);
  for (std::size_t i = 0; i < made.tracks.size(); ++i) {
    ASSERT_EQ(made.tracks[i].size(), 2U);
    for (std::size_t j = 0; j < 2; ++j) {
      const Crop& crop = made.tracks[i][j];
      EXPECT_EQ(crop.rgb.size(), cv::Size(side, side));
      ASSERT_TRUE(crop.landmarks);
      EXPECT_NEAR((*crop.landmarks)[0].x, (*real.tracks[0][j].landmarks)[0].x * side / kSide, 0.01);
      cv::Mat small;
      cv::resize(real.tracks[0][j].rgb, small, {side, side}, 0, 0, cv::INTER_AREA);
      if (i < 2) {
        EXPECT_EQ(test::largest_difference(crop.rgb, small), 0);
      } else {
        EXPECT_GT(test::largest_difference(crop.rgb, small), 0);
      }
    }
  }
}

TEST_F(Reconstructions, AreMadeOnce) {
  add("a", false, 1);
  const std::vector<Autoencoder> by = autoencoders();
  MasterClips first = clips_;
  EXPECT_EQ(reconstruct(first, false, by), 1);
  MasterClips again = clips_;
  EXPECT_EQ(reconstruct(again, false, by), 0);
  EXPECT_EQ(again.reconstructed, first.reconstructed);
  // Others' are others.
  MasterClips others = clips_;
  EXPECT_EQ(reconstruct(others, false, autoencoders(2)), 1);
  EXPECT_NE(others.reconstructed[0]->checksum, first.reconstructed[0]->checksum);
}

TEST_F(Reconstructions, AreEncodedBesideTheirRealOnes) {
  add("a", false, 1);
  const std::vector<Autoencoder> by = autoencoders();
  EXPECT_EQ(reconstruct(clips_, true, by), 1);
  const ClipCrops plain = store_.read(*clips_.reconstructed[0]);
  const ClipCrops recoded = store_.read(*clips_.recoded_reconstructed[0]);
  ASSERT_EQ(plain.tracks.size(), 1 + kAutoencoderKinds.size());
  ASSERT_EQ(recoded.tracks.size(), plain.tracks.size());
  for (std::size_t i = 0; i < plain.tracks.size(); ++i) {
    EXPECT_EQ(recoded.tracks[i][0].rgb.size(), plain.tracks[i][0].rgb.size());
    EXPECT_GT(test::largest_difference(recoded.tracks[i][0].rgb, plain.tracks[i][0].rgb), 0) << i;
  }
}

TEST_F(Reconstructions, ALongClipHasThemByOneAutoencoder) {
  add("a", false, 20);
  reconstruct(clips_, false, autoencoders());
  EXPECT_EQ(clips_.reconstructed[0]->tracks.size(), 2U);
}

}  // namespace
}  // namespace dfd
