// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Clips, caches and names that are not as they should be.

#include <sys/wait.h>

#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/test_model.h"
#include "trainer/end_to_end/trainer_runs.h"

namespace dfd::test {
namespace {

// Flips a bit in the middle of a file.
void damage(const fs::path& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  const auto middle = static_cast<std::streamoff>(fs::file_size(file) / 2);
  stream.seekg(middle);
  const char byte = static_cast<char>(stream.get() ^ 1);
  stream.seekp(middle);
  stream.put(byte);
}

TEST_F(WithSmallData, DamagedCacheFilesAreSaidOnceAndMadeAnew) {
  const fs::path model = fs::path(data_) / "model.safetensors";
  const fs::path cache = scratch_folder("damaged_cache");
  const std::string cached = "--cache " + cache.string();
  int status = -1;
  train_small(model, 1, status, cached);
  ASSERT_EQ(status, 0);
  // Two clips' embeddings: crops beside them are read of those clips alone that have none.
  std::vector<fs::path> embedded;
  for (const auto& entry : fs::directory_iterator(cache)) {
    if (entry.path().filename().string().rfind("crops-", 0) != 0) embedded.push_back(entry.path());
  }
  ASSERT_GE(embedded.size(), 2U);
  damage(embedded[0]);
  fs::resize_file(embedded[1], fs::file_size(embedded[1]) / 2);
  const std::string told = train_small(model, 1, status, cached);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(count_of(told, "set aside"), 2U) << told;
  const std::string silent = train_small(model, 1, status, cached);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(count_of(silent, "set aside"), 0U) << silent;
}

TEST_F(WithSmallData, BrokenClipsAreNamedAndLeftOut) {
  const fs::path model = fs::path(data_) / "model.safetensors";
  const auto break_clip = [&](int number) {
    const std::string clip = data_ + "/Celeb-real/id" + std::to_string(90 + number) + "_0000.mp4";
    std::ofstream(clip) << "no video";
    return clip;
  };
  const std::string broken = break_clip(0);
  int status = -1;
  const std::string one = train_small(model, 1, status);
  EXPECT_EQ(status, 0) << one;
  EXPECT_NE(one.find(broken), std::string::npos) << one;
  EXPECT_NE(one.find("1 clips could not be read"), std::string::npos) << one;
  for (int i = 1; i < 4; ++i) break_clip(i);
  fs::remove(model);
  const std::string many = train_small(model, 1, status);
  EXPECT_EQ(WEXITSTATUS(status), 3) << many;  // More than a tenth.
  EXPECT_TRUE(fs::exists(model));
  run(std::string(DFD_TRAINER) + " crops --frames 4 --data " + data_ + " -o " + data_ + "/sheets",
      status);
  EXPECT_EQ(WEXITSTATUS(status), 3);
}

TEST_F(WithSmallData, NamesMayBeAnyBytes) {
  const std::string renamed = data_ + "-caf\xE9";  // Latin 1.
  fs::rename(data_, renamed);
  data_ = renamed;
  const std::string name = "Celeb-real/n\xFF.mp4";
  fs::copy_file(data_ + "/Celeb-real/id0_0000.mp4", data_ + "/" + name);
  const fs::path model = fs::path(data_) / "model.safetensors";
  int status = -1;
  const std::string output = train_small(model, 1, status);
  ASSERT_EQ(status, 0) << output;
  const auto found = nlohmann::json::parse(
      run(std::string(DFD_TRAINER) + " inspect '" + model.string() + "'", status));
  EXPECT_EQ(found["metadata"]["training.data"], "set-caf\xEF\xBF\xBD");
  EXPECT_EQ(found["metadata"]["training.data_hex"], "7365742d636166e9");
  const std::string crops = run(std::string(DFD_TRAINER) + " crops --frames 4 --data '" + data_ +
                                    "' -o '" + data_ + "/sheets'",
                                status);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(count_of(crops, R"("file_hex":"43656c65622d7265616c2f6eff2e6d7034")"), 1U) << crops;
  EXPECT_EQ(count_of(crops, "file_hex"), 1U) << crops;
}

}  // namespace
}  // namespace dfd::test
