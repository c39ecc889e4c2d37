// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From a folder to a manifest, and from there to a model and its numbers.

#include <sys/wait.h>

#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "data/manifest.h"
#include "data/picture.h"
#include "support/test_model.h"
#include "trainer/end_to_end/trainer_runs.h"

namespace dfd::test {
namespace {

class DataCommands : public WithSmallData {
 protected:
  // Both streams of a command; its status.
  std::string told(const std::string& command, int expected_status = 0) const {
    int status = -1;
    const std::string output = run(std::string(DFD_TRAINER) + " " + command + " 2>&1", status);
    EXPECT_EQ(WEXITSTATUS(status), expected_status) << command << ": " << output;
    return output;
  }

  // The JSON object at the end.
  static nlohmann::json object_in(const std::string& output) {
    return nlohmann::json::parse(output.substr(output.find('{')));
  }

  std::string manifest(const std::string& name) const { return data_ + "/../" + name; }

  std::string train_with(const std::string& data, const std::string& model, int expected_status = 0,
                         const std::string& more = "") const {
    return told("train --backbone random:1 --frames 4 --epochs 1 --data " + data + " -o " + model +
                    " " + more,
                expected_status);
  }

  nlohmann::json metadata_of(const std::string& model) const {
    return nlohmann::json::parse(told("inspect " + model))["metadata"];
  }
};

TEST_F(DataCommands, ScanSplitTrainAndEvaluate) {
  const std::string all = manifest("all.jsonl");
  const auto scanned = object_in(told("data scan " + data_ + " --by none -o " + all));
  EXPECT_EQ(scanned["clips"], 16);
  EXPECT_EQ(scanned["unassigned"], 16);
  const std::string model = manifest("model.safetensors");
  EXPECT_NE(train_with(all, model, 1).find("data split"), std::string::npos);

  const std::string split = manifest("split.jsonl");
  const auto made =
      object_in(told("data split " + all + " --by random --seed 2 --validation 0.3 -o " + split));
  EXPECT_EQ(made["train"].get<int>() + made["validation"].get<int>() + made["test"].get<int>(), 16);
  EXPECT_NE(made["split"].get<std::string>().find("leaky"), std::string::npos);
  EXPECT_NE(train_with(split, model, 1, "--split random").find("has its own split"),
            std::string::npos);
  train_with(split, model);
  const auto metadata = metadata_of(model);
  EXPECT_EQ(metadata["training.manifest_digest"], made["manifest"]);
  EXPECT_EQ(metadata["training.split"], made["split"]);
  EXPECT_FALSE(fs::exists(model + ".manifest.jsonl"));

  // Clips of other people: what is test of them is judged, and without a split all.
  const std::string other = manifest("other.jsonl");
  told("data scan " + small_data(fs::path(data_) / "..", 8, 4) + " --by none -o " + other);
  const auto judged_clips = [&](const std::string& side) {
    const auto judged = summary_in(told("evaluate --model " + model + " --data " + other));
    EXPECT_EQ(judged["side"], side);
    EXPECT_EQ(judged["known"], 0);
    return judged["clips"]["all"].get<int>();
  };
  EXPECT_EQ(judged_clips("unlisted clips"), 8);
  Manifest parts = read_manifest(other);
  for (const std::size_t i : {0, 1, 6, 7}) parts.clips[i].split = SplitSide::kTrain;
  write_manifest(other, parts);
  EXPECT_NE(told("evaluate --model " + model + " --data " + other, 1).find("none is \"test\""),
            std::string::npos);
  for (const std::size_t i : {2, 3, 4, 5}) parts.clips[i].split = SplitSide::kTest;
  ASSERT_GT(count_fakes({parts.clips.begin() + 2, parts.clips.begin() + 6}), 0U);
  write_manifest(other, parts);
  EXPECT_EQ(judged_clips("test list"), 4);
}

TEST_F(DataCommands, AFolderTrainedOnLeavesItsManifest) {
  const std::string model = data_ + "/model.safetensors";
  int status = -1;
  train_small(model, 1, status);
  ASSERT_EQ(status, 0);
  const Manifest manifest = read_manifest(model + ".manifest.jsonl");
  EXPECT_EQ(manifest.clips.size(), 16U);
  EXPECT_EQ(manifest.clips[0].file, "Celeb-real/id0_0000.mp4");
  EXPECT_NE(manifest.split.find("leaky"), std::string::npos);
  EXPECT_EQ(metadata_of(model)["training.manifest_digest"], manifest_digest(manifest));
  // It is what the training was of, and can be trained on again.
  const std::string again = data_ + "/again.safetensors";
  train_with(model + ".manifest.jsonl", again);
  EXPECT_EQ(metadata_of(again)["training.train_digests"],
            metadata_of(model)["training.train_digests"]);
}

TEST_F(DataCommands, AFolderThatCannotBeWrittenToIsEnough) {
  fs::permissions(data_, fs::perms::owner_read | fs::perms::owner_exec);
  const fs::path elsewhere = scratch_folder("elsewhere");
  int status = -1;
  const std::string output = train_small(elsewhere / "model.safetensors", 1, status, "",
                                         "XDG_CACHE_HOME=" + (elsewhere / "cache").string());
  fs::permissions(data_, fs::perms::owner_all);
  EXPECT_EQ(status, 0) << output;
  EXPECT_FALSE(fs::exists(fs::path(data_) / ".features"));
  EXPECT_FALSE(fs::is_empty(elsewhere / "cache/deepfakedetect"));
  train_small(elsewhere / "model.safetensors", 1, status, "", "HOME= XDG_CACHE_HOME=");
  EXPECT_EQ(WEXITSTATUS(status), 1);
}

// Faces as pictures: one of each clip.
TEST_F(DataCommands, PicturesAreClips) {
  const fs::path set = fs::path(data_) / "../pictures";
  int status = -1;
  run("cd " + data_ + " && for c in Celeb-*/*.mp4; do mkdir -p " + set.string() +
          "; gst-launch-1.0 -q filesrc location=$c ! decodebin ! videoconvert ! pngenc "
          "snapshot=true "
          "! filesink location=" +
          set.string() + "/$(basename $c .mp4).png; done",
      status);
  ASSERT_EQ(status, 0);
  std::ofstream list(set / "list.jsonl");
  int number = 0;
  for (const auto& entry : fs::directory_iterator(set)) {
    if (entry.path().extension() != ".png") continue;
    const std::string name = entry.path().filename().string();
    list << nlohmann::json{{"path", name},
                           {"label", count_of(name, "id") == 2 ? "fake" : "real"},
                           {"split", number++ % 4 < 2 ? "train" : "validation"}}
         << '\n';
  }
  list.close();
  const std::string model = (set / "model.safetensors").string();
  const std::string data = (set / "list.jsonl").string();
  EXPECT_NE(train_with(data, model, 1).find("--sample-rate"), std::string::npos);
  train_with(data, model, 0, "--sample-rate 2.5 --tracks all");
  EXPECT_EQ(metadata_of(model)["window.sample_rate"], "5/2");
  EXPECT_NE(train_with(data, model, 1, "--sample-rate 0").find("sample-rate 0"), std::string::npos);
}

TEST_F(DataCommands, CheckFindsFaults) {
  const std::string list = manifest("checked.jsonl");
  told("data scan " + data_ + " --by random --validation 0.5 --test 0 -o " + list);
  // Whoever is in them.
  const auto leaky = object_in(told("data check " + list, 4));
  EXPECT_FALSE(leaky["two_sides"]["identities"].empty());
  const std::string none = manifest("none.jsonl");
  told("data scan " + data_ + " --by none -o " + none);
  const auto clean = object_in(told("data check " + none + " --faces"));
  EXPECT_EQ(clean["faults"].size(), 0U);
  EXPECT_EQ(clean["clips"], 16);
  EXPECT_EQ(clean["sides"]["all"]["real"].get<int>() + clean["sides"]["all"]["fake"].get<int>(),
            16);
  std::ofstream(data_ + "/Celeb-real/id99_0000.mp4") << "no video";
  const auto broken = object_in(told("data check " + data_, 4));
  EXPECT_EQ(broken["unreadable"].size(), 1U);
}

TEST_F(DataCommands, MistakesAreSaid) {
  const std::string list = manifest("list.jsonl");
  std::ofstream(list) << "{\"path\":\"a.mp4\",\"label\":\"Real\"}\n";
  for (const std::string& command :
       {"data split " + list + " -o " + manifest("x"), "data check " + list,
        "crops --data " + list + " -o " + manifest("sheets"),
        "train --backbone random:1 -o " + manifest("m") + " --data " + list}) {
    EXPECT_NE(told(command, 1).find("list.jsonl:1: \"label\""), std::string::npos) << command;
  }
  EXPECT_NE(told("data scan /nowhere -o " + manifest("x"), 1).find("no such folder"),
            std::string::npos);
  EXPECT_NE(told("data scan " + data_ + " --layout guess -o x", 1).find("guess"),
            std::string::npos);
  EXPECT_NE(told("data", 1).find("subcommand"), std::string::npos);
}

}  // namespace
}  // namespace dfd::test
