// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every launch line that the project shows or runs is one that GStreamer can parse: elements,
// properties and values exist.

#include <gst/gst.h>

#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/test_model.h"

namespace {

namespace fs = std::filesystem;
namespace test = dfd::test;

std::string replaced(const std::string& text, const char* pattern, const char* by) {
  return std::regex_replace(text, std::regex(pattern), by);
}

// What the pattern's first group matches, over and over.
std::vector<std::string> matches_of(const std::string& text, const char* pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) {
    found.push_back((*it)[1]);
  }
  return found;
}

// Lines of a page or a script: a command that backslashes carry on, up to a redirection.
std::vector<std::string> commands_of(const fs::path& file) {
  return matches_of(replaced(test::bytes_of(file), "\\\\\n", " "),
                    "gst-launch-1\\.0(?: -[a-z]+)* ([^\n>]*![^\n>|`]*)");
}

// Lines of documentation comments, from gst-launch-1.0 to the end of the block.
std::vector<std::string> commented_commands_of(const fs::path& file) {
  return matches_of(replaced(test::bytes_of(file), "\n \\* ?", " "),
                    "gst-launch-1\\.0(?: -[a-z]+)* ([^\\]]*)\\]\\|");
}

// A line's shell variables and quotes stand for some word, and the arrays of pipelines/common.sh
// for what they begin and end with.
std::string parsable(const std::string& line) {
  std::string plain = replaced(line, "\\$\\{picture\\[@\\]\\}", "videotestsrc");
  plain = replaced(plain, "\\$\\{encoder\\[@\\]\\}", "x264enc");
  plain = replaced(plain, "\\$\\{[a-z]+\\[@\\]\\}", "");
  return replaced(replaced(plain, "\\$\\{?[A-Za-z_]+\\}?", "word"), "[\"']", "");
}

// Shown for GStreamer 1.24 and newer; on an older one such a line cannot be parsed.
bool is_of_newer_gstreamer(const std::string& line) {
  guint major = 0;
  guint minor = 0;
  guint rest = 0;
  gst_version(&major, &minor, &rest, &rest);
  if (minor >= 24) return false;
  return std::regex_search(line, std::regex("unixfdsink|unixfdsrc|objectdetectionoverlay"));
}

std::vector<std::pair<fs::path, std::string>> all_lines() {
  const fs::path source = DFD_SOURCE;
  std::vector<std::pair<fs::path, std::string>> lines;
  for (const char* folder : {"docs", "pipelines", "gst/detect", "gst/results", "."}) {
    for (const fs::directory_entry& entry : fs::directory_iterator(source / folder)) {
      const std::string extension = entry.path().extension();
      std::vector<std::string> found;
      if (extension == ".md" || extension == ".sh") found = commands_of(entry.path());
      if (extension == ".cpp") found = commented_commands_of(entry.path());
      for (const std::string& line : found) lines.emplace_back(entry.path(), line);
    }
  }
  return lines;
}

TEST(LaunchLines, OfDocumentationAndPipelinesParse) {
  const auto lines = all_lines();
  // Eight scripts and pages and as many elements show one at least.
  ASSERT_GE(lines.size(), 16U);
  for (const auto& [file, line] : lines) {
    if (is_of_newer_gstreamer(line)) continue;
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(parsable(line).c_str(), &error);
    EXPECT_EQ(error, nullptr) << file << ": " << line << ": " << error->message;
    g_clear_error(&error);
    gst_clear_object(&pipeline);
  }
}

// A filesink keeps 64 kB back otherwise: hours of verdicts, lost with the process.
TEST(LaunchLines, TextIsWrittenAsItComes) {
  int texts = 0;
  for (const auto& [file, line] : all_lines()) {
    for (const std::string& sink :
         matches_of(line, "deepfake(?:json|vtt)enc[^!]*!\\s*filesink([^!]*)")) {
      ++texts;
      EXPECT_NE(sink.find("buffer-mode=unbuffered"), std::string::npos) << file << ": " << line;
    }
  }
  EXPECT_GE(texts, 6);
}

}  // namespace
