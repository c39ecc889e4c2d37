// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Checkpoints that we write: our own reader, Python's zip reader and PyTorch find what was in them.

#include "import/export.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "detector/error.h"
#include "import/checkpoint.h"
#include "import/checkpoint_writer.h"
#include "import/import.h"
#include "import/pickle_writer.h"
#include "import/unpickler.h"
#include "judging/pictures.h"
#include "support/test_model.h"
#include "trainer/end_to_end/trainer_runs.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;
using Tensors = std::map<std::string, TensorBytes>;

constexpr const char* kNoTorch = "python3-torch is not installed";

bool has_torch() {
  static const bool kThere = std::system("/usr/bin/python3 -c 'import torch' 2>/dev/null") == 0;
  return kThere;
}

// What read_export.py prints, both streams; its exit status.
std::string read_export(const std::string& arguments, int& status) {
  return test::run("/usr/bin/python3 '" DFD_SOURCE "/tests/trainer/import/read_export.py' " +
                       arguments + " 2>&1",
                   status);
}

std::string quoted(const fs::path& path) { return "'" + path.string() + "'"; }

void expect_reads(const std::string& arguments) {
  int status = -1;
  const std::string output = read_export(arguments, status);
  EXPECT_EQ(status, 0) << output;
}

// Tensors of every dtype that networks have, and of every shape that is special.
class SmallTensors {
 public:
  SmallTensors() {
    add("classifier.0.weight", "F32", {3, 5}, 4);
    add("classifier.0.bias", "F32", {3}, 4);
    add("bn.num_batches_tracked", "I64", {}, 8);
    add("scalar", "F32", {}, 4);
    add("none", "F32", {0}, 4);
    add("no.rows", "F16", {0, 7}, 2);
    add("no.columns", "BF16", {7, 0, 2}, 2);
    add("half", "F16", {2, 2, 2}, 2);
    add("brain", "BF16", {300}, 2);  // A side of two bytes in the pickle.
    add("long", "I64", {2, 1}, 8);
    add("a name with spaces and \xc3\xa4\xc3\xb6", "F32", {1, 1, 1, 1}, 4);
  }

  const Tensors& tensors() const { return tensors_; }

  // As read_export.py wants them.
  nlohmann::json expected() const {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& [name, tensor] : tensors_) {
      list.push_back({{"name", name},
                      {"dtype", tensor.dtype},
                      {"shape", tensor.shape},
                      {"bytes", hexadecimal({reinterpret_cast<const char*>(tensor.data),
                                             static_cast<std::size_t>(tensor.size)})}});
    }
    return list;
  }

 private:
  void add(const std::string& name, const std::string& dtype,
           const std::vector<std::int64_t>& shape, std::size_t item) {
    std::size_t size = item;
    for (const std::int64_t side : shape) size *= static_cast<std::size_t>(side);
    std::vector<std::uint8_t>& bytes = bytes_[name];
    // Any bits are to come through, those of numbers that are none too.
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(numbers_()));
    tensors_[name] = {dtype, shape, bytes.data(), bytes.size()};
  }

  std::mt19937 numbers_{7};
  std::map<std::string, std::vector<std::uint8_t>> bytes_;
  Tensors tensors_;
};

std::string bytes_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous();
  return {static_cast<const char*>(flat.data_ptr()), flat.nbytes()};
}

std::string bytes_of(const TensorBytes& tensor) {
  return {reinterpret_cast<const char*>(tensor.data), static_cast<std::size_t>(tensor.size)};
}

// That a checkpoint has these tensors and no others.
void expect_same(const TensorMap& found, const Tensors& expected) {
  const std::map<std::string, at::ScalarType> types{
      {"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16}, {"I64", at::kLong}};
  EXPECT_EQ(found.size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    ASSERT_EQ(found.count(name), 1U) << name;
    EXPECT_EQ(found.at(name).scalar_type(), types.at(tensor.dtype)) << name;
    EXPECT_EQ(found.at(name).sizes(), at::IntArrayRef(tensor.shape)) << name;
    EXPECT_TRUE(bytes_of(found.at(name)) == bytes_of(tensor)) << name;
  }
}

ErrorCode code_of(const std::function<void()>& act, const std::string& words) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    return error.code();
  }
  ADD_FAILURE() << "accepted; expected: " << words;
  return ErrorCode::kInternal;
}

bool has_note(const std::vector<std::string>& notes, const std::string& words) {
  for (const std::string& note : notes) {
    if (note.find(words) != std::string::npos) return true;
  }
  return false;
}

TEST(PickleWriter, NumbersOfEveryLengthComeBack) {
  for (const std::int64_t side :
       {0LL, 255LL, 256LL, 65535LL, 65536LL, 0x7FFFFFFFLL, 0x80000000LL, 0xFFFFFFFFFFLL}) {
    const std::string text = pickle::write_state_dict({{"w", {"F32", {side, 2}, nullptr, 0}}});
    pickle::Bytes bytes("w", reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    pickle::Arena arena;
    const pickle::Value root = pickle::run(bytes, arena);
    EXPECT_EQ(bytes.left(), 0U);
    const auto& items = std::get<pickle::Dict*>(root)->items;
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(std::get<std::string>(items[0].first), "w");
    const auto& tensor = std::get<pickle::TensorRef>(items[0].second);
    EXPECT_EQ(tensor.shape, (std::vector<std::int64_t>{side, 2}));
    EXPECT_EQ(tensor.stride, (std::vector<std::int64_t>{2, 1}));
    EXPECT_EQ(tensor.storage.elements, side * 2);
  }
}

TEST(CheckpointWriter, OurReaderFindsTheSameBytes) {
  const SmallTensors small;
  const fs::path file = test::scratch_folder("written") / "small.pth";
  write_checkpoint(file.string(), small.tensors());
  expect_same(read_checkpoint(file.string()), small.tensors());
}

TEST(CheckpointWriter, EqualTensorsGiveEqualFiles) {
  const SmallTensors small;
  const fs::path folder = test::scratch_folder("equal");
  write_checkpoint((folder / "a.pth").string(), small.tensors());
  write_checkpoint((folder / "b.pth").string(), small.tensors());
  EXPECT_TRUE(test::bytes_of(folder / "a.pth") == test::bytes_of(folder / "b.pth"));
}

TEST(CheckpointWriter, TheArchiveIsStoredAlignedAndFreeOfCode) {
  const SmallTensors small;
  const fs::path file = test::scratch_folder("archive") / "small.pth";
  write_checkpoint(file.string(), small.tensors());
  expect_reads("archive " + quoted(file));
}

TEST(CheckpointWriter, EveryTruncationIsSeenByOurReader) {
  const SmallTensors small;
  const fs::path file = test::scratch_folder("cut") / "small.pth";
  write_checkpoint(file.string(), small.tensors());
  const std::string whole = test::bytes_of(file);
  for (std::size_t size = 0; size < whole.size(); size += 31) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    EXPECT_THROW(read_checkpoint(file.string()), Error) << size;
  }
}

TEST(CheckpointWriter, PythonLoadsTheSameBytesWithWeightsOnly) {
  if (!has_torch()) GTEST_SKIP() << kNoTorch;
  const SmallTensors small;
  const fs::path folder = test::scratch_folder("python");
  write_checkpoint((folder / "small.pth").string(), small.tensors());
  std::ofstream(folder / "expected.json") << small.expected();
  expect_reads("values " + quoted(folder / "small.pth") + " " + quoted(folder / "expected.json"));
}

TEST(CheckpointWriter, SaysWhatItCannotWrite) {
  const fs::path folder = test::scratch_folder("refused");
  const std::string file = (folder / "a.pth").string();
  const std::vector<std::uint8_t> bytes(8);
  const Tensors unsigned_one{{"w", {"U16", {4}, bytes.data(), bytes.size()}}};
  const Tensors good{{"w", {"F32", {2}, bytes.data(), bytes.size()}}};
  EXPECT_EQ(code_of([&] { write_checkpoint(file, unsigned_one); }, "dtype U16"),
            ErrorCode::kUnsupportedModel);
  EXPECT_EQ(code_of([&] { write_checkpoint(file, {}); }, "no tensors"),
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(fs::is_empty(folder));
  EXPECT_EQ(code_of([&] { write_checkpoint("/nowhere/a.pth", good); }, "/nowhere/a.pth"),
            ErrorCode::kNotFound);
  EXPECT_EQ(code_of([&] { write_checkpoint(folder.string(), good); }, "it is a folder"),
            ErrorCode::kIo);
  EXPECT_EQ(code_of([&] { write_checkpoint("/dev/full", good); }, "/dev/full: writing failed"),
            ErrorCode::kIo);
}

TEST(Export, WritesExactlyWhatThereIs) {
  const fs::path folder = test::scratch_folder("export_model");
  const std::string model = test::shared_model(), file = (folder / "model.pth").string();
  const auto notes = export_torch({model, file, false});
  expect_same(read_checkpoint(file), SafetensorsFile(model).tensors());
  expect_reads("archive '" + file + "'");
  EXPECT_TRUE(has_note(notes, "mean 127.5"));
  EXPECT_FALSE(has_note(notes, "added"));
}

TEST(Export, WritesHalfNumbersAsTheyAreAndSaysTheCalibration) {
  const fs::path folder = test::scratch_folder("export_half");
  const std::string model = (folder / "m.safetensors").string(), file = (folder / "m.pth").string();
  ModelConfig config = test::test_config();
  config.bias = -0.25;
  config.temperature = 1.5;
  TensorMap tensors = read_tensors(SafetensorsFile(test::shared_model()));
  for (auto& [name, tensor] : tensors) {
    tensor = tensor.to(name.rfind("lstm.", 0) == 0 ? at::kBFloat16 : at::kHalf);
  }
  write_tensors(model, to_metadata(config), tensors);
  const auto notes = export_torch({model, file, false});
  expect_same(read_checkpoint(file), SafetensorsFile(model).tensors());
  EXPECT_TRUE(has_note(notes, "bias -0.25, temperature 1.5"));
}

TEST(Export, ABackboneGoesOutAndComesBack) {
  const fs::path folder = test::scratch_folder("export_backbone");
  const std::string first = (folder / "first.safetensors").string(),
                    file = (folder / "backbone.pth").string(),
                    second = (folder / "second.safetensors").string();
  TensorMap tensors;
  for (const auto& [name, tensor] : read_tensors(SafetensorsFile(test::shared_model()))) {
    const std::string prefix = kBackbonePrefix;
    if (name.rfind(prefix, 0) == 0) tensors[name.substr(prefix.size())] = tensor;
  }
  const ModelConfig config = test::test_config();
  write_tensors(first, backbone_metadata(config.backbone, config.input), tensors);
  export_torch({first, file, false});
  ImportOptions back;
  back.kind = ImportKind::kFacenet;
  back.inputs = {file};
  back.output = second;
  import_checkpoint(back);
  EXPECT_EQ(digest_of(read_tensors(SafetensorsFile(second))), digest_of(tensors));
  EXPECT_EQ(code_of(
                [&] {
                  export_torch({first, file, true});
                },
                "no head"),
            ErrorCode::kUnsupportedModel);
}

TEST(Export, ForTheSeedsClassAddsWhatImportLeavesOut) {
  const fs::path folder = test::scratch_folder("export_seed");
  const std::string model = test::shared_model(), file = (folder / "seed.pth").string(),
                    again = (folder / "again.safetensors").string();
  const auto notes = export_torch({model, file, true});
  EXPECT_TRUE(has_note(notes, "logits.weight and .bias of 8631 people, 112 num_batches_tracked"));
  const TensorMap written = read_checkpoint(file);
  const at::Tensor counter = written.at("feature_extractor.last_bn.num_batches_tracked");
  EXPECT_EQ(counter.scalar_type(), at::kLong);
  EXPECT_EQ(counter.dim(), 0);
  EXPECT_EQ(counter.item<std::int64_t>(), 0);
  const at::Tensor logits = written.at("feature_extractor.logits.weight");
  EXPECT_EQ(logits.sizes(), (std::vector<std::int64_t>{8631, 512}));
  EXPECT_FALSE(logits.any().item<bool>());
  ImportOptions back;
  back.inputs = {file};
  back.output = again;
  EXPECT_TRUE(has_note(import_checkpoint(back), "114 tensors left out"));
  EXPECT_EQ(digest_of(read_tensors(SafetensorsFile(again))),
            digest_of(read_tensors(SafetensorsFile(model))));
}

TEST(Export, TheSeedsClassGivesTheSameLogit) {
  if (!has_torch()) GTEST_SKIP() << kNoTorch;
  const fs::path folder = test::scratch_folder("export_logit");
  const std::string model = test::shared_model(), file = (folder / "seed.pth").string();
  export_torch({model, file, true});
  const InputRule rule = test::test_config().input;
  std::ofstream(folder / "input.json") << nlohmann::json{{"mean", rule.mean}, {"std", rule.std}};
  std::mt19937 numbers(11);
  std::vector<std::string> pictures;
  for (int i = 0; i < test::kTestWindow; ++i) {
    pictures.push_back((folder / ("frame-" + std::to_string(i) + ".ppm")).string());
    std::ofstream out(pictures.back(), std::ios::binary);
    out << "P6\n" << rule.size << " " << rule.size << "\n255\n";
    // Each darker than the one before it, so that their order counts.
    for (int k = 0; k < rule.size * rule.size * 3; ++k) {
      out.put(static_cast<char>(numbers() % (255U >> i)));
    }
  }
  int status = -1;
  const std::string output = read_export("logit '" + file + "' " + quoted(folder), status);
  ASSERT_EQ(status, 0) << output;
  const double logit = score_pictures(model, pictures)["logit"].get<double>();
  EXPECT_NEAR(nlohmann::json::parse(output).get<double>(), logit, 1e-4);
}

TEST(Export, WithoutForTheClassMissesOnlyItsUnusedLayer) {
  if (!has_torch()) GTEST_SKIP() << kNoTorch;
  const fs::path file = test::scratch_folder("export_strict") / "model.pth";
  export_torch({test::shared_model(), file.string(), false});
  int status = 0;
  const std::string output = read_export("strict " + quoted(file), status);
  EXPECT_NE(status, 0);
  EXPECT_NE(output.find("\"feature_extractor.logits.weight\", \"feature_extractor.logits.bias\"."),
            std::string::npos)
      << output;
  EXPECT_EQ(output.find("num_batches_tracked"), std::string::npos) << output;
}

TEST(Export, OtherNetworksAreNotForTheSeedsClass) {
  const fs::path folder = test::scratch_folder("export_other");
  const std::string model = (folder / "m.safetensors").string(), file = (folder / "m.pth").string();
  ModelConfig config = test::test_config();
  config.head = {"mean", {{"embedding_size", "512"}}};
  TensorMap tensors = read_tensors(SafetensorsFile(test::shared_model()));
  for (auto it = tensors.begin(); it != tensors.end();) {
    it = it->first.rfind(kBackbonePrefix, 0) == 0 ? std::next(it) : tensors.erase(it);
  }
  tensors["classifier.weight"] = at::ones({1, 512});
  tensors["classifier.bias"] = at::zeros({1});
  write_tensors(model, to_metadata(config), tensors);
  EXPECT_EQ(code_of(
                [&] {
                  export_torch({model, file, true});
                },
                "mean"),
            ErrorCode::kUnsupportedModel);
  EXPECT_FALSE(fs::exists(file));
  export_torch({model, file, false});
  expect_same(read_checkpoint(file), SafetensorsFile(model).tensors());

  config.head.settings["evidence"] = "seam,generated";
  tensors["classifier.weight"] = at::rand({2, 512});
  tensors["classifier.bias"] = at::rand({2});
  write_tensors(model, to_metadata(config), tensors);
  const auto notes = export_torch({model, file, false});
  EXPECT_TRUE(std::any_of(notes.begin(), notes.end(), [](const std::string& note) {
    return note.find("rows: seam,generated") != std::string::npos;
  }));
  expect_same(read_checkpoint(file), SafetensorsFile(model).tensors());
}

TEST(Export, RefusesWhatIsNoNetworkOfOurs) {
  const fs::path folder = test::scratch_folder("export_refused");
  const std::string file = (folder / "out.pth").string();
  std::ofstream(file) << "was here";
  const auto refused = [&](const std::string& model, const std::string& words) {
    const ErrorCode code = code_of([&] { export_torch({model, file, false}); }, words);
    EXPECT_EQ(test::bytes_of(file), "was here");
    return code;
  };
  EXPECT_EQ(refused("/nowhere.safetensors", "/nowhere.safetensors"), ErrorCode::kNotFound);
  EXPECT_EQ(refused(test::formula_mtcnn(), "holds a face-detector"), ErrorCode::kUnsupportedModel);
  const fs::path bare = folder / "bare.safetensors";
  write_tensors(bare.string(), {}, {{"w", at::ones({2})}});
  EXPECT_EQ(refused(bare.string(), "no kind"), ErrorCode::kUnsupportedModel);

  const std::string whole = test::bytes_of(test::shared_model());
  const fs::path cut = folder / "cut.safetensors";
  std::ofstream(cut, std::ios::binary) << whole.substr(0, whole.size() - 4);
  EXPECT_EQ(refused(cut.string(), "cut.safetensors"), ErrorCode::kCorruptModel);

  TensorMap tensors = read_tensors(SafetensorsFile(test::shared_model()));
  tensors.erase("lstm.weight_hh_l1");
  const fs::path lacking = folder / "lacking.safetensors";
  write_tensors(lacking.string(), to_metadata(test::test_config()), tensors);
  EXPECT_EQ(refused(lacking.string(), "lstm.weight_hh_l1"), ErrorCode::kUnsupportedModel);
}

TEST(Export, TheCommandSaysWhatTheLogitsNeed) {
  const fs::path file = test::scratch_folder("export_command") / "seed.pth";
  const std::string command = std::string(DFD_TRAINER) + " export torch " + test::shared_model();
  int status = -1;
  const std::string output =
      test::run(command + " --for seed -o '" + file.string() + "' 2>&1 >/dev/null", status);
  EXPECT_EQ(status, 0) << output;
  EXPECT_NE(output.find("sigmoid((logit - bias) / temperature), bias 0, temperature 1"),
            std::string::npos)
      << output;
  EXPECT_FALSE(read_checkpoint(file.string()).empty());
  test::run(command + " --for facenet -o '" + file.string() + "' 2>/dev/null", status);
  EXPECT_NE(status, 0);
}

}  // namespace
}  // namespace dfd
