// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Checkpoints: real ones, Python's in both layouts, and hostile ones.

#include "import/checkpoint.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "detector/error.h"
#include "import/import.h"
#include "import/inspect.h"
#include "judging/pictures.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

// Runs write_checkpoints.py; false where Debian's python3-torch is missing. Throws when it fails.
bool write_checkpoints(const char* what, const fs::path& folder) {
  const std::string script = std::string(DFD_SOURCE) + "/tests/trainer/import/write_checkpoints.py";
  const std::string command =
      "/usr/bin/python3 '" + script + "' " + what + " '" + folder.string() + "'";
  if (std::system("/usr/bin/python3 -c 'import torch' 2>/dev/null") != 0) return false;
  if (std::system(command.c_str()) != 0) throw std::runtime_error("write_checkpoints.py failed");
  return true;
}

// A literal with its zero bytes.
template <std::size_t N>
std::string raw(const char (&literal)[N]) {
  return {literal, N - 1};
}

// A pickled text.
std::string text(const std::string& value) {
  return "X" + std::string(1, static_cast<char>(value.size())) + raw("\0\0\0") + value;
}

std::string write(const std::string& name, const std::string& bytes) {
  const fs::path path = fs::path(DFD_TEST_SCRATCH) / ("pickle-" + name);
  std::ofstream(path, std::ios::binary) << bytes;
  return path.string();
}

const std::string kMagic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
const std::string kProtocol("\x80\x02M\xe9\x03.", 6);
const std::string kSystem("\x80\x02}.", 4);

// The older layout around one pickled object.
std::string legacy(const std::string& object, const std::string& rest = "") {
  return kMagic + kProtocol + kSystem + object + rest;
}

void expect_refused(const std::string& path, ErrorCode code, const std::string& words) {
  try {
    read_checkpoint(path);
    FAIL() << "accepted; expected: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

TEST(Checkpoint, ReadsBothLayoutsOfTorchSave) {
  const fs::path folder = test::scratch_folder("checkpoints");
  if (!write_checkpoints("tensors", folder)) GTEST_SKIP() << "python3-torch is not installed";
  const at::Tensor base = at::arange(24, at::kFloat).view({4, 6});
  for (const char* name : {"zip.pth", "legacy.pth", "wrapped.pth"}) {
    const TensorMap tensors = read_checkpoint((folder / name).string());
    ASSERT_EQ(tensors.size(), 7U) << name;
    EXPECT_TRUE(tensors.at("whole").equal(base));
    EXPECT_TRUE(tensors.at("transposed").equal(base.t()));
    EXPECT_TRUE(tensors.at("part").equal(base.slice(0, 1, 3).slice(1, 2, 5)));
    EXPECT_EQ(tensors.at("counter").item<std::int64_t>(), 7);
    EXPECT_EQ(tensors.at("small").scalar_type(), at::kHalf);
    EXPECT_EQ(tensors.at("linear.weight").sizes(), (std::vector<std::int64_t>{2, 3}));
  }
  expect_refused((folder / "module.pth").string(), ErrorCode::kUnsupportedModel, "refused");
}

TEST(Checkpoint, EveryTruncationIsAnError) {
  const fs::path folder = test::scratch_folder("truncated");
  if (!write_checkpoints("tensors", folder)) GTEST_SKIP() << "python3-torch is not installed";
  for (const char* name : {"zip.pth", "legacy.pth"}) {
    std::ifstream in(folder / name, std::ios::binary);
    const std::string whole((std::istreambuf_iterator<char>(in)), {});
    for (std::size_t size = 0; size < whole.size(); size += 7) {
      EXPECT_THROW(read_checkpoint(write("cut", whole.substr(0, size))), Error) << name << size;
    }
  }
}

TEST(Checkpoint, ForbiddenGlobalsAreRefusedByName) {
  const fs::path trap = fs::path(DFD_TEST_SCRATCH) / "executed";
  fs::remove(trap);
  const std::string call =
      raw("\x80\x02") + "cos\nsystem\n(" + text("touch " + trap.string()) + "tR.";
  expect_refused(write("system", legacy(call)), ErrorCode::kUnsupportedModel, "os.system");
  expect_refused(write("eval", legacy("\x80\x02"
                                      "cbuiltins\neval\n.")),
                 ErrorCode::kUnsupportedModel, "builtins.eval");
  expect_refused(write("wide", legacy("\x80\x02"
                                      "ccollections\nChainMap\n.")),
                 ErrorCode::kUnsupportedModel, "collections.ChainMap");
  EXPECT_FALSE(fs::exists(trap));
}

TEST(Checkpoint, HostileStreamsEndInAnError) {
  const auto refused = [](const char* name, const std::string& object, const char* words,
                          ErrorCode code = ErrorCode::kCorruptModel) {
    expect_refused(write(name, legacy(object)), code, words);
  };
  refused("opcode", std::string("\x80\x02i.", 4), "opcode 105", ErrorCode::kUnsupportedModel);
  refused("empty-stack", std::string("\x80\x02R.", 4), "empty stack");
  refused("no-mark", std::string("\x80\x02t.", 4), "mark");
  refused("memo", std::string("\x80\x02h\x05.", 5), "memo 5");
  refused("long-text", std::string("\x80\x02X\xff\xff\xff\xff", 7) + "short", "truncated");
  refused("name",
          std::string("\x80\x02"
                      "cos",
                      5),
          "truncated in a name");
  refused("none", std::string("\x80\x02N.\x80\x02].", 8), "holds no dict",
          ErrorCode::kUnsupportedModel);
  // A dict that holds itself, and a nest a million deep: neither recursed into.
  refused("loop", raw("\x80\x02}q\x00") + text("a") + raw("h\x00s.\x80\x02]."), "holds no tensors",
          ErrorCode::kUnsupportedModel);
  refused("nest", raw("\x80\x02)") + std::string(1000000, '\x85') + raw(".\x80\x02]."),
          "holds no dict", ErrorCode::kUnsupportedModel);
}

TEST(Checkpoint, StoragesLargerThanTheFileAreRefused) {
  // A tensor of 1 073 741 823 floats, and a storage that claims as many.
  const std::string elements = raw("J\xff\xff\xff\x3f");
  const std::string storage =
      "((" + text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") + elements + "tQ";
  const std::string object = raw("\x80\x02}") + text("w") + "ctorch._utils\n_rebuild_tensor_v2\n" +
                             storage + raw("K\x00") + elements + raw("\x85K\x01\x85\x89}tRs.");
  const std::string keys = raw("\x80\x02]") + text("0") + "a.";
  const std::string length = raw("\xff\xff\xff\x3f\x00\x00\x00\x00");
  expect_refused(write("huge", legacy(object, keys + length + "data")), ErrorCode::kCorruptModel,
                 "truncated: storage");
}

TEST(Checkpoint, ATextIsNotCopiedWithoutEnd) {
  const std::string long_text = "X" + raw("\x00\x00\x01\x00") + std::string(65536, 'a');
  std::string copies;
  for (int i = 0; i < 2000; ++i) copies += raw("h\x00");  // 128 MiB.
  expect_refused(
      write("copies", legacy(raw("\x80\x02(") + long_text + raw("q\x00") + copies + "t.")),
      ErrorCode::kCorruptModel, "bytes of text");
}

// A storage of 4 kB that is a tensor a thousand times over.
TEST(Checkpoint, ManyTensorsOfOneStorageAreRefusedBeyondFourTimesTheFile) {
  const std::string elements = raw("M\x00\x04");
  const std::string storage = "((" + text("storage") + "ctorch\nFloatStorage\n" + text("0") +
                              text("cpu") + elements + "tQq" + raw("\x00");
  const auto tensor = [&](const std::string& of) {
    return "ctorch._utils\n_rebuild_tensor_v2\n" + of + raw("K\x00") + elements +
           raw("\x85K\x01\x85\x89}tR");
  };
  std::string object = raw("\x80\x02}") + text("w") + tensor(storage) + "s";
  const auto file = [&](int names) {
    std::string all = object;
    for (int i = 0; i < names; ++i) {
      all += text("w" + std::to_string(i)) + tensor("(" + raw("h\x00")) + "s";
    }
    const std::string keys = raw("\x80\x02]") + text("0") + "a.";
    const std::string length = raw("\x00\x04\x00\x00\x00\x00\x00\x00");
    return write("tied" + std::to_string(names),
                 legacy(all + ".", keys + length + std::string(4096, '\0')));
  };
  EXPECT_EQ(read_checkpoint(file(2)).size(), 3U);
  expect_refused(file(1000), ErrorCode::kCorruptModel, "4 times as large as the file");
}

TEST(Checkpoint, OtherFilesAreToldApart) {
  expect_refused(write("text", "no checkpoint"), ErrorCode::kUnsupportedModel, "not a checkpoint");
  expect_refused(write("zip", "PK\x03\x04 and nothing more"), ErrorCode::kCorruptModel, "archive");
  expect_refused("/nowhere.pth", ErrorCode::kNotFound, "/nowhere.pth");
}

TEST(Import, MtcnnsRealFilesBecomeOneFile) {
  const fs::path data = test::shared_data("mtcnn");
  if (data.empty()) GTEST_SKIP() << "no shared test data; set DEEPFAKE_TEST_DATA";
  ImportOptions options;
  options.kind = ImportKind::kMtcnn;
  options.output = (test::scratch_folder("mtcnn") / "mtcnn.safetensors").string();
  options.inputs = {(data / "pnet.pt").string(), (data / "rnet.pt").string(),
                    (data / "onet.pt").string()};
  import_checkpoint(options);
  const auto file = inspect_file(options.output);
  EXPECT_EQ(file["kind"], "face-detector");
  std::int64_t parameters = 0;
  for (const auto& tensor : file["tensors"]) {
    std::int64_t size = 1;
    for (const std::int64_t side : tensor["shape"]) size *= side;
    parameters += size;
  }
  EXPECT_EQ(parameters, 6632 + 100178 + 389040);
  std::swap(options.inputs[0], options.inputs[1]);
  EXPECT_THROW(import_checkpoint(options), Error);
}

TEST(Import, ASeedCheckpointGivesPythonsProbability) {
  const fs::path folder = test::scratch_folder("seed");
  if (!write_checkpoints("seed", folder)) GTEST_SKIP() << "python3-torch is not installed";
  ImportOptions options;
  options.inputs = {(folder / "seed.pth").string()};
  options.output = (folder / "seed.safetensors").string();
  import_checkpoint(options);
  std::vector<std::string> frames;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".ppm") frames.push_back(entry.path().string());
  }
  std::sort(frames.begin(), frames.end());
  ASSERT_EQ(frames.size(), 20U);
  const auto scored = score_pictures(options.output, frames);
  std::ifstream in(folder / "expected.json");
  const double expected = nlohmann::json::parse(in)["probability"].get<double>();
  EXPECT_NEAR(scored["probability"].get<double>(), expected, 1e-4);
  EXPECT_EQ(scored["samples"], 20);
}

}  // namespace
}  // namespace dfd
