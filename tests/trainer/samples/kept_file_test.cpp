// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/kept_file.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

using test::bytes_of;

class KeptFileTest : public testing::Test {
 protected:
  KeptFileTest() {
    write_kept(path_, "numbers", {{{"epoch", "7"}}, {{"values", at::arange(6, at::kFloat)}}});
  }

  void expect_damaged(const std::string& bytes, const std::string& kind = "numbers") {
    std::ofstream(path_, std::ios::binary) << bytes;
    try {
      read_kept(path_, kind);
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptModel) << error.what();
      EXPECT_NE(std::string(error.what()).find(path_), std::string::npos) << error.what();
    }
  }

  const std::string path_ = (test::scratch_folder("kept") / "file").string();
};

TEST_F(KeptFileTest, ComesBackAsItWas) {
  const KeptFile kept = read_kept(path_, "numbers");
  EXPECT_EQ(kept.metadata.at("epoch"), "7");
  EXPECT_TRUE(at::equal(kept.tensors.at("values"), at::arange(6, at::kFloat)));
}

TEST_F(KeptFileTest, EveryDamageIsNoticed) {
  const std::string whole = bytes_of(path_);
  expect_damaged("");
  expect_damaged(whole.substr(0, whole.size() / 2));
  expect_damaged(whole + "x");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (i >= 8 && whole[i] == ' ')
      continue;  // Padding of the header may be anything that is blank.
    for (const int bit : {0, 3, 6}) {
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      expect_damaged(changed);
    }
  }
  for (const char* type : {"I32", "U32"}) {
    std::string changed = whole;
    changed.replace(changed.find("\"F32\""), 5, std::string("\"") + type + "\"");
    expect_damaged(changed);
  }
}

TEST_F(KeptFileTest, AnotherKindIsNotTakenForIt) { expect_damaged(bytes_of(path_), "letters"); }

TEST_F(KeptFileTest, ADamagedOneCanBeSetAside) {
  const std::string aside = set_aside(path_);
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_TRUE(fs::exists(aside));
}

}  // namespace
}  // namespace dfd
