// SPDX-License-Identifier: LGPL-2.1-or-later

#include "sheets/contact_sheets.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "data/dataset.h"
#include "data/picture.h"
#include "samples/clips_ahead.h"
#include "samples/frozen_backbone.h"

namespace dfd {
namespace {

// A page that a screen shows whole; crops are drawn as large as training sees them.
constexpr int kLeastPageWidth = 1600;
constexpr int kPageHeight = 1000;  // A clip that is taller has its page alone.
constexpr int kTextHeight = 20;
constexpr int kRule = 2;  // Paper between crops.
const cv::Scalar kPaper(32, 32, 32);
const cv::Scalar kRealInk(120, 220, 255);  // Told apart by the colour-blind too; it is written out.
const cv::Scalar kFakeInk(255, 170, 60);

cv::Mat text_row(const std::string& text, const cv::Scalar& ink, int width) {
  cv::Mat line(kTextHeight, width, CV_8UC3, kPaper);
  cv::putText(line, text, {6, 15}, cv::FONT_HERSHEY_SIMPLEX, 0.45, ink, 1, cv::LINE_AA);
  return line;
}

// A clip's part of a page that wide.
std::vector<cv::Mat> draw(const Clip& clip, const std::vector<std::vector<cv::Mat>>& tracks,
                          int width) {
  const cv::Scalar& ink = clip.fake ? kFakeInk : kRealInk;
  std::string title = clip.file + (clip.fake ? "   fake" : "   real");
  if (!clip.generator.empty()) title += ": " + clip.generator;
  if (tracks.empty()) title += "   NO FACE";
  std::vector<cv::Mat> rows{text_row(title, ink, width)};
  for (const auto& crops : tracks) {
    int x = width;  // Each track begins a row.
    for (const cv::Mat& crop : crops) {
      if (x + crop.cols > width) {
        rows.emplace_back(crop.rows + kRule, width, CV_8UC3, kPaper);
        x = 0;
      }
      crop.copyTo(rows.back()(cv::Rect(x, 0, crop.cols, crop.rows)));
      x += crop.cols + kRule;
    }
  }
  return rows;
}

class Book {
 public:
  explicit Book(std::string folder) : folder_(std::move(folder)) {}

  // Returns the sheet that the rows, or the first of them, came to stand on.
  std::string add(const std::vector<cv::Mat>& rows) {
    int height = 0;
    for (const cv::Mat& row : rows) height += row.rows;
    if (!page_.empty() && height_ + height > kPageHeight) finish();
    std::string name = name_of(number_ + 1);
    for (const cv::Mat& row : rows) {
      page_.push_back(row);
      height_ += row.rows;
    }
    return name;
  }

  void finish() {
    if (page_.empty()) return;
    const std::string path = (std::filesystem::path(folder_) / name_of(++number_)).string();
    cv::Mat picture;
    cv::vconcat(page_, picture);
    write_picture(path, picture);
    page_.clear();
    height_ = 0;
  }

 private:
  static std::string name_of(int number) {
    std::array<char, 32> name{};
    std::snprintf(name.data(), name.size(), "sheet-%03d.png", number);
    return name.data();
  }

  std::string folder_;
  std::vector<cv::Mat> page_;
  int height_ = 0;
  int number_ = 0;  // Of the last sheet written.
};

}  // namespace

std::size_t write_contact_sheets(const std::string& data, const std::string& output,
                                 const SamplingOptions& options, const std::string& backbone,
                                 const std::function<void(const SheetEntry&)>& report,
                                 const Say& say) {
  const SamplingRule rule = make_rule(options, input_of_backbone(backbone));
  const Manifest manifest = read_dataset(data);
  for (const std::string& remark : manifest.remarks) say(remark);
  std::error_code error;
  std::filesystem::create_directories(output, error);
  DFD_REQUIRE(!error, ErrorCode::kIo, output << ": cannot be made: " << error.message());
  Book book(output);
  const int width = std::max(kLeastPageWidth, rule.input.size);
  ClipsAhead<ClipCrops> source(
      manifest.clips, [&](const Clip& clip) { return read_crops(clip.path, rule); }, say);
  for (const Clip& clip : manifest.clips) {
    const std::optional<ClipCrops> found = source.next();
    if (!found) continue;
    std::vector<std::vector<cv::Mat>> tracks;
    for (const auto& crops : found->tracks) tracks.push_back(pictures_of(crops));
    SheetEntry entry{clip, {}, book.add(draw(clip, tracks, width))};
    for (const auto& crops : tracks) entry.crops.push_back(static_cast<int>(crops.size()));
    report(entry);
  }
  book.finish();
  return manifest.clips.size();
}

}  // namespace dfd
