// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/scan_page.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "base/whole_file.h"
#include "scan/html.h"
#include "scan/page_row.h"
#include "scan/page_style.h"

namespace dfd::monitor {
namespace {

namespace fs = std::filesystem;

constexpr std::array<Standing, 4> kStandings = {Standing::kManipulated, Standing::kFailed,
                                                Standing::kUndecided, Standing::kAuthentic};

// Nothing runs, and nothing is fetched but what lies beside the page, whatever a name holds.
constexpr const char* kPolicy =
    "default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'";

constexpr const char* kLegend =
    "<p class=\"legend\">Open a row for each face\u2019s probability over time; the dashed line is "
    "the threshold. \u201cUndecided\u201d is not clean: nobody can say. A probability is an "
    "estimate, not a proof.</p>\n";

constexpr const char* kColumns =
    "<p class=\"row columns\" aria-hidden=\"true\"><span>verdict</span><span class=\"number\">prob."
    "</span><span class=\"spark-cell\">worst face</span><span>file</span><span>reason</span>"
    "<span class=\"number\">length</span></p>\n";

std::string link(const std::string& to, const std::string& words) {
  return "<a href=\"" + to + "\">" + words + "</a>";
}

}  // namespace

ScanPage::ScanPage(const JoinedResults& results, std::set<std::string> pictures)
    : files_(results.worst_first()), gaps_(results.gaps()), pictures_(std::move(pictures)) {}

std::size_t ScanPage::parts() const {
  return std::max<std::size_t>(1, (files_.size() + kRowsPerPart - 1) / kRowsPerPart);
}

std::string ScanPage::part_name(std::size_t part) {
  return part == 0 ? "index.html" : "index-" + std::to_string(part + 1) + ".html";
}

std::string ScanPage::head() const {
  return std::string("<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">") +
         "<head><meta charset=\"utf-8\"/><meta http-equiv=\"Content-Security-Policy\" content=\"" +
         escaped(kPolicy) +
         "\"/><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
         "<title>Scan results</title><style>" +
         kPageStyle + "</style></head>\n<body><h1>Scan results</h1>\n";
}

std::string ScanPage::counts() const {
  std::string html = "<p class=\"counts\">";
  for (const Standing standing : kStandings) {
    const auto is_one = [standing](const JoinedFile& file) { return file.standing == standing; };
    const auto count = std::count_if(files_.begin(), files_.end(), is_one);
    const std::string name = name_of(standing);
    const std::string words = "<b>" + std::to_string(count) + "</b> " + name;
    const auto first = std::find_if(files_.begin(), files_.end(), is_one);
    const auto part = static_cast<std::size_t>(first - files_.begin()) / kRowsPerPart;
    html += "<span class=\"" + name + "\">" +
            (count > 0 ? link(part_name(part) + "#" + name, words) : words) + "</span> ";
  }
  html += "<span>of " + std::to_string(files_.size()) + (files_.size() == 1 ? " file" : " files") +
          "</span></p>\n";
  for (const std::string& gap : gaps_) {
    html += "<p class=\"gap\">Not all is here: " + escaped(gap) + ".</p>\n";
  }
  return html;
}

std::string ScanPage::links(std::size_t part) const {
  if (parts() == 1) return "";
  std::string html = "<nav>";
  if (part > 0) html += link(part_name(0), "first") + link(part_name(part - 1), "previous");
  html += "<span>part " + std::to_string(part + 1) + " of " + std::to_string(parts()) + "</span>";
  if (part + 1 < parts()) {
    html += link(part_name(part + 1), "next") + link(part_name(parts() - 1), "last");
  }
  return html + "</nav>\n";
}

std::string ScanPage::rows(std::size_t part) const {
  const std::size_t begin = part * kRowsPerPart;
  const std::size_t end = std::min(files_.size(), begin + kRowsPerPart);
  std::string html;
  for (std::size_t i = begin; i < end; ++i) {
    if (i == begin || files_[i].standing != files_[i - 1].standing) {
      const std::string name = name_of(files_[i].standing);
      html += "<h2 id=\"" + name + "\">" + name + "</h2>\n";
    }
    html += page_row(files_[i], pictures_);
  }
  return html;
}

std::string ScanPage::part(std::size_t part) const {
  return head() + counts() + kLegend + links(part) + "<main>" + kColumns + rows(part) +
         "</main>\n" + links(part) + "</body></html>\n";
}

void write_page(const ScanPage& page, const std::string& folder) {
  make_folder(folder);
  for (std::size_t part = 0; part < page.parts(); ++part) {
    write_whole(folder + "/" + ScanPage::part_name(part), page.part(part));
  }
  std::size_t stale = page.parts();
  while (fs::remove(fs::path(folder) / ScanPage::part_name(stale))) ++stale;
}

}  // namespace dfd::monitor
