// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which files a scan looks at, and which of them are whose.

#include "base/shard.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "program.h"
#include "scan/file_list.h"

namespace {

namespace fs = std::filesystem;
using dfd::monitor::Shard;
using dfd::monitor::test::empty_folder;

TEST(Shards, ShareAllPathsOut) {
  constexpr std::uint64_t kShards = 7;
  constexpr int kPaths = 7000;
  std::vector<int> held(kShards);
  for (int i = 0; i < kPaths; ++i) {
    const std::string path = "archive/2026/clip" + std::to_string(i) + ".mp4";
    int holders = 0;
    for (std::uint64_t shard = 0; shard < kShards; ++shard) {
      if (!Shard{shard, kShards}.holds(path)) continue;
      ++held[shard];
      ++holders;
    }
    ASSERT_EQ(holders, 1) << path;
  }
  // Eight standard deviations.
  for (const int count : held) EXPECT_NEAR(count, 1000, 240);
}

TEST(Shards, AreTheSameOnEveryMachine) {
  EXPECT_TRUE((Shard{0, 1}.holds("a")));
  std::string seen;
  // Worked out by another program; another answer would split archives that are half scanned.
  for (const char* path : {"a", "b", "archive/clip.mp4", "\xff"}) {
    for (std::uint64_t shard = 0; shard < 5; ++shard) {
      if (Shard{shard, 5}.holds(path)) seen += std::to_string(shard);
    }
  }
  EXPECT_EQ(seen, "0410");
}

TEST(Shards, AreReadFromText) {
  const Shard shard = dfd::monitor::parse_shard("3/8");
  EXPECT_EQ(shard.index, 3U);
  EXPECT_EQ(shard.count, 8U);
  for (const char* wrong : {"", "3", "8/8", "-1/8", "3/0", "3/8x", "3/8/9", "/", "a/b"}) {
    EXPECT_THROW(dfd::monitor::parse_shard(wrong), std::invalid_argument) << wrong;
  }
}

std::optional<dfd::monitor::SlurmShard> slurm(const std::map<std::string, std::string>& variables) {
  return dfd::monitor::slurm_shard([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Shards, ComeFromSlurm) {
  EXPECT_FALSE(slurm({}));
  const std::map<std::string, std::string> array = {{"SLURM_ARRAY_TASK_ID", "5"},
                                                    {"SLURM_ARRAY_TASK_COUNT", "4"},
                                                    {"SLURM_ARRAY_TASK_MIN", "1"},
                                                    {"SLURM_ARRAY_TASK_MAX", "7"},
                                                    {"SLURM_ARRAY_TASK_STEP", "2"}};
  EXPECT_EQ(slurm(array)->shard.index, 2U);
  EXPECT_EQ(slurm(array)->shard.count, 4U);
  auto both = array;
  both.insert({{"SLURM_STEP_ID", "0"}, {"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "3"}});
  EXPECT_EQ(slurm(both)->shard.index, 7U);
  EXPECT_EQ(slurm(both)->shard.count, 12U);
  // A batch script is one process, whatever it asked for.
  EXPECT_FALSE(slurm({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "3"}}));
  auto gaps = array;
  gaps["SLURM_ARRAY_TASK_COUNT"] = "3";
  EXPECT_THROW(slurm(gaps), std::invalid_argument);
}

TEST(FileList, IsSortedAndLeavesLinksAlone) {
  const fs::path folder = empty_folder("scan_list");
  fs::create_directories(folder / "b");
  std::ofstream(folder / "b" / "1") << "x";
  std::ofstream(folder / "a") << "x";
  fs::create_symlink("a", folder / "link");
  fs::create_directory_symlink(".", folder / "b" / "loop");
  const std::string name = folder.string();
  const auto files = dfd::monitor::list_files({name + "/", name + "/./a", "nowhere", name});
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back(file.path);
  EXPECT_EQ(paths, (std::vector<std::string>{name + "/a", name + "/b/1", "nowhere"}));
  EXPECT_TRUE(files[0].named);
  EXPECT_FALSE(files[1].named);
}

}  // namespace
