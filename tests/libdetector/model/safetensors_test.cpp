// SPDX-License-Identifier: LGPL-2.1-or-later

#include "model/safetensors.h"

#include <cstring>
#include <fstream>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "support/test_model.h"

namespace dfd {
namespace {

class SafetensorsTest : public testing::Test {
 protected:
  SafetensorsTest() : folder_(test::scratch_folder("safetensors")) {}

  std::string path(const std::string& name = "file") const { return (folder_ / name).string(); }

  std::string write(const std::string& bytes) const {
    std::ofstream(path(), std::ios::binary) << bytes;
    return path();
  }

  // A file with this header and that many bytes of data.
  std::string write_header(const std::string& header, std::size_t data) const {
    std::string bytes(8, '\0');
    const std::uint64_t length = header.size();
    std::memcpy(bytes.data(), &length, 8);
    return write(bytes + header + std::string(data, 'x'));
  }

  static void expect_damage(const std::function<void()>& read, const std::string& text) {
    try {
      read();
      FAIL() << "accepted; expected: " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptModel) << error.what();
      EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
    }
  }

  void expect_header_damage(const std::string& header, std::size_t data,
                            const std::string& text) const {
    expect_damage([&] { SafetensorsFile file(write_header(header, data)); }, text);
  }

  std::string small_file() const {
    static const float kValues[] = {1, 2, 3, 4, 5, 6};
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(kValues);
    write_safetensors(path("small"), {{"kind", "test"}, {"note", "caf\u00e9"}},
                      {{"a", {"F32", {2, 2}, bytes, 16}}, {"b", {"F32", {2}, bytes + 16, 8}}});
    return path("small");
  }

  std::filesystem::path folder_;
};

TEST_F(SafetensorsTest, ReadsWhatItWrote) {
  const SafetensorsFile file(small_file());
  EXPECT_EQ(file.metadata().at("note"), "caf\u00e9");
  ASSERT_EQ(file.tensors().size(), 2U);
  const TensorBytes& a = file.tensors().at("a");
  EXPECT_EQ(a.dtype, "F32");
  EXPECT_EQ(a.shape, (std::vector<std::int64_t>{2, 2}));
  float last = 0;
  std::memcpy(&last, a.data + 12, 4);
  EXPECT_EQ(last, 4.F);
}

TEST_F(SafetensorsTest, EveryTruncationIsAnError) {
  std::ifstream in(small_file(), std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(SafetensorsFile file(write(whole.substr(0, size))), Error) << size << " bytes";
  }
  EXPECT_NO_THROW(SafetensorsFile file(write(whole)));
}

TEST_F(SafetensorsTest, EveryFlippedHeaderByteIsAnErrorOrAnIntactFile) {
  std::ifstream in(small_file(), std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  int refused = 0;
  for (std::size_t i = 0; i < whole.size() - 24; ++i) {
    for (const int flip : {0x01, 0x10, 0x80}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      try {
        const SafetensorsFile file(write(damaged));
        for (const auto& [name, tensor] : file.tensors()) EXPECT_LE(tensor.size, 24U);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kCorruptModel);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 100);
}

TEST_F(SafetensorsTest, EachKindOfDamageIsNamed) {
  const std::string f32 = R"("dtype":"F32","shape":[2],"data_offsets":)";
  expect_header_damage(R"({"a":{)" + f32 + R"([0,8]},"b":{)" + f32 + "[4,12]}}", 12, "overlaps");
  expect_header_damage(R"({"a":{)" + f32 + "[0,8]}}", 4, "the file has 4");
  expect_header_damage(R"({"a":{)" + f32 + "[8,16]}}", 16, "hole");
  expect_header_damage(R"({"a":{)" + f32 + "[0,8]}}", 9, "behind the last tensor");
  expect_header_damage(R"({"a":{)" + f32 + "[0,4]}}", 4, "its shape needs 8");
  expect_header_damage(R"({"a":{)" + f32 + "[8,0]}}", 8, "before it begins");
  expect_header_damage(R"({"a":{)" + f32 + R"([0,8]},"a":{)" + f32 + "[0,8]}}", 8, "duplicate");
  expect_header_damage(R"({"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}})", 8,
                       "unknown dtype");
  expect_header_damage(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8,
                       "whole number");
  expect_header_damage(
      R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})", 8,
      "overflows");
  expect_header_damage(R"({"a":{"dtype":"F32","shape":[2]}})", 8, "expected");
  expect_header_damage(R"({"__metadata__":{"kind":3}})", 0, "not a text");
  expect_header_damage(R"({"a":)", 0, "not JSON");
  expect_header_damage("[1,2]", 0, "does not start");
  expect_header_damage(R"({"a":{"b":{"c":{"d":{"e":1}}}}})", 0, "nested");
  expect_header_damage("{\"" + std::string(300, 'n') + "\":{}}", 0, "name of 300");
}

TEST_F(SafetensorsTest, HugeHeaderIsRefusedBeforeItIsRead) {
  expect_damage([&] { SafetensorsFile file(write(std::string(16, '\xff'))); }, "header of");
}

TEST_F(SafetensorsTest, MissingFileAndFolderAreTold) {
  const auto code_of = [](const std::string& file) {
    try {
      SafetensorsFile read(file);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code_of(path("nothing")), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(folder_.string()), ErrorCode::kIo);
}

TEST_F(SafetensorsTest, FailedWriteLeavesTheOldFile) {
  const std::string file = small_file();
  const std::string before = sha256_of_file(file);
  EXPECT_THROW(replace_file(file, [](std::ostream& out) { out.setstate(std::ios::failbit); }),
               Error);
  EXPECT_EQ(sha256_of_file(file), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

}  // namespace
}  // namespace dfd
