// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/file.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
  replace_file(file.string(), [&](std::ostream& out) { out << text; });
}

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

// Runs body where no file may get longer than this, as on a disk that is full.
template <typename Body>
void with_little_room(rlim_t bytes, const Body& body) {
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit little{bytes, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &little);
  body();
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, ignored);
}

TEST(ReplaceFile, WritesAndLeavesNothingElse) {
  const fs::path folder = test::scratch_folder("replace");
  write(folder / "a", "one");
  EXPECT_EQ(test::bytes_of(folder / "a"), "one");
  write(folder / "a", "two");
  EXPECT_EQ(test::bytes_of(folder / "a"), "two");
  EXPECT_EQ(files_in(folder), 1U);
}

TEST(ReplaceFile, AFullDiskIsAnErrorAndLeavesWhatWasThere) {
  const fs::path folder = test::scratch_folder("full_disk");
  write(folder / "a", "old");
  with_little_room(1000, [&] {
    try {
      write(folder / "a", std::string(100000, 'x'));
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kIo);
      EXPECT_NE(std::string(error.what()).find((folder / "a").string()), std::string::npos)
          << error.what();
    }
  });
  EXPECT_EQ(test::bytes_of(folder / "a"), "old");
  EXPECT_EQ(files_in(folder), 1U);
}

TEST(ReplaceFile, AnErrorOfTheWriterLeavesWhatWasThere) {
  const fs::path folder = test::scratch_folder("writer_throws");
  write(folder / "a", "old");
  EXPECT_THROW(replace_file((folder / "a").string(),
                            [](std::ostream& out) {
                              out << "new";
                              throw Error(ErrorCode::kInternal, "made to fail");
                            }),
               Error);
  EXPECT_EQ(test::bytes_of(folder / "a"), "old");
  EXPECT_EQ(files_in(folder), 1U);
}

TEST(ReplaceFile, TwoMayWriteTheSameFile) {
  const fs::path folder = test::scratch_folder("two_writers");
  FileReplacement first((folder / "a").string());
  FileReplacement second((folder / "a").string());
  EXPECT_NE(first.temporary(), second.temporary());
  std::ofstream(first.temporary()) << "first";
  std::ofstream(second.temporary()) << "second";
  second.commit();
  first.commit();
  EXPECT_EQ(test::bytes_of(folder / "a"), "first");
  EXPECT_EQ(files_in(folder), 1U);
}

TEST(ReplaceFile, HeedsPermissionsAndLinks) {
  const fs::path folder = test::scratch_folder("links");
  write(folder / "file", "old");
  fs::permissions(folder / "file", fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("file", folder / "link");
  write(folder / "link", "new");
  fs::create_symlink("nothing yet", folder / "early link");
  write(folder / "early link", "first");
  EXPECT_EQ(test::bytes_of(folder / "nothing yet"), "first");
  fs::create_symlink("ring", folder / "ring");
  EXPECT_THROW(write(folder / "ring", "never"), Error);
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(test::bytes_of(folder / "file"), "new");
  EXPECT_EQ(fs::status(folder / "file").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST(ReplaceFile, WhatIsNoFileIsWrittenToAsItIs) {
  write("/dev/null", "gone");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_THROW(write("/dev/full", "no room"), Error);
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  const fs::path folder = test::scratch_folder("digests");
  for (const std::size_t size : {0U, 1U, 3000000U}) {
    const std::string text(size, 'x');
    write(folder / "a", text);
    EXPECT_EQ(sha256_of_file((folder / "a").string()), sha256(text.data(), text.size())) << size;
  }
  EXPECT_THROW(sha256_of_file(folder.string()), Error);
}

TEST(ReplaceFile, SaysWhatIsWrongWithThePath) {
  const auto code_of = [](const std::string& path) {
    try {
      write(path, "text");
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code_of("/nowhere/a"), ErrorCode::kNotFound);
  EXPECT_EQ(code_of("/proc/a"), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(test::scratch_folder("a_folder").string()), ErrorCode::kIo);
}

}  // namespace
}  // namespace dfd
