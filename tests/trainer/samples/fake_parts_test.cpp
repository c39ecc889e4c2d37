// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/fake_parts.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "trainer/data/data_folders.h"

namespace dfd {
namespace {

using test::error_of;

std::string refused(const std::string& text) {
  const std::string told = error_of([&] { parse_fakes(text); });
  EXPECT_TELLS(told, "fakes \"" + text + "\"");
  return told;
}

void expect_parts(const std::string& text, double self_blend, double reconstruct) {
  const FakeParts parts = parse_fakes(text);
  EXPECT_DOUBLE_EQ(parts.self_blend, self_blend) << text;
  EXPECT_DOUBLE_EQ(parts.reconstruct, reconstruct) << text;
}

TEST(FakeParts, ThoseWithoutANumberGetTheRest) {
  expect_parts("", 0, 0);
  expect_parts("self-blend", 1, 0);
  expect_parts("reconstruct", 0, 1);
  expect_parts("self-blend:0.5", 0.5, 0);
  expect_parts("self-blend:0", 0, 0);
  expect_parts("self-blend,reconstruct:0.25", 0.75, 0.25);
  expect_parts("reconstruct:0.25,self-blend", 0.75, 0.25);
  expect_parts("self-blend:0.6,reconstruct:0.25", 0.6, 0.25);
  expect_parts("reconstruct,self-blend:0", 0, 1);
  EXPECT_DOUBLE_EQ(left_of(parse_fakes("self-blend:0.6,reconstruct:0.25")), 0.15);
  EXPECT_EQ(left_of(parse_fakes("self-blend:0.9,reconstruct:0.1")), 0);
  EXPECT_EQ(left_of(parse_fakes("")), 1);
}

TEST(FakeParts, OtherTextsAreRefusedAndToldWhatToGive) {
  for (const char* text : {"blend", "self-blend,", ",self-blend", ",", " self-blend", "self-blend ",
                           "self_blend", "Self-blend", "self-blend;reconstruct", ":0.5",
                           "self-blendx:0.5", "self-blend, reconstruct:0.2"}) {
    EXPECT_TELLS(refused(text), "a comma list of self-blend[:PART] and reconstruct[:PART]");
  }
  for (const char* text : {"self-blend:", "self-blend:x", "self-blend:0.5x", "self-blend:-0.1",
                           "self-blend:1.1", "self-blend:nan", "self-blend:inf", "self-blend:1e9",
                           "reconstruct: 0.5", "reconstruct:0.5:0.5"}) {
    EXPECT_TELLS(refused(text), "is no part from 0 to 1");
  }
  EXPECT_TELLS(refused("self-blend,self-blend:0.5"), "self-blend stands there twice");
  EXPECT_TELLS(refused("self-blend,reconstruct"), "give the other one its part");
  EXPECT_TELLS(refused("self-blend:0.8,reconstruct:0.3"), "1.1 together");
  EXPECT_TELLS(refused("self-blend,reconstruct:1"), "nothing is left for self-blend");
}

TEST(FakeParts, AreSaidInWords) {
  EXPECT_EQ(in_words(parse_fakes("self-blend:0.6,reconstruct:0.255")),
            "of 100 fakes 60 are self-blended, 25.5 reconstructed, 14.5 the data set's");
}

TEST(Traces, AreThoseOfThePairsWhereTheyAreOfEachKindOfEvidence) {
  std::vector<Clip> clips(2);
  clips[1].fake = true;
  using Traces = std::vector<Trace>;
  const Traces reconstructed{Trace::kSeam, Trace::kReconstructed};
  EXPECT_EQ(traces_of({1, 0}, clips), Traces{});
  EXPECT_EQ(traces_of({0, 1}, clips), reconstructed) << "inner faces have a seam";
  EXPECT_EQ(traces_of({0.5, 0.5}, clips), reconstructed);
  EXPECT_EQ(traces_of({0.5, 0}, clips), Traces{}) << "nobody knows what the data set shows";
  clips[1].evidence = {"generated"};
  EXPECT_EQ(traces_of({0, 0}, clips), Traces{});
  EXPECT_EQ(traces_of({0.5, 0}, clips), (Traces{Trace::kSeam, Trace::kGenerated}));
  EXPECT_EQ(traces_of({0.4, 0.4}, clips), Traces(kTraces.begin(), kTraces.end()));
  EXPECT_EQ(traces_of({1, 0}, clips), Traces{}) << "the data set's are never drawn";
  EXPECT_EQ(traces_of({0.5, 0.5}, clips), reconstructed);
  clips[1].evidence = {"generated", "seam"};
  EXPECT_EQ(traces_of({0, 0}, clips), (Traces{Trace::kSeam, Trace::kGenerated}));
}

}  // namespace
}  // namespace dfd
