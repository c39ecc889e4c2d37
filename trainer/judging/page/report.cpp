// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/page/report.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "judging/numbers.h"
#include "judging/page/html.h"
#include "judging/page/report_sections.h"
#include "judging/page/report_style.h"
#include "judging/page/score_plots.h"

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;

// How far on the wrong side of all doubt. Logits tell clips apart whose probability rounds to 1.
double wrongness(const ClipScore& clip) { return clip.fake ? -*clip.logit : *clip.logit; }

std::string media_type(const ClipPicture& picture) {
  const auto starts = [&](const std::string& with) {
    return picture.bytes.compare(0, with.size(), with) == 0;
  };
  if (starts("\x89PNG\r\n\x1a\n")) return "image/png";
  DFD_REQUIRE(starts("\xff\xd8\xff"), ErrorCode::kInvalidArgument,
              "the picture of " << escaped(picture.file) << " is neither PNG nor JPEG");
  return "image/jpeg";
}

std::string clip_html(const ClipScore& clip, const ClipPicture* picture) {
  std::string text = "<li>";
  if (picture != nullptr) {
    text += "<img alt=\"Face of " + escaped(clip.file) + "\" src=\"data:" + media_type(*picture) +
            ";base64," + base64(picture->bytes) + "\">";
  }
  const char* label = clip.fake ? "fake" : "real";
  text += "<p class=\"name\">" + name_html(clip.file) + "</p><p><span class=\"tag " +
          std::string(label) + "\">" + label + "</span> scored " + fixed(*clip.probability, 3) +
          "</p>";
  const auto add = [&](const char* what, const std::string& value) {
    if (!value.empty()) text += std::string("<p>") + what + ": " + name_html(value) + "</p>";
  };
  add("generator", clip.generator);
  add("group", clip.group);
  add("compression", clip.compression);
  add("verdict", clip.verdict);
  add("reason", clip.reason);
  if (clip.face_size > 0) add("face", fixed(clip.face_size, 0) + " pixels");
  return text + "</li>\n";
}

std::string worst_section(const ReportInput& input, double threshold) {
  std::map<std::string, const ClipPicture*> pictures;
  for (const ClipPicture& picture : input.pictures) pictures[picture.file] = &picture;
  std::string clips;
  for (const std::size_t i : worst_clips(input.clips, threshold, input.worst)) {
    const auto found = pictures.find(input.clips[i].file);
    clips += clip_html(input.clips[i], found == pictures.end() ? nullptr : found->second);
  }
  std::string text = "<h2>Clips it gets most wrong</h2>\n";
  if (clips.empty())
    return text + "<p>None: at the threshold every scored clip comes out right.</p>\n";
  return text +
         "<p>Scored on the wrong side of the threshold, farthest first. Look at them before you "
         "believe a figure: a wrong label shows here.</p>\n<ul class=\"clips\">" +
         clips + "</ul>\n";
}

std::string series_section(const std::vector<Series>& series, const char* id, const char* heading,
                           const char* title) {
  if (series.empty()) return "";
  return std::string("<h2>") + heading + "</h2>\n<div class=\"plots\">" +
         series_plots(series, id, title) + "</div>\n";
}

std::string data_section(const Json& check) {
  if (check.is_null()) return "";
  DFD_REQUIRE(check.is_object(), ErrorCode::kInvalidArgument,
              "the report's data check: an object expected");
  return "<h2>Check of the data</h2>\n<div class=\"words\">" +
         value_html(check, "What was found in the data set") + "</div>\n";
}

std::string provenance_section(const ReportInput& input) {
  if (input.provenance.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, value] : input.provenance) {
    rows.push_back({escaped(key), name_html(value)});
  }
  return "<h2>Where it comes from</h2>\n<div class=\"words\">" +
         table_html("How this page was made", {}, rows) + "</div>\n";
}

// Those of the scores, side by side.
std::string score_section(const ReportInput& input, double threshold) {
  const std::string plots = roc_plot(input.clips, threshold) + det_plot(input.clips, threshold) +
                            probability_plot(input.clips, threshold) +
                            reliability_plot(input.clips);
  if (plots.empty()) return "";
  return "<h2>In pictures</h2>\n<div class=\"plots\">" + plots + "</div>\n";
}

std::string head(const ReportInput& input, const Json& summary) {
  const auto fact = [](const char* name, const std::string& value) {
    return value.empty() ? std::string()
                         : std::string("<dt>") + name + "</dt><dd>" + name_html(value) + "</dd>";
  };
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
         // Should a name ever get past the escaping, it still loads and runs nothing.
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
         "'unsafe-inline'; img-src data:\">\n<meta name=\"color-scheme\" content=\"light "
         "dark\">\n<title>" +
         escaped(input.title) + "</title>\n<style>" + kReportStyle +
         "</style>\n</head>\n<body>\n<header><h1>" + escaped(input.title) +
         "</h1><dl class=\"facts\">" + fact("Model", summary.at("model")) +
         fact("Manifest&#39;s digest", summary.at("manifest_digest")) + fact("Date", input.date) +
         "</dl></header>\n<main>\n";
}

std::string page(const ReportInput& input) {
  const Json& summary = input.summary.at("summary");
  DFD_REQUIRE(summary.at("clips").at("all") == input.clips.size(), ErrorCode::kInvalidArgument,
              "the report's summary is of " << summary.at("clips").at("all")
                                            << " clips, and there are " << input.clips.size());
  const double threshold = summary.at("threshold");
  std::string html = head(input, summary);
  html += words_section(input.clips, summary);
  html += glance_section(summary);
  html += score_section(input, threshold);
  html += figures_section(summary);
  html += matched_section(summary);
  html += shortcut_section(summary);
  html += unscored_section(summary);
  if (input.calibration) html += calibration_section(*input.calibration);
  html += series_section(input.robustness, "robustness", "When clips get worse", "Robustness");
  html += series_section(input.training, "training", "Training", "Training");
  html += worst_section(input, threshold);
  html += data_section(input.data_check);
  html += provenance_section(input);
  return html + "</main>\n" + footer(summary) + "</body>\n</html>\n";
}

}  // namespace

std::vector<std::size_t> worst_clips(const std::vector<ClipScore>& clips, double threshold,
                                     std::size_t most) {
  std::vector<std::size_t> wrong;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const ClipScore& clip = clips[i];
    if (!clip.logit || !clip.probability) continue;
    if ((*clip.probability >= threshold) != clip.fake) wrong.push_back(i);
  }
  std::stable_sort(wrong.begin(), wrong.end(), [&](std::size_t a, std::size_t b) {
    return wrongness(clips[a]) > wrongness(clips[b]);
  });
  wrong.resize(std::min(wrong.size(), most));
  return wrong;
}

std::string make_report(const ReportInput& input) {
  try {
    return page(input);
  } catch (const Json::exception& error) {
    throw Error(
        ErrorCode::kInvalidArgument,
        std::string("the report's summary is none as summarize() makes it: ") + error.what());
  }
}

}  // namespace dfd
