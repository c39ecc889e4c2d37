// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/dataset.h"

#include <fstream>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "data/split.h"
#include "detector/error.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

// Empty files with the names of a data set: nothing here looks inside.
fs::path make_dataset(const std::vector<std::string>& files, const std::string& list) {
  const fs::path folder = test::scratch_folder("dataset");
  for (const char* part : {"Celeb-real", "Celeb-synthesis", "YouTube-real"}) {
    fs::create_directories(folder / part);
  }
  for (const std::string& file : files) std::ofstream(folder / file) << file;
  if (!list.empty()) std::ofstream(folder / "List_of_testing_videos.txt") << list;
  return folder;
}

std::vector<std::string> many_clips() {
  std::vector<std::string> files;
  for (int person = 0; person < 20; ++person) {
    const std::string name = "id" + std::to_string(person);
    const std::string partner = "id" + std::to_string(person ^ 1);
    for (const char* clip : {"_0000.mp4", "_0001.mp4"}) {
      files.push_back("Celeb-real/" + name + clip);
      files.push_back("Celeb-synthesis/" + name + "_" + partner + clip);
    }
  }
  for (int i = 0; i < 5; ++i) files.push_back("YouTube-real/0000" + std::to_string(i) + ".mp4");
  return files;
}

void expect_dataset_error(const fs::path& folder, const std::string& text) {
  try {
    read_dataset(folder.string());
    FAIL() << "accepted; expected: " << text;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
  }
}

TEST(Dataset, NamesTellPeopleAndSources) {
  const auto folder = make_dataset(
      {"Celeb-real/id3_0002.mp4", "Celeb-synthesis/id3_id16_0002.mp4", "YouTube-real/00007.mp4"},
      "1 Celeb-real/id3_0002.mp4\r\n");
  const auto clips = read_dataset(folder.string()).clips;
  ASSERT_EQ(clips.size(), 3U);
  EXPECT_TRUE(clips[0].listed_as_test);
  EXPECT_EQ(clips[1].people, (std::vector<std::string>{"id3", "id16"}));
  EXPECT_EQ(clips[1].source, clips[0].source);
  EXPECT_TRUE(clips[1].fake);
  EXPECT_FALSE(clips[2].fake);
}

TEST(Dataset, MistakesAreNamed) {
  expect_dataset_error("/nowhere", "no such folder");
  expect_dataset_error(make_dataset({"Celeb-real/readme.txt"}, ""), "no clips");
  const std::vector<std::string> two{"Celeb-real/id1_0000.mp4", "Celeb-synthesis/id1_id2_0000.mp4"};
  expect_dataset_error(make_dataset(two, "1 Celeb-real/id9_0000.mp4\n"), "not in the data set");
  expect_dataset_error(make_dataset(two, "0 Celeb-real/id1_0000.mp4\n"), "contradicts");
  expect_dataset_error(make_dataset(two, "\n2 Celeb-real/id1_0000.mp4\n"), ":2:");
}

TEST(Dataset, ClipsComeInManyContainersAndOthersAreCounted) {
  const auto folder = make_dataset(
      {"Celeb-real/id3_0002.MP4", "Celeb-real/id4_0000.mov", "Celeb-synthesis/id3_id4_0002.Mkv",
       "Celeb-synthesis/id4_id3_0000.avi", "YouTube-real/00007.webm", "YouTube-real/00007.mp4",
       "YouTube-real/00007.txt", "Celeb-real/.DS_Store", "Celeb-real/id5_0000.mp4.part"},
      "0 Celeb-synthesis/id3_id4_0002.mp4\n1 YouTube-real/00007.mp4\n1 Celeb-real/id4_0000.mp4\n");
  std::ofstream(folder / "truth.jsonl")
      << R"({"file": "Celeb-synthesis/id3_id4_0002.mp4", "kind": "blend"})"
      << "\n"
      << R"({"file": 5, "kind": "warp"})"
      << "\n";
  const Dataset dataset = read_dataset(folder.string());
  EXPECT_EQ(dataset.others, 3U);
  EXPECT_NE(remark_on(dataset).find("3 other files"), std::string::npos);
  std::map<std::string, Clip> clips;
  for (const Clip& clip : dataset.clips) clips[clip.file] = clip;
  ASSERT_EQ(clips.size(), 6U);
  const Clip& real = clips.at("Celeb-real/id3_0002.MP4");
  const Clip& fake = clips.at("Celeb-synthesis/id3_id4_0002.Mkv");
  EXPECT_EQ(real.people, std::vector<std::string>{"id3"});
  EXPECT_EQ(fake.people, (std::vector<std::string>{"id3", "id4"}));
  EXPECT_EQ(fake.source, real.source);
  EXPECT_EQ(fake.kind, "blend");
  EXPECT_TRUE(fake.listed_as_test);
  EXPECT_TRUE(clips.at("Celeb-real/id4_0000.mov").listed_as_test);
  // A list that names one of two containers means that one; both show the same people.
  EXPECT_TRUE(clips.at("YouTube-real/00007.mp4").listed_as_test);
  EXPECT_FALSE(clips.at("YouTube-real/00007.webm").listed_as_test);
  EXPECT_EQ(clips.at("YouTube-real/00007.webm").source, clips.at("YouTube-real/00007.mp4").source);
}

TEST(Dataset, NothingIsSaidWhereNothingIsLeftOut) {
  EXPECT_EQ(remark_on(read_dataset(make_dataset(many_clips(), "").string())), "");
}

TEST(Dataset, CopiesOfAFileAreOfTheSamePeople) {
  const auto folder = make_dataset(
      {"Celeb-real/id3_0002.mp4", "Celeb-synthesis/id3_id4_0002.mp4", "YouTube-real/00007.mp4"},
      "");
  fs::copy_file(folder / "Celeb-real/id3_0002.mp4", folder / "YouTube-real/copy.mp4");
  std::vector<Clip> clips = read_dataset(folder.string()).clips;
  add_digests(clips);
  ASSERT_EQ(clips[3].file, "YouTube-real/copy.mp4");
  EXPECT_EQ(clips[3].people, std::vector<std::string>{"id3"});
  EXPECT_EQ(clips[3].source, clips[0].source);
  EXPECT_NE(clips[2].source, clips[0].source);
  fs::copy_file(folder / "Celeb-real/id3_0002.mp4", folder / "Celeb-synthesis/id3_id5_0002.mp4");
  clips = read_dataset(folder.string()).clips;
  EXPECT_THROW(add_digests(clips), Error);
}

TEST(SplitByPeople, NobodyStandsOnTwoSides) {
  const auto folder =
      make_dataset(many_clips(), "1 Celeb-real/id0_0000.mp4\n0 Celeb-synthesis/id1_id0_0000.mp4\n");
  const auto clips = read_dataset(folder.string()).clips;
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
    const Split split = split_by_people(clips, seed);
    std::set<std::string> train_people;
    std::set<std::string> train_sources;
    for (const Clip& clip : split.train) {
      train_people.insert(clip.people.begin(), clip.people.end());
      train_sources.insert(clip.source);
    }
    for (const Clip& clip : split.validation) {
      for (const auto& name : clip.people) EXPECT_EQ(train_people.count(name), 0U) << name;
    }
    for (const Clip& clip : split.test) EXPECT_EQ(train_sources.count(clip.source), 0U);
    EXPECT_EQ(split.test.size(), 2U);
    EXPECT_EQ(split.train.size() + split.validation.size() + split.test.size() + split.dropped,
              clips.size());
    EXPECT_GT(split.train.size(), 3 * split.validation.size());
  }
}

TEST(SplitAtRandom, IsStampedLeaky) {
  const Split split =
      split_at_random(read_dataset(make_dataset(many_clips(), "").string()).clips, 1);
  EXPECT_NE(split.name.find("leaky"), std::string::npos);
  EXPECT_EQ(split.train.size(), 68U);
  EXPECT_EQ(split.validation.size(), 17U);
}

}  // namespace
}  // namespace dfd
