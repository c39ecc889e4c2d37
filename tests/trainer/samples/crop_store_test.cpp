// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/crop_store.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

ClipCrops clip_of(int seed, std::size_t crops = 2) {
  ClipCrops clip;
  clip.sample_rate = 2.5;
  auto& track = clip.tracks.emplace_back();
  cv::RNG random(static_cast<std::uint64_t>(seed));
  for (std::size_t i = 0; i < crops; ++i) {
    Crop crop;
    crop.rgb = cv::Mat(24, 24, CV_8UC3);
    random.fill(crop.rgb, cv::RNG::UNIFORM, 0, 256);
    crop.face_size = 77.5F;
    if (i == 0) crop.landmarks = FaceLandmarks{PointF{1, 2}, {3, 4}, {5, 6}, {7, 8}, {9.25F, 10}};
    track.push_back(crop);
  }
  return clip;
}

class CropStoreTest : public testing::Test {
 protected:
  CropStore open(CropFormat format = CropFormat::kLossless) {
    return CropStore(folder_.string(), format, [this](const std::string& text) { said_ += text; });
  }
  std::vector<fs::path> files(const std::string& ending) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (entry.path().extension() == ending) found.push_back(entry.path());
    }
    return found;
  }

  fs::path folder_ = test::scratch_folder("crop_store");
  std::string said_;
};

TEST_F(CropStoreTest, GivesBackWhatItGot) {
  CropStore store = open();
  store.add("a", clip_of(1));
  store.add("nobody", ClipCrops{{}, 4});
  store.flush();
  const CropStore::Clip* clip = store.find("a");
  ASSERT_NE(clip, nullptr);
  EXPECT_EQ(clip->sample_rate, 2.5);
  ASSERT_EQ(clip->tracks.size(), 1U);
  ASSERT_EQ(clip->tracks[0].size(), 2U);
  const ClipCrops given = clip_of(1);
  for (std::size_t i = 0; i < 2; ++i) {
    const Crop crop = store.read(*clip, 0, i);
    EXPECT_EQ(cv::norm(crop.rgb, given.tracks[0][i].rgb, cv::NORM_INF), 0);
    EXPECT_EQ(crop.face_size, 77.5F);
    EXPECT_EQ(crop.landmarks.has_value(), i == 0);
  }
  EXPECT_EQ((*store.read(*clip, 0, 0).landmarks)[4].x, 9.25F);
  ASSERT_NE(store.find("nobody"), nullptr);
  EXPECT_TRUE(store.find("nobody")->tracks.empty());
  EXPECT_EQ(store.find("b"), nullptr);
  EXPECT_GT(store.bytes(), 0U);
}

TEST_F(CropStoreTest, AnotherProcessFindsWhatWasWritten) {
  {
    CropStore store = open(CropFormat::kJpeg);
    store.add("a", clip_of(1));
    store.flush();
    store.add("lost", clip_of(2));  // Nobody flushes it.
  }
  CropStore store = open();
  ASSERT_NE(store.find("a"), nullptr);
  EXPECT_EQ(store.find("lost"), nullptr);
  EXPECT_TRUE(said_.empty()) << said_;
}

TEST_F(CropStoreTest, TwoWhoWriteTheSameDoNotDisturbEachOther) {
  CropStore first = open();
  CropStore second = open();
  for (CropStore* store : {&first, &second}) {
    store->add("a", clip_of(1));
    store->add("b", clip_of(2));
    store->flush();
  }
  EXPECT_EQ(files(".safetensors").size(), 1U);
  second.add("c", clip_of(3));
  second.flush();
  EXPECT_NE(first.find("a"), nullptr);
  EXPECT_NE(open().find("c"), nullptr);
}

// At whatever moment a process is killed, what is there afterwards is whole.
TEST_F(CropStoreTest, AKilledWriterLeavesWholeShardsOnly) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    CropStore store = open();
    for (int i = 0;; ++i) {
      store.add("clip" + std::to_string(i), clip_of(i));
      store.flush();
    }
  }
  while (files(".safetensors").size() < 5) usleep(1000);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  CropStore store = open();
  EXPECT_TRUE(said_.empty()) << said_;
  std::size_t clips = 0;
  while (store.find("clip" + std::to_string(clips)) != nullptr) ++clips;
  EXPECT_EQ(clips, files(".safetensors").size());
}

TEST_F(CropStoreTest, DamageIsSaidAndSetAside) {
  {
    CropStore store = open();
    store.add("a", clip_of(1));
    store.flush();
  }
  const fs::path shard = files(".safetensors").at(0);
  const std::string whole = test::bytes_of(shard);
  for (const std::size_t place : {whole.size() - 5, std::size_t{3}, std::size_t{40}}) {
    SCOPED_TRACE(place);
    said_.clear();
    std::string damaged = whole;
    damaged[place] = static_cast<char>(damaged[place] ^ 0x55);
    std::ofstream(shard, std::ios::binary) << damaged;
    CropStore store = open();
    EXPECT_EQ(store.find("a"), nullptr);
    EXPECT_NE(said_.find(shard.string()), std::string::npos) << said_;
    EXPECT_FALSE(fs::exists(shard));
    store.add("a", clip_of(1));
    store.flush();
    EXPECT_NE(store.find("a"), nullptr);
  }
  std::ofstream(shard, std::ios::binary) << whole.substr(0, whole.size() / 2);
  EXPECT_EQ(open().find("a"), nullptr);
}

// Who was given the first would be left with it when the second is asked for.
TEST_F(CropStoreTest, AClipIsNotGivenOfAShardWhoseOtherClipIsDamaged) {
  {
    CropStore store = open();
    store.add("a", clip_of(1));
    store.add("b", clip_of(2));
    store.flush();
  }
  const fs::path shard = files(".safetensors").at(0);
  std::string damaged = test::bytes_of(shard);
  damaged[damaged.size() - 5] ^= 0x55;  // Of the last one.
  std::ofstream(shard, std::ios::binary) << damaged;
  CropStore store = open();
  EXPECT_EQ(store.find("a"), nullptr);
  EXPECT_FALSE(fs::exists(shard));
}

TEST_F(CropStoreTest, AFolderThatCannotBeIsAnError) {
  std::ofstream(folder_ / "file") << "x";
  EXPECT_THROW(CropStore((folder_ / "file" / "x").string(), CropFormat::kLossless, {}), Error);
}

}  // namespace
}  // namespace dfd
