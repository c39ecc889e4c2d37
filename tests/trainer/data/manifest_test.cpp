// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/manifest.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "trainer/data/data_folders.h"

namespace dfd {
namespace {

using test::error_of;
namespace fs = std::filesystem;
using test::put_file;

constexpr const char* kReal = R"({"path":"a.mp4","label":"real"})";
constexpr const char* kFake =
    R"({"path":"b.mp4","label":"fake","identity":["x","y"],"source":"a.mp4","generator":"swap",)"
    R"("group":"g","split":"validation","compression":"c23"})";

class Manifests : public testing::Test {
 protected:
  Manifest read(const std::string& text) {
    put_file(file_, text);
    return read_manifest(file_.string());
  }

  std::string refused(const std::string& text) {
    const std::string told = error_of([&] { read(text); });
    EXPECT_TELLS(told, file_.string() + ":");
    return told;
  }

  fs::path folder_ = test::scratch_folder("manifests");
  fs::path file_ = folder_ / "list.jsonl";
};

TEST_F(Manifests, HaveAClipALine) {
  const Manifest manifest = read(std::string(kReal) + "\r\n\n" + kFake);
  ASSERT_EQ(manifest.clips.size(), 2U);
  const Clip& real = manifest.clips[0];
  EXPECT_EQ(real.file, "a.mp4");
  EXPECT_EQ(real.path, (folder_ / "a.mp4").string());
  EXPECT_FALSE(real.fake);
  EXPECT_FALSE(real.split);
  EXPECT_TRUE(real.identity.empty() && real.source.empty() && real.generator.empty());
  const Clip& fake = manifest.clips[1];
  EXPECT_TRUE(fake.fake);
  EXPECT_EQ(fake.identity, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(fake.source, "a.mp4");
  EXPECT_EQ(fake.generator, "swap");
  EXPECT_EQ(fake.group, "g");
  EXPECT_EQ(fake.split, SplitSide::kValidation);
  EXPECT_EQ(fake.compression, "c23");
  EXPECT_TRUE(manifest.remarks.empty());
  EXPECT_EQ(manifest.split, "");
}

TEST_F(Manifests, ComeBackAsTheyWereWritten) {
  Manifest written = read(std::string(kReal) + "\n" + kFake + "\n");
  written.split = "people";
  written.clips[0].file = "caf\xE9.mp4";  // Latin 1.
  written.clips[1].source = "caf\xE9.mp4";
  const fs::path again = folder_ / "again.jsonl";
  write_manifest(again.string(), written);
  const Manifest found = read_manifest(again.string());
  EXPECT_EQ(found.split, "people");
  EXPECT_EQ(found.clips[0].file, "caf\xE9.mp4");
  EXPECT_EQ(found.clips[1].source, "caf\xE9.mp4");
  EXPECT_EQ(manifest_digest(found), manifest_digest(written));
  const std::string text = test::bytes_of(again);
  EXPECT_EQ(text.find("{\"manifest\":1,\"split\":\"people\"}\n"), 0U) << text;
  EXPECT_TELLS(text, "\"path_hex\":\"636166e92e6d7034\"");
  EXPECT_TELLS(text, "\"generator\":\"swap\",\"group\":\"g\",\"split\":\"validation\",\"compre");
}

TEST_F(Manifests, LinesThatAreNoClipsAreRefusedByFileLineAndKey) {
  const std::string first = std::string(kReal) + "\n";
  EXPECT_TELLS(refused(first + "{\"path\":"), "list.jsonl:2: a JSON object expected");
  EXPECT_TELLS(refused(first + "[1]"), ":2: a JSON object expected, found [1]");
  EXPECT_TELLS(refused(first + "\n{\"label\":\"real\"}"), ":3: \"path\": a file's name expected");
  EXPECT_TELLS(refused(R"({"path":"a"})"), "\"label\": \"real\" or \"fake\" expected, found no");
  EXPECT_TELLS(refused(R"({"path":"a","label":"Fake"})"), "found \"Fake\"");
  EXPECT_TELLS(refused(R"({"path":"a","label":1})"), "\"label\"");
  EXPECT_TELLS(refused(R"({"path":5,"label":"real"})"),
               "\"path\": a text or null expected, found 5");
  EXPECT_TELLS(refused(R"({"path":"","label":"real"})"), "found an empty text");
  EXPECT_TELLS(refused("{\"path\":\"a\\u0000b\",\"label\":\"real\"}"), "without NUL");
  EXPECT_TELLS(refused(R"({"path":"a","label":"real","identity":"x"})"), "a list of texts");
  EXPECT_TELLS(refused(R"({"path":"a","label":"real","identity":null})"), "a list of texts");
  EXPECT_TELLS(refused(R"({"path":"a","label":"real","identity":["x",3]})"), "found 3");
  EXPECT_TELLS(refused(R"({"path":"a","label":"real","split":"val"})"), "found \"val\"");
  EXPECT_TELLS(refused(R"({"path":"a","label":"real","source":{}})"), "\"source\"");
  EXPECT_TELLS(refused(R"({"path":"a","label":"real","label":"fake"})"), "\"label\": one value");
  EXPECT_TELLS(refused("{\"path\":\"a\xE9\",\"label\":\"real\"}"), "a JSON object expected");
}

TEST_F(Manifests, AFakeMaySayWhatItShows) {
  const auto line = [](const std::string& label, const std::string& evidence) {
    return R"({"path":"b.mp4","label":")" + label + R"(","evidence":)" + evidence + "}";
  };
  const auto evidence_of = [&](const std::string& evidence) {
    return read(line("fake", evidence)).clips[0].evidence;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(evidence_of(R"(["seam"])"), Names{"seam"});
  EXPECT_EQ(evidence_of(R"(["generated","seam"])"), (Names{"generated", "seam"}));
  EXPECT_EQ(evidence_of("null"), Names{});
  EXPECT_EQ(read(line("real", "null")).clips[0].evidence, Names{});
  EXPECT_TRUE(read(line("fake", "null")).remarks.empty());

  const std::string expected = "\"evidence\": a list of \"seam\" and \"generated\", each once, or";
  EXPECT_TELLS(refused(line("fake", "[]")), expected);
  EXPECT_TELLS(refused(line("fake", R"(["Seam"])")), expected);
  EXPECT_TELLS(refused(line("fake", R"(["seam","seam"])")), expected);
  EXPECT_TELLS(refused(line("fake", R"(["seam","blur"])")), expected);
  EXPECT_TELLS(refused(line("fake", R"("seam")")), "\"evidence\": a list of texts expected");
  EXPECT_TELLS(refused(line("fake", R"({"seam":true})")), "\"evidence\": a list of texts");
  EXPECT_TELLS(refused(line("fake", R"(["seam",null])")), "found null");
  EXPECT_TELLS(refused(line("fake", "[\"seam\\u0000\"]")), "without NUL");
  EXPECT_TELLS(refused(line("real", R"(["seam"])")), "of a real clip expected");
  EXPECT_TELLS(refused(line("real", "[]")), "of a real clip expected");
}

TEST_F(Manifests, WhatAFakeShowsComesBackAndCounts) {
  Manifest written = read(std::string(kReal) + "\n" + kFake + "\n");
  const std::string unknown = manifest_digest(written);
  written.clips[1].evidence = {"generated"};
  const std::string generated = manifest_digest(written);
  EXPECT_NE(generated, unknown);
  const fs::path again = folder_ / "again.jsonl";
  write_manifest(again.string(), written);
  EXPECT_EQ(read_manifest(again.string()).clips[1].evidence, written.clips[1].evidence);
  EXPECT_EQ(manifest_digest(read_manifest(again.string())), generated);
}

TEST_F(Manifests, OnePathIsOneClip) {
  EXPECT_TELLS(refused(std::string(kReal) + "\n" + kFake + "\n" + kReal), ":3: \"path\"");
  EXPECT_TELLS(refused(std::string(kReal) + "\n{\"path\":\"./x/../a.mp4\",\"label\":\"fake\"}"),
               "which line 1 has too");
}

TEST_F(Manifests, BytesThatContradictTheirNameAreRefused) {
  const auto line = [](const std::string& hex) {
    return R"({"path":"ab","label":"real","path_hex":")" + hex + "\"}";
  };
  EXPECT_EQ(read(line("6162")).clips[0].file, "ab");
  EXPECT_TELLS(refused(line("616")), "\"path_hex\"");
  EXPECT_TELLS(refused(line("6g")), "\"path_hex\"");
  EXPECT_TELLS(refused(line("-161")), "\"path_hex\"");
  EXPECT_TELLS(refused(line("6100")), "\"path_hex\"");
  EXPECT_TELLS(refused(line("6163")), "the bytes of \"path\" expected, found \"ac\"");
}

TEST_F(Manifests, ALineHasAnEnd) {
  const std::string before = R"({"path":"a","label":"real","note":")";
  const std::size_t longest = std::size_t{1} << 20;
  const std::string fits = before + std::string(longest - before.size() - 2, 'x') + "\"}";
  EXPECT_EQ(read(fits).clips.size(), 1U);
  EXPECT_EQ(read(fits + "\n").clips.size(), 1U);
  EXPECT_TELLS(refused(fits + " "), ":1: a line of 1048576 bytes");
  EXPECT_TELLS(refused(fits + " \n"), ":1: a line of 1048576 bytes");
}

TEST_F(Manifests, DeepNestingIsNoTrouble) {
  const std::string deep =
      R"({"path":"a","label":"real","note":)" + std::string(100000, '[') + std::string(100000, ']');
  EXPECT_EQ(read(deep + "}").clips.size(), 1U);
  EXPECT_TELLS(refused(deep), "a JSON object expected");
}

TEST_F(Manifests, UnknownKeysAreIgnoredAndSaidOnce) {
  const Manifest manifest = read(
      "{\"path\":\"a\",\"label\":\"real\",\"fps\":1,\"nested\":{\"path\":1,\"path\":2}}\n"
      "{\"path\":\"b\",\"label\":\"real\",\"fps\":2}\n");
  EXPECT_EQ(manifest.clips.size(), 2U);
  ASSERT_EQ(manifest.remarks.size(), 1U);
  EXPECT_TELLS(manifest.remarks[0], "2 unknown keys are ignored: \"fps\" \"nested\"");
}

TEST_F(Manifests, AHeaderNamesTheSplit) {
  const std::string clip = std::string("\n") + kReal;
  EXPECT_EQ(read(R"({"manifest":1,"split":"people"})" + clip).split, "people");
  EXPECT_EQ(read(R"({"manifest":1})" + clip).split, "");
  EXPECT_TELLS(refused(R"({"manifest":2})" + clip), "\"manifest\": version 1 expected, found 2");
  EXPECT_TELLS(refused(R"({"manifest":1,"split":7})" + clip), "\"split\"");
  // Later it is a line like any other.
  EXPECT_TELLS(refused(std::string(kReal) + "\n{\"manifest\":1}"), ":2: \"path\"");
}

TEST_F(Manifests, AreNotEmptyAndAreThere) {
  EXPECT_TELLS(error_of([&] { read(""); }), "no clips");
  EXPECT_TELLS(error_of([&] { read("{\"manifest\":1}\n"); }), "no clips");
  EXPECT_TELLS(error_of([&] { read_manifest((folder_ / "none").string()); }), "no such file");
  EXPECT_TELLS(error_of([&] { read_manifest(folder_.string()); }), "cannot be read");
}

TEST_F(Manifests, TheDigestIsOfWhatTheLinesSay) {
  const std::string both = manifest_digest(read(std::string(kReal) + "\n" + kFake));
  EXPECT_EQ(both.size(), 64U);
  EXPECT_EQ(manifest_digest(
                read("{\"manifest\":1,\"split\":\"x\"}\n" + std::string(kFake) + "\n" + kReal)),
            both);
  EXPECT_EQ(manifest_digest(read(std::string(kFake) + "\n" +
                                 R"({"label":"real","more":1,"source":null,"path":"a.mp4"})")),
            both);
  // Whatever is changed changes it; and no text can pass for two.
  std::set<std::string> digests{both};
  const std::vector<std::string> others{R"({"path":"b.mp4","label":"real"})",
                                        R"({"path":"a.mp4","label":"fake"})",
                                        R"({"path":"a.mp4","label":"real","identity":["xy"]})",
                                        R"({"path":"a.mp4","label":"real","identity":["x","y"]})",
                                        R"({"path":"a.mp4","label":"real","source":"x"})",
                                        R"({"path":"a.mp4","label":"real","generator":"x"})",
                                        R"({"path":"a.mp4","label":"real","group":"x"})",
                                        R"({"path":"a.mp4","label":"real","compression":"x"})",
                                        R"({"path":"a.mp4","label":"real","split":"train"})"};
  for (const std::string& line : others) digests.insert(manifest_digest(read(line)));
  EXPECT_EQ(digests.size(), others.size() + 1);
}

TEST_F(Manifests, MoveBetweenFoldersAndOpenTheSameFiles) {
  Manifest manifest = read(std::string(kReal) + "\n" + kFake);
  fs::create_directories(folder_ / "below");
  const std::vector<Clip> before = manifest.clips;
  move_manifest(manifest, folder_.parent_path().string());
  EXPECT_EQ(manifest.clips[0].file, "manifests/a.mp4");
  EXPECT_EQ(manifest.clips[1].source, "manifests/a.mp4");
  EXPECT_EQ(manifest.clips[0].source, "");
  EXPECT_EQ(manifest.clips[0].path, before[0].path);
  move_manifest(manifest, (folder_ / "below").string());
  EXPECT_EQ(manifest.clips[0].file, (folder_ / "a.mp4").string());  // Not below: absolute.
  EXPECT_EQ(manifest.clips[1].source, manifest.clips[0].file);
  move_manifest(manifest, folder_.string());
  EXPECT_EQ(manifest.clips[0].file, before[0].file);
  EXPECT_EQ(manifest.clips[1].source, before[1].source);
  // By a link it is the same folder, and keeps the name it is given.
  fs::create_directory_symlink(folder_, folder_ / "link");
  manifest.folder = (folder_ / "link").string();
  Manifest linked = manifest;
  move_manifest(linked, folder_.string());
  EXPECT_EQ(linked.clips[0].file, before[0].file);
  move_manifest(manifest, (folder_ / "below").string());
  EXPECT_EQ(manifest.clips[0].file, (folder_ / "link/a.mp4").string());
  EXPECT_TELLS(error_of([&] { move_manifest(manifest, "/nowhere"); }), "no such folder");
}

TEST_F(Manifests, AFailedWriteLeavesWhatWasThere) {
  const Manifest manifest = read(kReal);
  EXPECT_NE(error_of([&] { write_manifest((folder_ / "none" / "x").string(), manifest); }), "");
  Manifest wrong = manifest;
  wrong.clips[0].group = "\xFF";  // No UTF-8: the caller's fault.
  const std::string before = test::bytes_of(file_);
  EXPECT_ANY_THROW(write_manifest(file_.string(), wrong));
  EXPECT_EQ(test::bytes_of(file_), before);
}

TEST(Clips, CopiesOfAFileAreOfTheSamePeople) {
  const fs::path folder = test::scratch_folder("copies");
  put_file(folder / "a", "same");
  put_file(folder / "b", "same");
  put_file(folder / "c", "other");
  std::vector<Clip> clips(4);
  const char* names[] = {"a", "b", "c", "gone"};
  for (std::size_t i = 0; i < clips.size(); ++i) {
    clips[i].file = names[i];
    clips[i].path = (folder / names[i]).string();
  }
  clips[0].identity = {"id3"};
  add_digests(clips);
  EXPECT_EQ(clips[1].identity, std::vector<std::string>{"id3"});
  EXPECT_EQ(recording_of(clips[1]), recording_of(clips[0]));
  EXPECT_NE(recording_of(clips[2]), recording_of(clips[0]));
  EXPECT_EQ(clips[3].digest, "");
  clips[1].fake = true;
  EXPECT_TELLS(error_of([&] { add_digests(clips); }), "a and b are the same file");
}

TEST(Clips, OfUnknownPeopleAreOfTheirRecording) {
  Clip clip;
  clip.file = "a.mp4";
  EXPECT_EQ(people_of(clip), std::vector<std::string>{"a.mp4"});
  clip.source = "b.mp4";
  EXPECT_EQ(people_of(clip), std::vector<std::string>{"b.mp4"});
  clip.identity = {"x"};
  EXPECT_EQ(people_of(clip), std::vector<std::string>{"x"});
}

}  // namespace
}  // namespace dfd
