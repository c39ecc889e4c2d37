// SPDX-License-Identifier: LGPL-2.1-or-later

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "data/layouts.h"
#include "trainer/data/data_folders.h"
#include "trainer/data/layouts_fixture.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;
using test::by_file;
using test::joined;
using test::Layouts;
using test::put_file;
using test::put_files;

class DeeperForensics : public Layouts {
 protected:
  static std::string fake(const std::string& name, const std::string& variant = "end_to_end") {
    return "manipulated_videos/" + variant + "/" + name + ".mp4";
  }
  static std::string target(const std::string& number) {
    return "original_sequences/youtube/c23/videos/" + number + ".mp4";
  }
  static constexpr const char* kSource =
      "source_videos/M101/light_up/surprise/camera_down/M101_light_up_surprise_camera_down.mp4";

  void list(const std::string& name, const std::string& text) {
    put_file(folder_ / "lists/splits" / name, text);
  }
  void list_all() {
    list("train.txt", "000_M101.mp4\n001_W006.mp4\n");
    list("val.txt", "\r\n002_M004.mp4\r\n");
    list("test.txt", "003_W010.mp4 \n999_W010.mp4");
  }
};

TEST_F(DeeperForensics, NamesAndListsTellAll) {
  put_files(folder_,
            {fake("000_M101"), fake("000_M101", "end_to_end_level_3"), fake("001_W006"),
             fake("002_M004", "reenact_postprocess"), fake("003_W010"), fake("444_W010"), kSource,
             "source_videos/W010/BlendShape/camera_front/W010_BlendShape_camera_front.mp4",
             "source_videos/M001/BlendShape/camera_front/M001_BlendShape_camera_front.mp4"});
  list_all();
  const Manifest manifest = scan();
  EXPECT_EQ(manifest.split, "official");
  auto clips = by_file(manifest);
  ASSERT_EQ(clips.size(), 9U);
  const Clip& swap = clips[fake("000_M101", "end_to_end_level_3")];
  EXPECT_TRUE(swap.fake);
  EXPECT_EQ(swap.identity, (std::vector<std::string>{"000", "M101"}));
  EXPECT_EQ(swap.generator, "DF-VAE");
  EXPECT_EQ(swap.group, "end_to_end_level_3");
  EXPECT_EQ(swap.compression, "");
  EXPECT_EQ(swap.source, target("000"));  // Not here.
  EXPECT_EQ(swap.split, SplitSide::kTrain);
  EXPECT_EQ(clips[fake("000_M101")].split, SplitSide::kTrain);
  EXPECT_EQ(clips[fake("002_M004", "reenact_postprocess")].split, SplitSide::kValidation);
  EXPECT_EQ(clips[fake("003_W010")].split, SplitSide::kTest);
  EXPECT_FALSE(clips[fake("444_W010")].split);
  const Clip& source = clips[kSource];
  EXPECT_FALSE(source.fake);
  EXPECT_EQ(source.identity, std::vector<std::string>{"M101"});
  EXPECT_EQ(source.group, "source_videos");
  EXPECT_EQ(source.source, "");
  EXPECT_EQ(source.split, SplitSide::kTrain);  // With the swaps of his face.
  const std::string told = joined(manifest.remarks);
  EXPECT_TELLS(told, "taken as the layout deeperforensics");
  EXPECT_TELLS(told, "1 swaps of the official splits are not here");
  EXPECT_TELLS(told, "2 clips are in no official split");
  EXPECT_TELLS(told, "3 source videos are real ones");
}

TEST_F(DeeperForensics, TargetsOfFaceForensicsMayLieBeside) {
  put_files(folder_, {fake("000_M101"), fake("000_M101", "end_to_end_level_1"), fake("003_W010"),
                      "original_sequences/youtube/c23/videos/000.avi", target("003"), target("777"),
                      "original_sequences/youtube/raw/videos/000.mp4"});
  list_all();
  EXPECT_TELLS(refused(), "the layouts ffpp and deeperforensics are here");
  const Manifest manifest = scan("deeperforensics");
  auto clips = by_file(manifest);
  ASSERT_EQ(clips.size(), 6U);
  const Clip& real = clips["original_sequences/youtube/c23/videos/000.avi"];
  EXPECT_FALSE(real.fake);
  EXPECT_EQ(real.identity, std::vector<std::string>{"000"});
  EXPECT_EQ(real.group, "youtube");
  EXPECT_EQ(real.compression, "c23");
  EXPECT_EQ(real.split, SplitSide::kTrain);
  EXPECT_EQ(clips[fake("000_M101")].source, real.file);
  EXPECT_EQ(clips[target("003")].split, SplitSide::kTest);
  EXPECT_FALSE(clips[target("777")].split);
}

TEST_F(DeeperForensics, WhatIsNoClipOfItIsCounted) {
  put_files(folder_,
            {fake("000_M101"), fake("00_M101"), fake("0000_M101"), fake("000_X101"),
             fake("000_M101_2"), fake("000_m101"), "manipulated_videos/end_to_end/000_M101.txt",
             "manipulated_videos/001_W006.mp4", "source_videos/M101/clip.mp4",
             "source_videos/M101/.hidden.mp4"});
  const Manifest manifest = scan();
  auto clips = by_file(manifest);
  EXPECT_EQ(clips.size(), 2U);
  EXPECT_EQ(clips["manipulated_videos/001_W006.mp4"].group, "");
  EXPECT_FALSE(has_splits(manifest));
  EXPECT_TELLS(joined(manifest.remarks), "6 videos with names of another form");
  EXPECT_TELLS(joined(manifest.remarks), "2 other files");
}

TEST_F(DeeperForensics, PeopleOnSeveralSidesOfTheListsKeepNone) {
  put_files(folder_, {fake("000_M101"), fake("001_M101"), fake("002_M101"), kSource});
  list("train.txt", "000_M101.mp4\n002_M101.mp4\n");
  list("val.txt", "");
  list("test.txt", "001_M101.mp4\n");
  const Manifest manifest = scan();
  auto clips = by_file(manifest);
  EXPECT_FALSE(clips[kSource].split);
  EXPECT_EQ(clips[fake("001_M101")].split, SplitSide::kTest);
  EXPECT_TELLS(joined(manifest.remarks), "1 real clips are in no official split");
}

TEST_F(DeeperForensics, ListsThatAreWrongAreNamed) {
  put_files(folder_, {fake("000_M101")});
  list_all();
  const auto told = [&](const std::string& text) {
    list("val.txt", text);
    return refused();
  };
  EXPECT_TELLS(told("002_M004.mp4\n\n002_004.mp4\n"), "val.txt:3: a name such as 000_M101.mp4");
  EXPECT_TELLS(told("manipulated_videos/end_to_end/002_M004.mp4\n"), "val.txt:1:");
  EXPECT_TELLS(told("002_M004.mp4 002_M005.mp4\n"), "val.txt:1:");
  EXPECT_TELLS(told("0\xFF\n"), "found \"0\xEF\xBF\xBD\"");
  EXPECT_TELLS(told(std::string(100000, '0')), "val.txt:1:");
  EXPECT_TELLS(told("000_M101.mp4\n"), "val.txt:1: 000_M101 is of train already");
  fs::remove(folder_ / "lists/splits/val.txt");
  EXPECT_TELLS(refused(), "val.txt: cannot be read");
  fs::create_directory(folder_ / "lists/splits/val.txt");
  EXPECT_TELLS(refused(), "val.txt: cannot be read");
}

TEST_F(DeeperForensics, ListsOfNothingLeaveAllWithoutASide) {
  put_files(folder_, {fake("000_M101")});
  for (const char* name : {"train.txt", "val.txt", "test.txt"}) list(name, "\n");
  const Manifest manifest = scan();
  EXPECT_FALSE(has_splits(manifest));
  EXPECT_TELLS(joined(manifest.remarks), "1 clips are in no official split");
}

TEST_F(DeeperForensics, OtherFoldersOfTheseNamesAreNot) {
  put_files(folder_, {"manipulated_videos/mine/000_M101.mp4", "source_videos/mine/M101_a.mp4"});
  EXPECT_TELLS(refused(), "no clips; none of these layouts is here");
  EXPECT_EQ(scan("deeperforensics").clips.size(), 2U);
}

}  // namespace
}  // namespace dfd
