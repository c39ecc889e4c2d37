// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Traced networks: graphs as text, what is refused of them, and what backbones of them compute.

#include "traced/graph.h"

#include <string>
#include <utility>
#include <vector>

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "backbone/traced.h"
#include "detector/error.h"
#include "traced/interpreter.h"

namespace dfd::traced {
namespace {

// A small network with weights, sizes, a list and writing in place.
const char* const kText =
    "graph 1\n"
    "weight conv.weight float32 [4, 3, 3, 3]\n"
    "weight table int64 [2]\n"
    "v1 = conv2d(v0, $conv.weight, none, [2, 2], [1, 1])\n"
    "v2 = relu_(v1)\n"
    "v3 = size(v2, 0)\n"
    "v4 = mean(v2, [2, 3])\n"
    "v5 = index(v4, [none, $table])\n"
    "v6 = cat([v4, v5], 1)\n"
    "v7 = mul(v6, 0.5)\n"
    "v8 = reshape(v7, [v3, -1])\n"
    "return v8\n";

std::string graph_of(const std::string& lines) { return "graph 1\n" + lines; }

void expect_refused(const std::string& text, const std::string& words,
                    ErrorCode code = ErrorCode::kCorruptModel) {
  try {
    Graph::parse(text, "file");
    FAIL() << "accepted; expected: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

std::unique_ptr<Backbone> made(const std::string& text, TensorMap tensors, Metadata settings) {
  settings["graph"] = text;
  TensorSource source("file", std::move(tensors));
  auto network = traced_kind().make(source, "", settings);
  source.require_empty();
  return network;
}

TensorMap weights() {
  return {{"conv.weight", at::randn({4, 3, 3, 3})}, {"table", at::tensor({2, 0}, at::kLong)}};
}

TEST(TracedGraph, TextAndBackIsTheSameText) {
  EXPECT_EQ(Graph::parse(kText, "file").text(), kText);
  const std::string literals = graph_of(
      "v1 = add(v0, 1e-07)\nv2 = add(v1, inf)\nv3 = add(v2, -3)\nv4 = add(v3, 2.0)\n"
      "v5 = gelu(v4, \"tanh\")\nv6 = softmax(v5, 1, none)\nreturn v6\n");
  EXPECT_EQ(Graph::parse(literals, "file").text(), literals);
}

TEST(TracedGraph, OtherOperatorsAreRefusedByNameAndLine) {
  const auto code = ErrorCode::kUnsupportedModel;
  expect_refused(graph_of("v1 = relu(v0)\nv2 = from_file(v1)\nreturn v2\n"),
                 "file: graph, line 3: operator \"from_file\"", code);
  expect_refused(graph_of("v1 = relu(v0, v0)\nreturn v1\n"),
                 "operator \"relu\" does not take a tensor, a tensor", code);
  expect_refused(graph_of("v1 = relu()\nreturn v1\n"), "does not take no arguments", code);
  expect_refused(graph_of("v1 = conv2d(v0, none)\nreturn v1\n"), "conv2d", code);
}

TEST(TracedGraph, NothingIsUsedBeforeItIsDefined) {
  expect_refused(graph_of("v1 = relu(v1)\nreturn v1\n"), "v1 is used before");
  expect_refused(graph_of("v1 = relu(v7)\nreturn v1\n"), "v7 is used before");
  expect_refused(graph_of("v2 = relu(v0)\nreturn v2\n"), "\"v1\" expected");
  expect_refused(graph_of("v1 = relu(v0)\nreturn v2\n"), "v2 is used before");
  expect_refused(graph_of("v1 = linear(v0, $w)\nreturn v1\n"), "weight \"w\" is not declared");
  expect_refused(graph_of("v1 = size(v0, 0)\nreturn v1\n"), "returns an int",
                 ErrorCode::kUnsupportedModel);
}

TEST(TracedGraph, NothingWritesIntoTheInputOrAWeight) {
  const auto code = ErrorCode::kUnsupportedModel;
  expect_refused(graph_of("v1 = relu_(v0)\nreturn v1\n"), "writes into the input", code);
  expect_refused(graph_of("v1 = view(v0, [-1])\nv2 = unsqueeze(v1, 0)\nv3 = add_(v2, 1)\n"
                          "return v3\n"),
                 "\"add_\" writes into", code);
  expect_refused(graph_of("weight w float32 [2]\nv1 = fill_($w, 0)\nreturn v0\n"), "\"fill_\"",
                 code);
  expect_refused(graph_of("v1 = chunk(v0, 2, 1)\nv2 = item(v1, 0)\nv3 = zero_(v2)\nreturn v3\n"),
                 "\"zero_\"", code);
  Graph::parse(graph_of("v1 = clone(v0)\nv2 = slice(v1, 1, 0, 1)\nv3 = fill_(v2, 1)\nreturn v1\n"),
               "file");
}

TEST(TracedGraph, BrokenTextIsAnErrorWithItsLine) {
  expect_refused("", "ends without a return");
  expect_refused("graph 2\n", "\"graph 1\" expected", ErrorCode::kUnsupportedModel);
  for (const char* line :
       {"v1 = relu(v0", "v1 = relu v0)", "v1=relu(v0)", "v1 = relu(v0) ", "v1 = relu(\"v0)",
        "v1 = cat([[v0]], 1)", "v1 = add(v0, 1.2.3)", "v1 = add(v0, 99999999999999999999)",
        "v1 = add(v0, v)", "v1 = add(v0, v-1)", "weight w float32 [-1]", "weight w float32 [x]",
        "weight w text [1]", "weight ../w float32 [1]", "", "\xff\xfe", "v1 = cat([v0, 1], 0)"}) {
    EXPECT_THROW(Graph::parse(graph_of(std::string(line) + "\nreturn v0\n"), "file"), Error)
        << line;
  }
}

TEST(TracedGraph, ARunThatNeedsTooMuchAtOnceEnds) {
  const c10::InferenceMode guard;
  const at::Tensor input = at::ones({256, 4});  // 4 KiB.
  const auto run = [&](const std::string& lines, std::size_t most) {
    return Interpreter(Graph::parse(graph_of(lines), "file"), {}, most).run(input);
  };
  // One after the other, each let go: two at a time.
  run("v1 = exp(v0)\nv2 = exp(v1)\nv3 = exp(v2)\nv4 = exp(v3)\nreturn v4\n", 8192);
  // Views take nothing.
  run("v1 = t(v0)\nv2 = chunk(v1, 4)\nv3 = item(v2, 0)\nv4 = exp(v3)\nreturn v4\n", 8192);
  // All at once.
  const std::string all = "v1 = exp(v0)\nv2 = exp(v0)\nv3 = exp(v0)\nv4 = cat([v1, v2, v3])\n";
  try {
    run(all + "return v4\n", 8192);
    FAIL() << "allowed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptModel);
    EXPECT_NE(std::string(error.what()).find("v2 = exp(...): with it 12288 bytes"),
              std::string::npos)
        << error.what();
  }
}

TEST(TracedGraph, LimitsHold) {
  std::string many = "v1 = cat([v0";
  for (std::size_t i = 0; i < kMostItems; ++i) many += ", v0";
  expect_refused(graph_of(many + "], 0)\nreturn v1\n"), "a list of more than");
  expect_refused(std::string(kMostTextBytes + 1, ' '), "at most");
  std::string nodes;
  for (std::size_t i = 1; i <= kMostNodes + 1; ++i) {
    nodes += "v" + std::to_string(i) + " = relu(v0)\n";
  }
  expect_refused(graph_of(nodes + "return v1\n"), "more than 32768 nodes");
}

// Whatever is cut off or changed, what is left is refused or is a graph again.
TEST(TracedGraph, CutsAndFlippedBitsNeverDoMore) {
  const std::string text = kText;
  const auto parses = [](const std::string& changed) {
    try {
      Graph::parse(changed, "file").text();
    } catch (const Error& error) {
      return std::string(error.what()).rfind("file: graph", 0) == 0;
    }
    return true;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_TRUE(parses(text.substr(0, i))) << i;
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = text;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_TRUE(parses(changed)) << i << " " << bit;
    }
  }
}

TEST(Traced, ComputesWhatLibTorchComputes) {
  const TensorMap tensors = weights();
  const auto network = made(kText, tensors, {{"embedding_size", "6"}});
  const at::Tensor crops = at::randn({3, 3, 16, 16});
  const at::Tensor before = crops.clone();
  const at::Tensor pooled =
      at::conv2d(crops, tensors.at("conv.weight"), {}, {2, 2}, {1, 1}).relu().mean({2, 3});
  const at::Tensor expected =
      at::cat({pooled, pooled.index_select(1, tensors.at("table"))}, 1) * 0.5;
  const c10::InferenceMode guard;
  EXPECT_TRUE(network->embed(crops).allclose(expected));
  EXPECT_TRUE(crops.equal(before));
  network->fold(at::kCPU, at::kBFloat16);
  EXPECT_TRUE(network->embed(crops.to(at::kBFloat16)).allclose(expected, 0.1, 0.1));
  EXPECT_EQ(network->embed(crops).scalar_type(), at::kFloat);
}

TEST(Traced, ClipsComeInTheLayoutThatItWants) {
  const std::string text = graph_of(
      "v1 = size(v0, 2)\nv2 = mean(v0, [2, 3, 4])\n"
      "v3 = mul(v2, v1)\nreturn v3\n");
  const at::Tensor clips = at::randn({2, 5, 3, 4, 4});
  const auto channels =
      made(text, {}, {{"embedding_size", "3"}, {"frames", "5"}, {"layout", "channels-first"}});
  EXPECT_EQ(channels->clip_length(), 5);
  EXPECT_TRUE(channels->embed(clips).allclose(clips.mean({1, 3, 4}) * 5, 1e-4, 1e-5));
  const auto frames =
      made(text, {}, {{"embedding_size", "5"}, {"frames", "5"}, {"layout", "frames-first"}});
  EXPECT_TRUE(frames->embed(clips).allclose(clips.mean({2, 3, 4}) * 3, 1e-4, 1e-5));
}

TEST(Traced, SettingsAndTensorsMustFitTheGraph) {
  EXPECT_THROW(made(kText, {}, {{"embedding_size", "6"}}), Error);
  EXPECT_THROW(made(kText, weights(), {}), Error);
  EXPECT_THROW(made(kText, weights(), {{"embedding_size", "0"}}), Error);
  EXPECT_THROW(made(kText, weights(), {{"embedding_size", "6"}, {"frames", "8"}}), Error);
  TensorMap others = weights();
  others["table"] = at::zeros({2});
  EXPECT_THROW(made(kText, others, {{"embedding_size", "6"}}), Error);
  others = weights();
  others["more"] = at::zeros({2});
  EXPECT_THROW(made(kText, others, {{"embedding_size", "6"}}), Error);
}

// A graph that is well-formed but cannot run ends in an error that names the node.
TEST(Traced, WhatCannotRunNamesItsNode) {
  const at::Tensor crops = at::zeros({1, 3, 8, 8});
  const auto expect_fails = [&](const std::string& lines, const std::string& words) {
    const auto network = made(graph_of(lines), {}, {{"embedding_size", "3"}});
    try {
      network->embed(crops);
      ADD_FAILURE() << "accepted; expected: " << words;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
    }
  };
  expect_fails("v1 = view(v0, [7, 7])\nreturn v1\n", "v1 = view(...)");
  expect_fails("v1 = new_zeros(v0, [4000000000, 4000000000])\nreturn v1\n", "at most");
  expect_fails("v1 = expand(v0, [99999999999, 3, 8, 8])\nreturn v1\n", "at most");
  expect_fails("v1 = pad(v0, [0, 9223372036854775807])\nreturn v1\n", "margin");
  expect_fails("v1 = repeat(v0, [1000000, 1000000, 1, 1])\nreturn v1\n", "at most");
  expect_fails("v1 = arange(9000000000000000000)\nreturn v1\n", "numbers from");
  expect_fails("v1 = size(v0, 1)\nv2 = mul(v1, 9223372036854775807)\nv3 = mul(v0, v2)\nreturn v3\n",
               "leaves 64 bits");
  expect_fails("v1 = size(v0)\nv2 = item(v1, 4)\nv3 = mul(v0, v2)\nreturn v3\n", "item 4");
  expect_fails(
      "v1 = size(v0, 0)\nv2 = sub(v1, 1)\nv3 = floordiv(v1, v2)\nv4 = mul(v0, v3)\n"
      "return v4\n",
      "divided by 0");
  expect_fails("v1 = batch_norm(v0, none, none, v0, v0, true, 0.1, 1e-05)\nreturn v1\n",
               "model.eval()");
  expect_fails("v1 = mean(v0)\nreturn v1\n", "3 numbers each expected");
  expect_fails(
      "v1 = add(v0, v0)\nv2 = upsample_bilinear2d(v1, [99999999, 99999999], false)\n"
      "return v2\n",
      "at most");
}

}  // namespace
}  // namespace dfd::traced
