// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Archives of torch.jit.save that nobody's PyTorch wrote: made by hand, hostile, cut and flipped.

#include <zip.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "import/straight_line.h"
#include "import/torchscript_code.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

using Members = std::map<std::string, std::string>;

// A literal with its zero bytes.
template <std::size_t N>
std::string raw(const char (&literal)[N]) {
  return {literal, N - 1};
}

// A pickled text.
std::string text(const std::string& value) {
  return "X" + std::string(1, static_cast<char>(value.size())) + raw("\0\0\0") + value;
}

// A pickled float tensor [3, 2] over the first storage.
std::string tensor(const std::string& elements = raw("K\x06"),
                   const std::string& shape = raw("K\x03K\x02\x86"),
                   const std::string& stride = raw("K\x02K\x01\x86")) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" +
         text("0") + text("cpu") + elements + "tQK" + raw("\x00") + shape + stride + "\x89}tR";
}

// A pickled network of class Net with these attributes, pickled keys and values.
std::string network(const std::string& attributes) {
  return raw("\x80\x02") + "c__torch__\nNet\n)\x81}(" + attributes + "ub.";
}

// Two numbers for an input: its channels' means times a weight.
const char* const kCode =
    "class Net(Module):\n"
    "  __parameters__ = [\"weight\", ]\n"
    "  weight : Tensor\n"
    "  training : bool\n"
    "  def forward(self: __torch__.Net,\n"
    "    x: Tensor) -> Tensor:\n"
    "    weight = self.weight\n"
    "    means = (self).means(x, )\n"
    "    n = ops.prim.NumToTensor(torch.size(x, 0))\n"
    "    _0 = [int(n), -1]\n"
    "    y = torch.matmul(torch.view(means, _0), weight)\n"
    "    a, b, = torch.chunk(y, 2, 1)\n"
    "    if self.training:\n"
    "      z = torch.dropout(a, 0.5, True)\n"
    "    else:\n"
    "      z = a\n"
    "    return torch.cat([z, torch.mul(b, 9.9999999999999995e-07)], 1)\n"
    "  def means(self: __torch__.Net,\n"
    "    x: Tensor) -> Tensor:\n"
    "    return torch.mean(x, [2, 3])\n";

Members members() {
  return {{"data.pkl", network(text("weight") + tensor() + text("training") + "\x89")},
          {"constants.pkl", raw("\x80\x02).")},
          {"code/__torch__.py", kCode},
          {"data/0", std::string(24, '\x3e')},
          {"version", "3\n"}};
}

std::string write(const Members& all, const std::string& folder = "net/") {
  const std::string path = (fs::path(DFD_TEST_SCRATCH) / "torchscript.pt").string();
  fs::remove(path);
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  for (const auto& [name, bytes] : all) {
    zip_source_t* source = zip_source_buffer(zip, bytes.data(), bytes.size(), 0);
    zip_file_add(zip, (folder + name).c_str(), source, ZIP_FL_ENC_UTF_8);
    if (name.rfind("code", 0) == 0) continue;
    zip_set_file_compression(zip, zip_name_locate(zip, (folder + name).c_str(), 0), ZIP_CM_STORE,
                             0);
  }
  EXPECT_EQ(zip_close(zip), 0);
  return path;
}

void expect_refused(const Members& all, const std::string& words) {
  try {
    read_traced(write(all));
    ADD_FAILURE() << "accepted; expected: " << words;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos)
        << words << ": " << error.what();
  }
}

Members with(const std::string& name, const std::string& bytes) {
  Members all = members();
  all[name] = bytes;
  return all;
}

// Around a body of forward().
Members with_body(const std::string& lines) {
  return with(
      "code/__torch__.py",
      "class Net(Module):\n  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n" +
          lines);
}

// Reads it or ends in an error of ours.
void survive(const std::string& path) {
  try {
    read_traced(path);
  } catch (const Error&) {
  }
}

TEST(TorchScript, AnArchiveBecomesAStraightLine) {
  const TracedNetwork network = read_traced(write(members()));
  EXPECT_EQ(network.graph.text(),
            "graph 1\n"
            "weight weight float32 [3, 2]\n"
            "v1 = mean(v0, [2, 3])\n"
            "v2 = size(v0, 0)\n"
            "v3 = int(v2)\n"
            "v4 = view(v1, [v3, -1])\n"
            "v5 = matmul(v4, $weight)\n"
            "v6 = chunk(v5, 2, 1)\n"
            "v7 = item(v6, 0)\n"
            "v8 = item(v6, 1)\n"
            "v9 = mul(v8, 1e-06)\n"
            "v10 = cat([v7, v9], 1)\n"
            "return v10\n");
  EXPECT_EQ(network.weights.at("weight").sizes(), (std::vector<std::int64_t>{3, 2}));
}

TEST(TorchScript, OtherCodeIsRefusedByNameAndLine) {
  const std::string file = "code/__torch__.py:4: ";
  expect_refused(with_body("    return torch.from_file(\"/etc/passwd\")\n"),
                 file + "operator \"from_file\"");
  expect_refused(with_body("    return ops.image.read_file(\"/etc/passwd\")\n"),
                 file + "operator \"ops.image.read_file\"");
  expect_refused(with_body("    return torch.load(x)\n"), file + "operator \"load\"");
  expect_refused(with_body("    return open(\"/etc/passwd\")\n"), file + "\"open()\"");
  expect_refused(with_body("    return __import__(\"os\")\n"), file + "\"__import__()\"");
  expect_refused(with_body("    return __torch__.os.system(\"ls\")\n"), "__torch__.os.system");
  expect_refused(with_body("    import os\n"), "import is not one");
  expect_refused(with_body("    self.weight = x\n    return x\n"), "assignment to an attribute");
  expect_refused(with_body("    while True:\n      pass\n    return x\n"), file + "a loop (while)");
  expect_refused(with_body("    return y\n"), file + "\"y\" is used before it is defined");
  expect_refused(with_body("    return self\n"), "something other than one tensor");
  expect_refused(with_body("    return CONSTANTS.c0\n"), "CONSTANTS.c0 of 0");
  expect_refused(with_body("    return CONSTANTS.c99999999999999999999\n"), "no constant");
  expect_refused(with_body("    return x.grad\n"), "attribute \"grad\"");
  expect_refused(with_body("    return torch.add_(x, 1)\n"), "writes into the input");
  expect_refused(with_body("    if torch.gt(torch.size(x, 0), 2):\n      y = x\n"
                           "    else:\n      y = torch.neg(x)\n    return y\n"),
                 file + "a branch (prim::If)");
}

TEST(TorchScript, RecursionAndGrowthEnd) {
  expect_refused(with_body("    return (self).forward(x, )\n"), "does it call itself?");
  std::string doubling;
  for (int i = 0; i < 40; ++i) {
    doubling += "  def f" + std::to_string(i) + "(self, x):\n    a = (self).f" +
                std::to_string(i + 1) + "(x, )\n    return (self).f" + std::to_string(i + 1) +
                "(x, )\n";
  }
  expect_refused(
      with_body("    return (self).f0(x, )\n" + doubling + "  def f40(self, x):\n    return x\n"),
      "more than 100000 statements");
  std::string deep = "x";
  for (int i = 0; i < 100000; ++i) deep = "(" + deep;
  expect_refused(with_body("    return " + deep + "\n"), "nested too deeply");
  std::string chain = "x";
  for (int i = 0; i < 100000; ++i) chain += ".x";
  expect_refused(with_body("    return " + chain + "\n"), "nested too deeply");
  std::string blocks;
  for (int i = 0; i < 1000; ++i) blocks += std::string(4 + i, ' ') + "if True:\n";
  expect_refused(with_body(blocks), "nested too deeply");
  std::string list = "    a = []\n";
  for (int i = 0; i < 2000; ++i) list += "    b = torch.append(a, x)\n";
  expect_refused(with_body(list + "    return torch.cat(a, 0)\n"), "a list of more than");
}

// A list of a thousand lists, the same one, of a thousand numbers.
TEST(TorchScript, ListsOfListsDoNotGrowWithoutEnd) {
  std::string items = "](";
  for (int i = 0; i < 1000; ++i) items += raw("K\x01");
  items += "eq" + raw("\x00");
  std::string lists = "](";
  for (int i = 0; i < 1000; ++i) lists += raw("h\x00");
  Members all = with_body("    a = self.many\n    b = self.many\n    return x\n");
  // Made and let go, then made a thousand times over.
  all["data.pkl"] = network(text("one") + items + text("many") + lists + "e");
  expect_refused(all, "items in all");
}

TEST(TorchScript, CodeThatLoadsItselfIsRefused) {
  expect_refused(
      with("code/__torch__.py", std::string(kCode) + "  def __setstate__(self,\n    s: Tensor):\n"
                                                     "    return s\n"),
      "has code of its own to be loaded by, __setstate__");
  expect_refused(with("data.pkl", raw("\x80\x02") + "c__torch__\nNet\n)\x81)b."), "__setstate__");
}

TEST(TorchScript, PicklesOfOtherThingsAreRefused) {
  expect_refused(with("data.pkl", raw("\x80\x02") + "cos\nsystem\n(" + text("ls") + "tR."),
                 "\"os.system\"");
  expect_refused(with("data.pkl", raw("\x80\x02") + "c__torch__\nNet\n(" + text("a") + "tR."),
                 "calls \"__torch__.Net\"");
  expect_refused(with("data.pkl", raw("\x80\x02}.")), "holds no network");
  expect_refused(with("data.pkl", raw("\x80\x02") + "ccollections\nOrderedDict\n)\x81}b."),
                 "an object made of \"collections.OrderedDict\"");
  expect_refused(with("data.pkl", raw("\x80\x02") + "c__torch__.../../x\nNet\n)\x81}b."),
                 "no name of a class");
  expect_refused(with("data.pkl", raw("\x80\x02") + "c__torch__.other\nNet\n)\x81}b."),
                 "has no code");
  expect_refused(with("constants.pkl", raw("\x80\x02}.")), "holds no tuple");
}

TEST(TorchScript, TensorsThatLieAreRefused) {
  const auto attributes = [](const std::string& tensor) {
    return with("data.pkl", network(text("weight") + tensor + text("training") + "\x89"));
  };
  expect_refused(attributes(tensor(raw("J\xff\xff\xff\x7f"))), "has 24 bytes");
  expect_refused(attributes(tensor(raw("K\x06"), raw("K\x03K\x09\x86"))), "reaches to element");
  // Sizes whose product leaves 64 bits.
  const std::string vast = raw("\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x40");
  expect_refused(attributes(tensor(raw("K\x06"), vast + vast + "\x86", raw("K\x00K\x00\x86"))),
                 "overflows");
  expect_refused(attributes(tensor(raw("K\x06"), raw("J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86"),
                                   raw("K\x00K\x00\x86"))),
                 "larger than its storage");
  Members missing = members();
  missing.erase("data/0");
  expect_refused(missing, "is missing");
}

// A thousand times the archive's size, compressed well.
TEST(TorchScript, BombsAreRefused) {
  Members all = with("code/__torch__.py", std::string(std::size_t{64} << 20, ' '));
  expect_refused(all, "claims 67108864 bytes");
}

TEST(TorchScript, MembersMayNotBeMissing) {
  for (const char* name : {"data.pkl", "constants.pkl", "code/__torch__.py"}) {
    Members all = members();
    all.erase(name);
    EXPECT_THROW(read_traced(write(all)), Error) << name;
  }
  expect_refused(with("byteorder", "big"), "byte order");
}

TEST(TorchScript, EveryCutOfTheFileIsAnError) {
  const std::string path = write(members());
  std::ifstream in(path, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  for (std::size_t size = 0; size < whole.size(); size += 5) {
    std::ofstream(path, std::ios::binary) << whole.substr(0, size);
    EXPECT_THROW(read_traced(path), Error) << size;
  }
}

// The zip's own checks see most flipped bits in its members, so these are flipped before.
TEST(TorchScript, CutsAndFlippedBitsOfMembersAreSurvived) {
  for (const auto& [name, bytes] : members()) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (i % 7 == 0) survive(write(with(name, bytes.substr(0, i))));
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
      survive(write(with(name, flipped)));
    }
  }
}

TEST(TorchScript, FlippedBitsOfTheFileAreSurvived) {
  const std::string path = write(members());
  std::ifstream in(path, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  for (std::size_t i = 0; i < whole.size(); i += 3) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << (i % 8)));
    std::ofstream(path, std::ios::binary) << flipped;
    survive(path);
  }
}

}  // namespace
}  // namespace dfd
