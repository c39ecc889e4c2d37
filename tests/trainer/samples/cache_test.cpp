// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/cache.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class CacheTest : public testing::Test {
 protected:
  fs::path write(const std::string& name, std::chrono::hours age = 0h) {
    std::ofstream(folder_ / name) << "12345";
    fs::last_write_time(folder_ / name, fs::file_time_type::clock::now() - age);
    return folder_ / name;
  }

  fs::path folder_ = test::scratch_folder("cache");
  const std::string crops_ = "crops-0123456789abcdef.safetensors";
  const std::string embedding_ = std::string(64, 'a') + ".safetensors";
};

TEST_F(CacheTest, PruningTakesWhatNobodyUsesAndNothingElse) {
  const fs::path old = write(crops_, 48h);
  const fs::path used = write(embedding_, 48h);
  mark_used(used.string());
  const fs::path damaged = write(std::string(64, 'b') + ".safetensors.damaged");
  // A model of the user's, put where it should not be.
  const fs::path other = write("crops.safetensors", 48h);
  EXPECT_EQ(size_of_cache(folder_.string()).files, 3U);
  EXPECT_EQ(size_of_cache(folder_.string()).bytes, 15U);
  const CacheSize taken = prune_cache(folder_.string(), 24h);
  EXPECT_EQ(taken.files, 2U);
  EXPECT_EQ(taken.bytes, 10U);
  EXPECT_FALSE(fs::exists(old));
  EXPECT_FALSE(fs::exists(damaged));
  EXPECT_TRUE(fs::exists(used));
  EXPECT_TRUE(fs::exists(other));
}

TEST_F(CacheTest, WhatAKilledRunLeftIsPrunedWhenNobodyWritesItAnyMore) {
  const fs::path left = write(crops_ + ".part-0123abcd", 2h);
  const fs::path written = write(embedding_ + ".part-0123abcd");
  const fs::path other = write("notes.part-0123abcd", 2h);
  EXPECT_EQ(size_of_cache(folder_.string()).files, 1U);
  EXPECT_EQ(prune_cache(folder_.string(), 1h).files, 1U);
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(written));
  EXPECT_TRUE(fs::exists(other));
}

TEST_F(CacheTest, WhatIsNotThereHoldsNothing) {
  EXPECT_EQ(size_of_cache((folder_ / "none").string()).files, 0U);
  EXPECT_EQ(prune_cache((folder_ / "none").string(), 0h).files, 0U);
  mark_used((folder_ / "none").string());
}

TEST_F(CacheTest, AFolderThatCannotBeMadeIsAnError) {
  EXPECT_THROW(make_cache_folder((write("file") / "below").string()), Error);
}

}  // namespace
}  // namespace dfd
