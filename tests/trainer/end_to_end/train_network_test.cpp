// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Training from pictures, as users run it.

#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "data/picture.h"
#include "support/test_model.h"
#include "trainer/end_to_end/trainer_runs.h"

namespace dfd::test {
namespace {

class FromPictures : public WithSmallData {
 protected:
  // Both streams. Two pairs a step: what is written counts.
  std::string train(const fs::path& model, int& status, const std::string& more) const {
    return run(command(model, more) + " 2>&1", status);
  }
  std::string command(const fs::path& model, const std::string& more) const {
    return command_on("'" + data_ + "' --split random", model, 2, more);
  }
  // pairs: in a step, and to validate on.
  std::string command_on(const std::string& data, const fs::path& model, int pairs,
                         const std::string& more) const {
    const std::string count = std::to_string(pairs);
    return std::string(DFD_TRAINER) + " train --data " + data +
           " --backbone new:artifact_cnn --crop square --frames 2 --pairs " + count +
           " --validation-pairs " + count + " --validate-every 2 --cache '" +
           (fs::path(data_) / "cache").string() + "' -o '" + model.string() + "' " + more;
  }
  fs::path file(const std::string& name) const { return fs::path(data_) / name; }
  // Probability that the element gives; -1 where it judged none of them.
  double highest_of_real_clips(const fs::path& model) const {
    double highest = -1;
    for (const auto& clip : fs::directory_iterator(file("Celeb-real"))) {
      highest = std::max(highest, play(clip.path(), model, "messages=every-window mode=complete"));
    }
    return highest;
  }
};

TEST_F(FromPictures, AModelOfRealClipsAloneServesInTheElement) {
  for (const auto& entry : fs::directory_iterator(file("Celeb-synthesis"))) fs::remove(entry);
  fs::remove(file("List_of_testing_videos.txt"));
  int status = -1;
  const std::string said = train(file("m.safetensors"), status, "--fakes self-blend --steps 4");
  ASSERT_EQ(status, 0) << said;
  EXPECT_EQ(count_of(said, "\"validation_auc\""), 2U) << said;
  const auto about = nlohmann::json::parse(
      run(std::string(DFD_TRAINER) + " inspect " + file("m.safetensors").string(), status));
  EXPECT_EQ(about["metadata"]["backbone.name"], "artifact_cnn");
  EXPECT_EQ(about["metadata"]["head.type"], "mean");
  EXPECT_EQ(about["metadata"]["input.crop"], "square");
  EXPECT_EQ(about["metadata"]["training.self_blend"], "1");
  EXPECT_EQ(about["metadata"]["training.reconstruct"], "0");
  const auto calibration =
      nlohmann::json::parse(about["metadata"]["training.calibration"].get<std::string>());
  EXPECT_EQ(calibration["by"], "windows of validation pairs");
  EXPECT_GE(calibration["auc"].get<double>(), 0);
  EXPECT_EQ(std::stod(about["metadata"]["calibration.temperature"].get<std::string>()),
            calibration["temperature"].get<double>());
  const double probability = highest_of_real_clips(file("m.safetensors"));
  EXPECT_GE(probability, 0);
  EXPECT_LE(probability, 1);
}

TEST_F(FromPictures, ReconstructionsAreMadeOnceAndTrainedOn) {
  const std::string more =
      "--fakes self-blend,reconstruct:0.5 --autoencoder-steps 2 --recoded 0 --steps 2";
  int status = -1;
  std::string said = train(file("a.safetensors"), status, more);
  ASSERT_EQ(status, 0) << said;
  EXPECT_EQ(count_of(said, "training autoencoder"), 9U) << said;
  EXPECT_NE(said.find("of 100 fakes 50 are self-blended, 50 reconstructed"), std::string::npos);
  const auto about = nlohmann::json::parse(
      run(std::string(DFD_TRAINER) + " inspect " + file("a.safetensors").string(), status));
  EXPECT_EQ(about["metadata"]["training.self_blend"], "0.5");
  EXPECT_EQ(about["metadata"]["training.reconstruct"], "0.5");
  said = train(file("b.safetensors"), status, more);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(count_of(said, "training autoencoder"), 0U) << said;
  EXPECT_EQ(bytes_of(file("a.safetensors")), bytes_of(file("b.safetensors")));
}

TEST_F(FromPictures, GeneratedClipsOfTheDataSetGetARowOfTheirOwn) {
  std::ofstream list(file("list.jsonl"));
  for (const std::string folder : {"Celeb-real", "Celeb-synthesis"}) {
    int count = 0;
    for (const auto& clip : fs::directory_iterator(file(folder))) {
      const bool fake = folder == "Celeb-synthesis";
      list << nlohmann::json{{"path", clip.path().string()},
                             {"label", fake ? "fake" : "real"},
                             {"identity", {clip.path().stem().string()}},
                             {"split", count++ % 2 == 0 ? "train" : "validation"},
                             {"evidence",
                              fake ? nlohmann::json{"generated"} : nlohmann::json(nullptr)}}
           << "\n";
    }
  }
  list.close();
  int status = -1;
  const std::string said =
      run(command_on("'" + file("list.jsonl").string() + "'", file("m.safetensors"), 16,
                     "--fakes self-blend:0.4,reconstruct:0.3 --autoencoder-steps 2 --recoded 0 "
                     "--steps 2") +
              " 2>&1",
          status);
  ASSERT_EQ(status, 0) << said;
  for (const std::string trace : {"seam", "reconstructed", "generated"}) {
    EXPECT_EQ(count_of(said, "\"validation_auc_" + trace + "\""), 1U) << said;
  }
  const auto about = nlohmann::json::parse(
      run(std::string(DFD_TRAINER) + " inspect " + file("m.safetensors").string(), status));
  EXPECT_EQ(about["metadata"]["head.evidence"], "seam,generated,generated");
  EXPECT_GE(highest_of_real_clips(file("m.safetensors")), 0);
}

TEST_F(FromPictures, FakesOfNoKindAreRefused) {
  int status = 0;
  const std::string said = train(file("m.safetensors"), status, "--fakes self-blend,blur:0.1");
  EXPECT_NE(status, 0);
  EXPECT_NE(said.find("reconstruct[:PART]"), std::string::npos) << said;
}

TEST_F(FromPictures, WithoutFakesThereMustBeSomeToMake) {
  for (const auto& entry : fs::directory_iterator(file("Celeb-synthesis"))) fs::remove(entry);
  fs::remove(file("List_of_testing_videos.txt"));
  int status = 0;
  const std::string said = train(file("m.safetensors"), status, "--steps 2");
  EXPECT_NE(status, 0);
  EXPECT_NE(said.find("--fakes self-blend"), std::string::npos) << said;
}

// However it is stopped, in the end there are the same bytes.
TEST_F(FromPictures, StoppedByTimeAndResumedItGivesTheSameModel) {
  int status = -1;
  train(file("whole.safetensors"), status, "--steps 5");
  ASSERT_EQ(status, 0);
  // So little time is over after the first step of each run, which is done all the same.
  std::string said = train(file("parts.safetensors"), status, "--steps 5 --time-limit 0.001");
  int runs = 1;
  while (WIFEXITED(status) && WEXITSTATUS(status) == 4 && runs < 6) {
    EXPECT_NE(said.find("--resume goes on"), std::string::npos) << said;
    said = train(file("parts.safetensors"), status, "--steps 5 --time-limit 0.001 --resume");
    ++runs;
  }
  ASSERT_EQ(status, 0) << said;
  EXPECT_EQ(runs, 5);
  EXPECT_EQ(bytes_of(file("whole.safetensors")), bytes_of(file("parts.safetensors")));
}

TEST_F(FromPictures, KilledAtAnyMomentItGoesOnFromACheckpoint) {
  int status = -1;
  train(file("whole.safetensors"), status, "--steps 6");
  ASSERT_EQ(status, 0);
  const std::string said =
      train(file("parts.safetensors"), status,
            "--steps 6 & trainer=$!; while [ ! -e '" + file("parts.safetensors.resume").string() +
                "' ]; do sleep 0.05; done; kill -9 $trainer; true");
  const std::string rest = train(file("parts.safetensors"), status, "--steps 6 --resume");
  ASSERT_EQ(status, 0) << said << rest;
  EXPECT_NE(rest.find("resuming after step"), std::string::npos) << rest;
  EXPECT_EQ(bytes_of(file("whole.safetensors")), bytes_of(file("parts.safetensors")));
}

TEST_F(FromPictures, TheSecondTrainingCutsNothingAnew) {
  int status = -1;
  EXPECT_NE(train(file("a.safetensors"), status, "--steps 1").find("(13 new) 13/13"),
            std::string::npos);
  const std::string said = train(file("b.safetensors"), status, "--steps 1 --seed 2");
  EXPECT_EQ(status, 0);
  EXPECT_NE(said.find("(0 new)"), std::string::npos) << said;
}

TEST_F(FromPictures, PairsAreDrawnAsTheyAreTrainedOn) {
  int status = -1;
  std::istringstream lines(run(
      std::string(DFD_TRAINER) + " crops --augmented --fakes self-blend --crop square --data '" +
          data_ + "' --backbone new:artifact_cnn --cache '" + file("cache").string() + "' -o '" +
          file("sheets").string() + "'",
      status));
  EXPECT_EQ(status, 0);
  int sheets = 0;
  for (std::string line; std::getline(lines, line); ++sheets) {
    const cv::Mat sheet = read_picture(nlohmann::json::parse(line)["sheet"].get<std::string>());
    EXPECT_GT(sheet.cols, 16 * 128);
    EXPECT_GT(sheet.rows, 8 * 128);
  }
  EXPECT_EQ(sheets, 3);
}

TEST_F(FromPictures, TheLastLayersOfATrainedBackboneAreTrainedFurther) {
  int status = -1;
  train(file("first.safetensors"), status, "--steps 2");
  ASSERT_EQ(status, 0);
  std::string command_line =
      command(file("second.safetensors"), "--steps 2 --unfreeze 2 --head lstm");
  command_line.replace(command_line.find("new:artifact_cnn"), 16,
                       file("first.safetensors").string());
  const std::string said = run(command_line + " 2>&1", status);
  ASSERT_EQ(status, 0) << said;
  const auto inspect = [&](const char* name) {
    return nlohmann::json::parse(
        run(std::string(DFD_TRAINER) + " inspect " + file(name).string(), status));
  };
  const auto about = inspect("second.safetensors")["metadata"];
  EXPECT_EQ(about["head.type"], "lstm");
  EXPECT_NE(about["backbone.source"].get<std::string>().find("its last 2 layers"),
            std::string::npos);
  EXPECT_NE(about["backbone.digest"], inspect("first.safetensors")["metadata"]["backbone.digest"]);
}

// Or what it goes on from was trained on would be taken for news.
TEST_F(FromPictures, AModelKnowsTheClipsOfTheModelThatItGoesOnFrom) {
  const std::string others = small_data(file("others"), 16, /*seed=*/9);
  int status = -1;
  train(file("first.safetensors"), status, "--steps 2");
  ASSERT_EQ(status, 0);
  std::string command_line = command(file("second.safetensors"), "--steps 2 --unfreeze all");
  command_line.replace(command_line.find("new:artifact_cnn"), 16,
                       file("first.safetensors").string());
  command_line.replace(command_line.find(data_), std::string(data_).size(), others);
  const std::string said = run(command_line + " 2>&1", status);
  ASSERT_EQ(status, 0) << said;
  const auto digests_of = [&](const char* name) {
    const auto about = nlohmann::json::parse(
        run(std::string(DFD_TRAINER) + " inspect " + file(name).string(), status))["metadata"];
    std::istringstream words(about["training.train_digests"].get<std::string>());
    return std::set<std::string>{std::istream_iterator<std::string>(words), {}};
  };
  const std::set<std::string> first = digests_of("first.safetensors");
  const std::set<std::string> second = digests_of("second.safetensors");
  EXPECT_FALSE(first.empty());
  EXPECT_GT(second.size(), first.size());
  EXPECT_TRUE(std::includes(second.begin(), second.end(), first.begin(), first.end()));
}

TEST_F(FromPictures, MistakesAreNamed) {
  const auto refused = [&](const std::string& options, const std::string& text) {
    int status = 0;
    const std::string said = train(file("m.safetensors"), status, options);
    EXPECT_NE(status, 0) << options;
    EXPECT_NE(said.find(text), std::string::npos) << options << ": " << said;
    EXPECT_FALSE(fs::exists(file("m.safetensors")));
  };
  refused("--steps 0", "steps");
  refused("--fakes magic", "self-blend");
  refused("--fakes self-blend:2", "self-blend");
  refused("--unfreeze 99", "layers");
  refused("--resume", "nothing to resume");
  refused("--head transformer", "head");
  refused("--window 3", "window");  // Of the two frames that are read of a clip.
  refused("--videos 2", "videos");
  refused("--target-fpr 0.01", "--validation-pairs");
  int status = 0;
  std::string box = command(file("m.safetensors"), "2>&1");
  box.replace(box.find("--crop square"), 13, "--crop box");
  const std::string said = run(box, status);
  EXPECT_NE(said.find("--crop square"), std::string::npos) << said;
}

}  // namespace
}  // namespace dfd::test
