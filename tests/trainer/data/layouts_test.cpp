// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/layouts.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "data/dataset.h"
#include "trainer/data/data_folders.h"
#include "trainer/data/layouts_fixture.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;
using test::by_file;
using test::error_of;
using test::joined;
using test::Layouts;
using test::put_file;
using test::put_files;

class CelebDf : public Layouts {
 protected:
  void list(const std::string& text) { put_file(folder_ / "List_of_testing_videos.txt", text); }
};

TEST_F(CelebDf, NamesTellPeopleAndSources) {
  put_files(folder_, {"Celeb-real/id3_0002.mp4", "Celeb-synthesis/id3_id16_0002.mp4",
                      "Celeb-synthesis/id5_id3_0001.mp4", "YouTube-real/00007.mp4"});
  list("1 Celeb-real/id3_0002.mp4\r\n");
  const Manifest manifest = scan();
  ASSERT_EQ(manifest.clips.size(), 4U);
  EXPECT_EQ(manifest.split, "official");
  auto clips = by_file(manifest);
  const Clip& real = clips["Celeb-real/id3_0002.mp4"];
  EXPECT_EQ(real.split, SplitSide::kTest);
  EXPECT_EQ(real.path, (folder_ / "Celeb-real/id3_0002.mp4").string());
  const Clip& fake = clips["Celeb-synthesis/id3_id16_0002.mp4"];
  EXPECT_EQ(fake.identity, (std::vector<std::string>{"id3", "id16"}));
  EXPECT_EQ(fake.source, real.file);
  EXPECT_EQ(fake.generator, "Celeb-DF");
  EXPECT_FALSE(fake.split);
  EXPECT_TRUE(fake.fake);
  // The real one is not here; its name is.
  EXPECT_EQ(clips["Celeb-synthesis/id5_id3_0001.mp4"].source, "Celeb-real/id5_0001.mp4");
  const Clip& other = clips["YouTube-real/00007.mp4"];
  EXPECT_FALSE(other.fake);
  EXPECT_TRUE(other.identity.empty());
  EXPECT_EQ(other.group, "YouTube-real");
}

TEST_F(CelebDf, MistakesOfTheTestListAreNamed) {
  put_files(folder_, {"Celeb-real/id1_0000.mp4", "Celeb-synthesis/id1_id2_0000.mp4"});
  list("1 Celeb-real/id9_0000.mp4\n");
  EXPECT_TELLS(refused(), "not in the data set");
  list("0 Celeb-real/id1_0000.mp4\n");
  EXPECT_TELLS(refused(), "contradicts");
  list("\n2 Celeb-real/id1_0000.mp4\n");
  EXPECT_TELLS(refused(), ":2:");
}

TEST_F(CelebDf, ClipsComeInManyContainersAndOthersAreCounted) {
  put_files(folder_, {"Celeb-real/id3_0002.MP4", "Celeb-real/id4_0000.mov",
                      "Celeb-synthesis/id3_id4_0002.Mkv", "Celeb-synthesis/id4_id3_0000.avi",
                      "YouTube-real/00007.webm", "YouTube-real/00007.mp4", "YouTube-real/00007.txt",
                      "Celeb-real/.DS_Store", "Celeb-real/id5_0000.mp4.part"});
  list("0 Celeb-synthesis/id3_id4_0002.mp4\n1 YouTube-real/00007.mp4\n1 Celeb-real/id4_0000.mp4\n");
  put_file(folder_ / "truth.jsonl",
           "{\"file\": \"Celeb-synthesis/id3_id4_0002.mp4\", \"kind\": \"blend\"}\n"
           "{\"file\": 5, \"kind\": \"warp\"}\n");
  const Manifest manifest = scan();
  EXPECT_TELLS(joined(manifest.remarks), "3 other files");
  auto clips = by_file(manifest);
  ASSERT_EQ(clips.size(), 6U);
  const Clip& fake = clips["Celeb-synthesis/id3_id4_0002.Mkv"];
  EXPECT_EQ(fake.source, "Celeb-real/id3_0002.MP4");
  EXPECT_EQ(fake.generator, "blend");
  EXPECT_EQ(fake.split, SplitSide::kTest);
  EXPECT_EQ(clips["Celeb-real/id4_0000.mov"].split, SplitSide::kTest);
  // A list that names one of two containers means that one; both show the same recording.
  EXPECT_EQ(clips["YouTube-real/00007.mp4"].split, SplitSide::kTest);
  EXPECT_FALSE(clips["YouTube-real/00007.webm"].split);
  EXPECT_EQ(recording_of(clips["YouTube-real/00007.webm"]),
            recording_of(clips["YouTube-real/00007.mp4"]));
}

class Ffpp : public Layouts {
 protected:
  static std::string real(const std::string& name) {
    return "original_sequences/youtube/c23/videos/" + name + ".mp4";
  }
  static std::string fake(const std::string& name, const std::string& method = "Deepfakes") {
    return "manipulated_sequences/" + method + "/c23/videos/" + name + ".mp4";
  }
  void put_splits(const std::string& where) {
    put_file(folder_ / where / "train.json", R"([["000","003"]])");
    put_file(folder_ / where / "val.json", R"([["010", "011"]])");
    put_file(folder_ / where / "test.json", "[[\"020\",\"021\"]]\n");
  }
};

TEST_F(Ffpp, NamesAndListsTellAll) {
  put_files(folder_, {real("000"), real("003"), real("010"), real("777"), fake("000_003"),
                      fake("003_000", "Face2Face"), fake("010_003"), fake("020_021"),
                      "original_sequences/youtube/raw/videos/000.avi",
                      "manipulated_sequences/Deepfakes/raw/videos/000_003.mp4",
                      "manipulated_sequences/Deepfakes/masks/videos/000_003.mp4",
                      "original_sequences/youtube/c23/videos/title.mp4",
                      "original_sequences/youtube/c23/videos/000.txt"});
  put_splits("splits");
  const Manifest manifest = scan();
  EXPECT_EQ(manifest.split, "official");
  auto clips = by_file(manifest);
  ASSERT_EQ(clips.size(), 10U);
  const Clip& swap = clips[fake("000_003")];
  EXPECT_EQ(swap.identity, (std::vector<std::string>{"000", "003"}));
  EXPECT_EQ(swap.source, real("000"));
  EXPECT_EQ(swap.generator, "Deepfakes");
  EXPECT_EQ(swap.compression, "c23");
  EXPECT_EQ(swap.split, SplitSide::kTrain);
  EXPECT_EQ(clips["manipulated_sequences/Deepfakes/raw/videos/000_003.mp4"].source,
            "original_sequences/youtube/raw/videos/000.avi");
  EXPECT_EQ(clips[fake("003_000", "Face2Face")].split, SplitSide::kTrain);
  EXPECT_EQ(clips[real("010")].split, SplitSide::kValidation);
  EXPECT_EQ(clips[fake("020_021")].split, SplitSide::kTest);
  EXPECT_EQ(clips[fake("020_021")].source, real("020"));  // Not here.
  EXPECT_FALSE(clips[real("777")].split);
  EXPECT_FALSE(clips[fake("010_003")].split);  // Of no pair.
  const std::string told = joined(manifest.remarks);
  EXPECT_TELLS(told, "taken as the layout ffpp");
  EXPECT_TELLS(told, "3 real recordings of the official splits are not here");
  EXPECT_TELLS(told, "2 clips are in no official split");
  EXPECT_TELLS(told, "1 other files");
  EXPECT_TELLS(told, "1 videos with names of another form");
}

TEST_F(Ffpp, ListsMayLieElsewhereAndMustBeWhole) {
  put_files(folder_, {real("000"), fake("000_003")});
  EXPECT_FALSE(has_splits(scan()));
  put_splits("elsewhere/lists");
  EXPECT_FALSE(has_splits(scan()));
  ScanOptions options;
  options.splits = (folder_ / "elsewhere/lists").string();
  EXPECT_TRUE(has_splits(scan_folder(folder_.string(), options)));
  fs::remove(folder_ / "elsewhere/lists/val.json");
  EXPECT_TELLS(refused(options), "val.json: cannot be read");
}

TEST_F(Ffpp, ListsThatAreWrongAreNamed) {
  put_files(folder_, {real("000"), fake("000_003")});
  put_splits("splits");
  const auto told = [&](const std::string& text) {
    put_file(folder_ / "splits/val.json", text);
    return refused();
  };
  EXPECT_TELLS(told("{"), "val.json: a JSON list of pairs expected");
  EXPECT_TELLS(told(R"([["010","011"],["012"]])"), "val.json: entry 2: a pair of numbers");
  EXPECT_TELLS(told("[[1,2]]"), "found [1,2]");
  EXPECT_TELLS(told(R"([["000","011"]])"), "000 is of train already");
}

TEST_F(Ffpp, DeepFakeDetectionIsALayoutOfItsOwn) {
  put_files(folder_, {"original_sequences/actors/c40/videos/28__exit_phone_room.mp4",
                      "manipulated_sequences/DeepFakeDetection/c40/videos/"
                      "28_15__exit_phone_room__W8GZ8BXJ.mp4",
                      "manipulated_sequences/DeepFakeDetection/c40/videos/28_15__room__SHORT.mp4"});
  const Manifest manifest = scan();
  auto clips = by_file(manifest);
  ASSERT_EQ(clips.size(), 2U);
  const Clip& fake = clips.begin()->second;
  EXPECT_EQ(fake.identity, (std::vector<std::string>{"actor 28", "actor 15"}));
  EXPECT_EQ(fake.source, "original_sequences/actors/c40/videos/28__exit_phone_room.mp4");
  EXPECT_EQ(clips[fake.source].identity, std::vector<std::string>{"actor 28"});
  EXPECT_TELLS(joined(manifest.remarks), "layout dfd");
  put_files(folder_, {real("000"), Ffpp::fake("000_001")});
  EXPECT_TELLS(refused(), "the layouts ffpp and dfd are here");
  EXPECT_EQ(scan("dfd").clips.size(), 2U);
  EXPECT_EQ(scan("ffpp").clips.size(), 2U);
}

class Folders : public Layouts {};

TEST_F(Folders, TellClassesAndGenerators) {
  put_files(folder_, {"real/a.mp4", "real/street/b.PNG", "fake/c.mkv", "fake/swap/deep/d.jpg",
                      "fake/swap/.hidden.mp4", "fake/swap/.cache/e.mp4", "real/note.txt", "f.mp4"});
  const Manifest manifest = scan();
  auto clips = by_file(manifest);
  ASSERT_EQ(clips.size(), 4U);
  EXPECT_FALSE(clips["real/street/b.PNG"].fake);
  EXPECT_EQ(clips["real/street/b.PNG"].group, "street");
  EXPECT_EQ(clips["real/street/b.PNG"].generator, "");
  EXPECT_TRUE(clips["fake/c.mkv"].fake);
  EXPECT_EQ(clips["fake/c.mkv"].generator, "");
  EXPECT_EQ(clips["fake/swap/deep/d.jpg"].generator, "swap");
  EXPECT_TRUE(clips["fake/swap/deep/d.jpg"].identity.empty());
  EXPECT_TELLS(joined(manifest.remarks), "3 files that are no videos or pictures, or are hidden");
}

TEST_F(Folders, LinksAreFollowedButNotInCircles) {
  put_files(folder_ / "store", {"a.mp4"});
  fs::create_directories(folder_ / "set/real");
  fs::create_directory_symlink(folder_ / "store", folder_ / "set/real/linked");
  fs::create_directory_symlink(folder_ / "set/real", folder_ / "set/real/circle");
  fs::create_symlink("/nowhere", folder_ / "set/real/gone.mp4");
  const Manifest manifest = scan_folder((folder_ / "set").string(), {});
  auto clips = by_file(manifest);
  EXPECT_EQ(clips.size(), 2U);
  EXPECT_EQ(clips.count("real/linked/a.mp4"), 1U);
  EXPECT_EQ(clips.count("real/gone.mp4"), 1U);
}

class Images : public Layouts {};

TEST_F(Images, AreRealAndEachAPerson) {
  put_files(folder_, {"a/026_03.jpg", "a/026_08.JPEG", "b/x.webp", "note.txt", ".hidden.png"});
  const Manifest manifest = scan();
  ASSERT_EQ(manifest.clips.size(), 3U);
  for (const Clip& clip : manifest.clips) {
    EXPECT_FALSE(clip.fake);
    EXPECT_TRUE(clip.identity.empty());
  }
  EXPECT_EQ(manifest.clips[0].group, "a");
  EXPECT_TELLS(joined(manifest.remarks), "2 files that are no pictures");
}

TEST_F(Images, NamesMayTellWho) {
  put_files(folder_, {"026_03.jpg", "026_08.jpg", "x.png"});
  ScanOptions options;
  options.identity_pattern = "^([0-9]+)_";
  const Manifest manifest = scan_folder(folder_.string(), options);
  auto clips = by_file(manifest);
  EXPECT_EQ(clips["026_03.jpg"].identity, std::vector<std::string>{"026"});
  EXPECT_EQ(clips["026_08.jpg"].identity, clips["026_03.jpg"].identity);
  EXPECT_TRUE(clips["x.png"].identity.empty());
  EXPECT_TELLS(joined(manifest.remarks), "1 names do not match");
  options.identity_pattern = "([0-9]";
  EXPECT_TELLS(refused(options), "identity pattern ([0-9]");
  options.identity_pattern = "[0-9]+";
  EXPECT_TELLS(refused(options), "a group expected");
}

TEST_F(Layouts, NoneOrSeveralAreErrorsThatSayWhatIsLookedFor) {
  EXPECT_TELLS(error_of([] { scan_folder("/nowhere", {}); }), "/nowhere: no such folder");
  EXPECT_TELLS(error_of([] { read_dataset("/nowhere"); }), "/nowhere: no such folder");
  put_files(folder_, {"a.mp4", "b.png"});
  const std::string none = refused();
  for (const std::string& name : layout_names()) EXPECT_TELLS(none, name + ": ");
  put_files(folder_, {"real/a.mp4", "Celeb-real/id0_0000.mp4"});
  EXPECT_TELLS(refused(), "the layouts celeb-df and folders are here");
  EXPECT_EQ(scan("folders").clips.size(), 1U);
  EXPECT_TELLS(error_of([&] { scan("dfdc"); }), "no clips of the layout dfdc");
  EXPECT_TELLS(error_of([&] { scan("guess"); }), "layout \"guess\": one of auto, celeb-df");
  ScanOptions options;
  options.layout = "folders";
  options.splits = "splits";
  EXPECT_TELLS(refused(options), "splits are read for the layout ffpp alone");
  options = {};
  options.layout = "folders";
  options.identity_pattern = "(.)";
  EXPECT_TELLS(refused(options), "for the layout images alone");
}

TEST_F(Layouts, FoldersOfClassesWithoutClipsAreAnError) {
  put_files(folder_, {"Celeb-real/readme.txt"});
  EXPECT_TELLS(refused(), "no clips");
}

TEST_F(Layouts, NamesMayBeAnyBytes) {
  put_files(folder_, {"fake/caf\xE9/n\xFF.mp4", "real/a.mp4"});
  const Manifest manifest = scan();
  EXPECT_EQ(manifest.clips[0].file, "fake/caf\xE9/n\xFF.mp4");
  const std::string file = (folder_ / "list.jsonl").string();
  write_manifest(file, manifest);
  EXPECT_EQ(manifest_digest(read_manifest(file)), manifest_digest(manifest));
}

}  // namespace
}  // namespace dfd
