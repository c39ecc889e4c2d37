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

class Dfdc : public Layouts {};

TEST_F(Dfdc, MetadataTellLabelsAndSources) {
  put_files(folder_, {"part_0/a.mp4", "part_0/b.mp4", "part_0/c.mp4", "part_1/a.mp4",
                      "part_1/x.txt", "part_1/.hidden.mp4", "elsewhere/y.txt"});
  put_file(folder_ / "part_0/metadata.json",
           R"({"a.mp4":{"label":"FAKE","split":"train","original":"b.mp4"},)"
           R"("b.mp4":{"label":"REAL","split":"train"},"gone.mp4":{"label":"REAL"}})");
  put_file(folder_ / "part_1/metadata.json", R"({"a.mp4":{"label":"REAL","original":null}})");
  const Manifest manifest = scan();
  auto clips = by_file(manifest);
  ASSERT_EQ(clips.size(), 3U);
  EXPECT_TRUE(clips["part_0/a.mp4"].fake);
  EXPECT_EQ(clips["part_0/a.mp4"].source, "part_0/b.mp4");
  EXPECT_EQ(clips["part_0/a.mp4"].split, SplitSide::kTrain);
  EXPECT_EQ(clips["part_0/a.mp4"].group, "part_0");
  EXPECT_FALSE(clips["part_1/a.mp4"].fake);
  EXPECT_FALSE(clips["part_1/a.mp4"].split);
  EXPECT_TELLS(joined(manifest.remarks),
               "1 videos of metadata.json, labels.csv or dataset.json are not here");
  EXPECT_TELLS(joined(manifest.remarks), "1 videos are in no metadata.json");
  EXPECT_TELLS(joined(manifest.remarks), "2 other files");
}

TEST_F(Dfdc, LabelsOfTheTestSetAreTest) {
  put_files(folder_, {"videos/a.mp4", "videos/b.mp4"});
  put_file(folder_ / "labels.csv", "filename,label\r\na.mp4,1\r\nb.mp4,0\r\n");
  auto clips = by_file(scan());
  ASSERT_EQ(clips.size(), 2U);
  EXPECT_TRUE(clips["videos/a.mp4"].fake);
  EXPECT_EQ(clips["videos/b.mp4"].split, SplitSide::kTest);
  // A list of their own comes before the one above them; nothing is there twice.
  put_file(folder_ / "videos/metadata.json",
           R"({"a.mp4":{"label":"FAKE"},"b.mp4":{"label":"REAL"}})");
  EXPECT_EQ(scan().clips.size(), 2U);
}

TEST_F(Dfdc, ListsThatAreWrongAreNamed) {
  put_files(folder_, {"a.mp4"});
  const auto told = [&](const std::string& file, const std::string& text) {
    put_file(folder_ / file, text);
    return refused();
  };
  EXPECT_TELLS(told("metadata.json", "[]"), "metadata.json: a JSON object");
  EXPECT_TELLS(told("metadata.json", R"({"a.mp4":{"label":"fake"}})"), "a.mp4: \"label\"");
  EXPECT_TELLS(told("metadata.json", R"({"a.mp4":{}})"), "\"label\"");
  EXPECT_TELLS(told("metadata.json", R"({"a.mp4":"FAKE"})"), "\"label\"");
  EXPECT_TELLS(told("metadata.json", R"({"a.mp4":{"label":"REAL","split":"val"}})"), "\"split\"");
  EXPECT_TELLS(told("metadata.json", R"({"a.mp4":{"label":"REAL","original":1}})"), "\"original\"");
  EXPECT_TELLS(told("labels.csv", "filename,label\na.mp4\n"), "labels.csv:2:");
  EXPECT_TELLS(told("labels.csv", "a.mp4,2\n"), "labels.csv:1:");
  EXPECT_TELLS(told("labels.csv", ",1\n"), "labels.csv:1:");
  EXPECT_TELLS(told("labels.csv", "a.mp4,1\na.mp4,0\n"), "labels.csv:2: a.mp4 stands there twice");
}

class DfdcPreview : public Layouts {
 protected:
  static constexpr const char* kReal = "original_videos/643049/643049_A_001.mp4";
  static constexpr const char* kFakeA = "method_A/643049/643049_A/1255229_643049_A_001.mp4";
  static constexpr const char* kFakeB = "method_B/1260311/1260311_C/643049_1260311_C_004.mp4";

  void list(const std::string& text) { put_file(folder_ / "dataset.json", text); }

  // All three, with what the official list has.
  void list_all() {
    list(R"({"original_videos/643049/643049_A_001.mp4":)"
         R"({"label":"real","set":"train","target_id":643049,"swapped_id":null,)"
         R"("augmentations":[]},)"
         R"("method_A/643049/643049_A/1255229_643049_A_001.mp4":)"
         R"({"label":"fake","set":"train","target_id":643049,"swapped_id":1255229,)"
         R"("augmentations":["low_quality"]},)"
         R"("method_B/1260311/1260311_C/643049_1260311_C_004.mp4":)"
         R"({"label":"fake","set":"test","target_id":"1260311","swapped_id":"643049"}})");
  }

  // The error of a list with one entry.
  std::string told(const std::string& name, const std::string& entry) {
    list("{\"" + name + "\":" + entry + "}");
    return refused();
  }
};

TEST_F(DfdcPreview, ListAndNamesTellAll) {
  put_files(folder_, {kReal, kFakeA, kFakeB});
  list_all();
  const Manifest manifest = scan();
  EXPECT_EQ(manifest.split, "official");
  EXPECT_EQ(joined(manifest.remarks), folder_.string() + ": taken as the layout dfdc\n");
  auto clips = by_file(manifest);
  ASSERT_EQ(clips.size(), 3U);
  const Clip& real = clips[kReal];
  EXPECT_FALSE(real.fake);
  EXPECT_EQ(real.identity, std::vector<std::string>{"643049"});
  EXPECT_EQ(real.group, "original_videos");
  EXPECT_EQ(real.generator, "");
  EXPECT_EQ(real.compression, "");
  EXPECT_EQ(real.split, SplitSide::kTrain);
  const Clip& fake = clips[kFakeA];
  EXPECT_TRUE(fake.fake);
  EXPECT_EQ(fake.identity, (std::vector<std::string>{"643049", "1255229"}));
  EXPECT_EQ(fake.source, kReal);
  EXPECT_EQ(fake.generator, "method_A");
  EXPECT_EQ(fake.group, "method_A");
  EXPECT_EQ(fake.compression, "low_quality");
  EXPECT_EQ(fake.split, SplitSide::kTrain);
  const Clip& other = clips[kFakeB];
  EXPECT_EQ(other.identity, (std::vector<std::string>{"1260311", "643049"}));
  EXPECT_EQ(other.source, "original_videos/1260311/1260311_C_004.mp4");  // Not here.
  EXPECT_EQ(other.split, SplitSide::kTest);
}

TEST_F(DfdcPreview, LiesOneFolderBelowBesideOthers) {
  put_files(folder_ / "dfdc_preview_set", {kReal, kFakeA, kFakeB});
  put_files(folder_, {"part_0/a.mp4"});
  put_file(folder_ / "part_0/metadata.json", R"({"a.mp4":{"label":"REAL"}})");
  list_all();
  fs::rename(folder_ / "dataset.json", folder_ / "dfdc_preview_set/dataset.json");
  auto clips = by_file(scan());
  ASSERT_EQ(clips.size(), 4U);
  const Clip& fake = clips[std::string("dfdc_preview_set/") + kFakeA];
  EXPECT_EQ(fake.source, std::string("dfdc_preview_set/") + kReal);
  EXPECT_EQ(fake.group, "dfdc_preview_set/method_A");
  EXPECT_EQ(clips["part_0/a.mp4"].group, "part_0");
}

TEST_F(DfdcPreview, FilesMayBeMovedWithinTheirFolders) {
  put_files(folder_, {"original_videos/videos/643049/643049_A_001.mp4",
                      "method_A/videos/1255229_643049_A_001.mp4", "method_B/videos/other.mp4"});
  list_all();
  const Manifest manifest = scan();
  auto clips = by_file(manifest);
  ASSERT_EQ(clips.size(), 2U);
  EXPECT_EQ(clips["method_A/videos/1255229_643049_A_001.mp4"].source,
            "original_videos/videos/643049/643049_A_001.mp4");
  EXPECT_TELLS(joined(manifest.remarks), "1 videos of metadata.json, labels.csv or dataset.json");
  EXPECT_TELLS(joined(manifest.remarks), "1 videos are in no metadata.json, labels.csv or dataset");
}

TEST_F(DfdcPreview, OfTwoWithOneNamePathsTell) {
  list(R"({"original_videos/1/1_A_001.mp4":{"label":"real","set":"train"},)"
       R"("original_videos/2/1_A_001.mp4":{"label":"real","set":"test"}})");
  put_files(folder_, {"original_videos/1/1_A_001.mp4", "original_videos/2/1_A_001.mp4",
                      "original_videos/3/1_A_001.mp4"});
  const Manifest manifest = scan();
  auto clips = by_file(manifest);
  ASSERT_EQ(clips.size(), 2U);
  EXPECT_EQ(clips["original_videos/1/1_A_001.mp4"].split, SplitSide::kTrain);
  EXPECT_EQ(clips["original_videos/2/1_A_001.mp4"].split, SplitSide::kTest);
  EXPECT_TELLS(joined(manifest.remarks), "1 videos are in no metadata.json");
}

TEST_F(DfdcPreview, NamesTellPeopleThatTheListLeavesOut) {
  put_files(folder_, {kReal, kFakeA, "method_B/5/5_A/copy.mp4", "README.txt", "loose.mp4"});
  list(R"({"original_videos/643049/643049_A_001.mp4":{"label":"real","swapped_id":7},)"
       R"("method_A/643049/643049_A/1255229_643049_A_001.mp4":{"label":"fake","target_id":643049},)"
       R"("method_B/5/5_A/copy.mp4":{"label":"fake","target_id":5,)"
       R"("augmentations":["low_fps","low_res"]}})");
  const Manifest manifest = scan();
  EXPECT_FALSE(has_splits(manifest));
  auto clips = by_file(manifest);
  ASSERT_EQ(clips.size(), 3U);
  EXPECT_EQ(clips[kReal].identity, std::vector<std::string>{"643049"});
  EXPECT_EQ(clips[kFakeA].identity, (std::vector<std::string>{"643049", "1255229"}));
  EXPECT_EQ(clips["method_B/5/5_A/copy.mp4"].identity, std::vector<std::string>{"5"});
  EXPECT_EQ(clips["method_B/5/5_A/copy.mp4"].source, "");
  EXPECT_EQ(clips["method_B/5/5_A/copy.mp4"].compression, "low_fps+low_res");
  EXPECT_TELLS(joined(manifest.remarks), "1 fakes have names of another form");
  EXPECT_TELLS(joined(manifest.remarks), "1 other files");
  EXPECT_TELLS(joined(manifest.remarks), "1 videos are in no metadata.json");
}

TEST_F(DfdcPreview, ListsThatAreWrongAreNamed) {
  put_files(folder_, {kReal, kFakeA});
  list("{\"a\":");
  EXPECT_TELLS(refused(), "dataset.json: a JSON object");
  list("[]");
  EXPECT_TELLS(refused(), "dataset.json: a JSON object");
  list("{\"original_videos/\xFF.mp4\":{\"label\":\"real\"}}");
  EXPECT_TELLS(refused(), "dataset.json: a JSON object");
  EXPECT_TELLS(told(kReal, "\"real\""), "643049_A_001.mp4: \"label\"");
  EXPECT_TELLS(told(kReal, R"({"label":"REAL"})"), "\"label\": \"fake\" or \"real\" expected");
  EXPECT_TELLS(told(kReal, R"({"label":"fake"})"), "contradicts the folder");
  EXPECT_TELLS(told(kFakeA, R"({"label":"real"})"), "contradicts the folder");
  EXPECT_TELLS(told(kReal, R"({"label":"real","set":"dev"})"), "\"set\": \"train\"");
  EXPECT_TELLS(told(kReal, R"({"label":"real","set":1})"), "\"set\"");
  EXPECT_TELLS(told(kReal, R"({"label":"real","target_id":[1]})"), "\"target_id\"");
  EXPECT_TELLS(told(kFakeA, R"({"label":"fake","swapped_id":1.5})"), "\"swapped_id\"");
  EXPECT_TELLS(told(kReal, R"({"label":"real","augmentations":"low_res"})"), "\"augmentations\"");
  EXPECT_TELLS(told(kReal, R"({"label":"real","augmentations":[1]})"), "\"augmentations\"");
  for (const char* name : {"", "a.mp4", "method_C/a.mp4", "../method_A/a.mp4", "/method_A/a.mp4"}) {
    EXPECT_TELLS(told(name, R"({"label":"fake"})"), "a file in original_videos, method_A");
  }
}

TEST_F(DfdcPreview, AnotherDatasetJsonIsNone) {
  put_files(folder_, {"real/a.mp4", "fake/b.mp4"});
  list(R"({"labels":[["a.png",0]]})");
  EXPECT_TELLS(joined(scan().remarks), "layout folders");
}

}  // namespace
}  // namespace dfd
