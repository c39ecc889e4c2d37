// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The results of scans for people: pages that need nothing but themselves.

#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "scan/joined_results.h"

namespace dfd::monitor {

class ScanPage {
 public:
  // More make a browser slow.
  static constexpr std::size_t kRowsPerPart = 500;

  // `pictures` are those beside the page that results may tell of: see copy_pictures().
  explicit ScanPage(const JoinedResults& results, std::set<std::string> pictures = {});

  // At least 1.
  std::size_t parts() const;
  // `part` counts from 0.
  std::string part(std::size_t part) const;
  // Of the first part "index.html", then "index-2.html" and so on.
  static std::string part_name(std::size_t part);

  std::size_t files() const { return files_.size(); }
  const std::vector<std::string>& gaps() const { return gaps_; }

 private:
  std::string head() const;
  std::string counts() const;
  std::string links(std::size_t part) const;
  std::string rows(std::size_t part) const;

  std::vector<JoinedFile> files_;
  std::vector<std::string> gaps_;
  std::set<std::string> pictures_;
};

// Makes the folder (mode 0750) and writes all parts into it (0640), each whole or not at all; parts
// of an earlier, longer page are taken away. Throws std::runtime_error.
void write_page(const ScanPage& page, const std::string& folder);

}  // namespace dfd::monitor
