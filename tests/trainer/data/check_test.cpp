// SPDX-License-Identifier: LGPL-2.1-or-later

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "data/manifest_check.h"
#include "data/perceptual_hash.h"
#include "data/picture.h"
#include "data/video.h"
#include "trainer/data/data_folders.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;
using test::joined;
using test::put_file;

// Something with shapes at every scale.
cv::Mat scene(int seed, cv::Size size = {320, 240}) {
  cv::RNG random(static_cast<std::uint64_t>(seed));
  cv::Mat picture(240, 320, CV_8UC3, cv::Scalar(90, 120, 150));
  for (int i = 0; i < 60; ++i) {
    const cv::Point center(random.uniform(0, 320), random.uniform(0, 240));
    const cv::Scalar ink(random.uniform(0, 255), random.uniform(0, 255), random.uniform(0, 255));
    cv::circle(picture, center, random.uniform(5, 60), ink, cv::FILLED);
  }
  cv::resize(picture, picture, size, 0, 0, cv::INTER_AREA);
  return picture;
}

TEST(PerceptualHash, KnowsAPictureAgainThatWasReducedAndCompressed) {
  for (int seed = 1; seed <= 20; ++seed) {
    const auto whole = perceptual_hash(scene(seed));
    std::vector<uchar> bytes;
    cv::imencode(".jpg", scene(seed, {160, 120}), bytes, {cv::IMWRITE_JPEG_QUALITY, 40});
    const auto reduced = perceptual_hash(cv::imdecode(bytes, cv::IMREAD_COLOR));
    const auto other = perceptual_hash(scene(seed + 100));
    ASSERT_TRUE(whole && reduced && other);
    EXPECT_LE(hash_distance(*whole, *reduced), kNearHash) << seed;
    EXPECT_GT(hash_distance(*whole, *other), 2 * kNearHash) << seed;
  }
}

TEST(PerceptualHash, IsNoneOfAFlatPicture) {
  EXPECT_FALSE(perceptual_hash(cv::Mat(240, 320, CV_8UC3, cv::Scalar(16, 16, 16))));
  EXPECT_FALSE(perceptual_hash(cv::Mat(1, 1, CV_8UC3, cv::Scalar(200, 0, 0))));
}

TEST(NearHashes, AreAllFoundOnce) {
  // Near ones by every part of the hash, and two that are just too far.
  std::vector<std::uint64_t> hashes{0, ~std::uint64_t{0}, 0, 0x1F};
  for (int bit = 0; bit < 64; bit += 3) hashes.push_back(std::uint64_t{1} << bit);
  for (int bit = 0; bit < 60; bit += 7) hashes.push_back(std::uint64_t{0x0F} << bit);
  std::set<std::pair<std::size_t, std::size_t>> expected;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    for (std::size_t j = i + 1; j < hashes.size(); ++j) {
      if (hash_distance(hashes[i], hashes[j]) <= kNearHash) expected.insert({i, j});
    }
  }
  std::multiset<std::pair<std::size_t, std::size_t>> found;
  for_near_hashes(hashes, [&](std::size_t first, std::size_t second, int distance) {
    found.insert({first, second});
    EXPECT_EQ(distance, hash_distance(hashes[first], hashes[second]));
  });
  EXPECT_EQ((std::multiset<std::pair<std::size_t, std::size_t>>(expected.begin(), expected.end())),
            found);
  EXPECT_GT(expected.size(), 20U);
}

// A list whose clips are all as they should be, and the facts of each.
class Check : public testing::Test {
 protected:
  Check() {
    int number = 0;
    for (const SplitSide side : {SplitSide::kTrain, SplitSide::kTest}) {
      for (const bool fake : {false, false, true}) {
        Clip clip;
        clip.file = std::to_string(number) + ".mp4";
        clip.fake = fake;
        clip.identity = {"id" + std::to_string(number)};
        clip.split = side;
        if (fake) clip.generator = "swap";
        manifest_.clips.push_back(clip);
        ClipFacts facts;
        facts.digest = "digest" + clip.file;
        facts.frames = 10;
        if (number > 0) facts.codec = "H.264";  // Some files do not say.
        facts.size = {64, 48};
        facts.hash = std::uint64_t{0xFF} << (8 * number);
        facts_.push_back(facts);
        ++number;
      }
    }
  }

  std::string faults() {
    findings_ = findings_of(manifest_, facts_);
    return joined(findings_.faults);
  }

  Manifest manifest_;
  std::vector<ClipFacts> facts_;
  Findings findings_;
};

TEST_F(Check, CountsWhatThereIs) {
  EXPECT_EQ(faults(), "");
  const auto& report = findings_.report;
  EXPECT_EQ(report["clips"], 6);
  EXPECT_EQ(report["manifest"], manifest_digest(manifest_));
  EXPECT_EQ(report["by"]["label"]["real"], 4);
  EXPECT_EQ(report["by"]["split"]["test"], 3);
  EXPECT_EQ(report["by"]["generator"]["swap"], 2);
  EXPECT_EQ(report["by"]["group"]["none"], 6);
  EXPECT_EQ(report["by"]["container"]["mp4"], 6);
  EXPECT_EQ(report["by"]["codec"]["H.264"], 5);
  EXPECT_EQ(report["by"]["codec"]["none"], 1);
  EXPECT_EQ(report["by"]["size"]["64x48"], 6);
  EXPECT_EQ(report["identities"], 6);
  EXPECT_EQ(report["sides"]["train"]["fake"], 1);
  EXPECT_NEAR(report["sides"]["train"]["majority_accuracy"], 2.0 / 3, 1e-9);
  EXPECT_NEAR(report["sides"]["train"]["constant_log_loss"], 0.6365141682948128, 1e-9);
  EXPECT_TRUE(report["without_face"].is_null());
}

TEST_F(Check, FindsClipsThatAreOfNoUse) {
  facts_[0].error = "0.mp4: \xFF broken";
  facts_[1].frames = 1;
  for (ClipFacts& facts : facts_) facts.has_face = true;
  facts_[2].has_face = false;
  manifest_.clips[3].file = "3.png";
  facts_[3].frames = 1;
  const std::string told = faults();
  EXPECT_TELLS(told, "1 clips cannot be read");
  EXPECT_TELLS(told, "1 videos have less than 2 frames");
  EXPECT_TELLS(told, "1 clips show no face");
  EXPECT_EQ(findings_.report["unreadable"][0]["path"], "0.mp4");
  EXPECT_EQ(findings_.report["short"][0]["path"], "1.mp4");
  EXPECT_EQ(findings_.report["without_face"][0]["path"], "2.mp4");
  EXPECT_NO_THROW(findings_.report.dump());
}

TEST_F(Check, FindsCopies) {
  facts_[1].digest = facts_[0].digest;
  EXPECT_EQ(faults(), "");  // On one side, of one class.
  EXPECT_TELLS(joined(findings_.remarks), "1 clips are copies of others");
  facts_[5].digest = facts_[0].digest;
  const std::string told = faults();
  EXPECT_TELLS(told, "1 clips are copies of clips on another side");
  EXPECT_TELLS(told, "1 clips are copies of clips of the other class");
  EXPECT_EQ(findings_.report["same_bytes"].size(), 2U);
}

TEST_F(Check, FindsWhatLooksTheSameButForForgeriesOfIt) {
  facts_[4].hash = *facts_[0].hash ^ 0b1111;
  EXPECT_TELLS(faults(), "1 pairs that look the same in the middle stand on two sides");
  EXPECT_EQ(findings_.report["near_duplicates"]["examples"][0]["distance"], 4);
  facts_[4].hash = *facts_[0].hash ^ 0b11111;
  EXPECT_EQ(faults(), "");
  facts_[1].hash = facts_[0].hash;
  EXPECT_EQ(faults(), "");  // On one side.
  EXPECT_EQ(findings_.report["near_duplicates"]["pairs"], 1);
  manifest_.clips[1].source = manifest_.clips[0].file;
  faults();
  EXPECT_EQ(findings_.report["near_duplicates"]["pairs"], 0);
}

TEST_F(Check, FindsWhoStandsOnTwoSides) {
  manifest_.clips[5].identity = {"id0", "id5"};
  manifest_.clips[5].source = manifest_.clips[1].file;
  const std::string told = faults();
  EXPECT_TELLS(told, "1 identities stand on two sides");
  EXPECT_TELLS(told, "1 recordings");
  EXPECT_EQ(findings_.report["two_sides"]["identities"][0], "id0");
  EXPECT_EQ(findings_.report["two_sides"]["recordings"][0], "1.mp4");
  manifest_.split = "generator:swap";
  EXPECT_EQ(faults(), "");
  manifest_.clips[5].split.reset();
  manifest_.split = "people";
  EXPECT_TELLS(faults(), "the side test has 2 real clips and 0 fakes");
}

TEST_F(Check, OneClassIsRemarkedAndNoSplitIsNoFault) {
  for (Clip& clip : manifest_.clips) clip.fake = false;
  EXPECT_EQ(faults(), "");
  EXPECT_TELLS(joined(findings_.remarks), "one class");
  for (Clip& clip : manifest_.clips) clip.split.reset();
  EXPECT_EQ(faults(), "");
  EXPECT_EQ(findings_.report["sides"]["all"]["real"], 6);
}

TEST(CheckManifest, ReadsVideosAndPicturesAndBrokenOnesDoNotEndIt) {
  const fs::path folder = test::scratch_folder("check_manifest");
  write_picture((folder / "a.png").string(), scene(1));
  VideoWriter writer((folder / "b.mp4").string(), {{320, 240}, 25, 23});
  for (int i = 0; i < 9; ++i) writer.write(scene(i == 4 ? 1 : 2));  // The middle alone is alike.
  writer.close();
  put_file(folder / "c.mp4", "no video");
  put_file(folder / "d.jpg", "no picture");
  put_file(folder / "list.jsonl", R"({"path":"a.png","label":"real"})"
                                  "\n"
                                  R"({"path":"b.mp4","label":"fake"})"
                                  "\n"
                                  R"({"path":"c.mp4","label":"real"})"
                                  "\n"
                                  R"({"path":"d.jpg","label":"real"})"
                                  "\n"
                                  R"({"path":"gone.mp4","label":"real"})"
                                  "\n");
  const Manifest manifest = read_manifest((folder / "list.jsonl").string());
  CheckOptions options;
  options.faces = true;
  int calls = 0;
  const Findings findings = check_manifest(manifest, options, [&](int, int) { ++calls; });
  EXPECT_EQ(calls, 5);
  EXPECT_TELLS(joined(findings.faults), "3 clips cannot be read");
  EXPECT_TELLS(joined(findings.faults), "2 clips show no face");
  EXPECT_EQ(findings.report["near_duplicates"]["pairs"], 1);
  EXPECT_EQ(findings.report["by"]["size"]["320x240"], 2);
  EXPECT_EQ(findings.report["by"]["size"]["none"], 3);
}

}  // namespace
}  // namespace dfd
