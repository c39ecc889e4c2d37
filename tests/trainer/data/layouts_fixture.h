// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A folder of a data set, and what scanning it says.

#pragma once

#include <string>

#include <gtest/gtest.h>

#include "data/layouts.h"
#include "trainer/data/data_folders.h"

namespace dfd::test {

class Layouts : public testing::Test {
 protected:
  Manifest scan(const std::string& layout = "auto") const {
    ScanOptions options;
    options.layout = layout;
    return scan_folder(folder_.string(), options);
  }

  std::string refused(const ScanOptions& options = {}) const {
    return error_of([&] { scan_folder(folder_.string(), options); });
  }

  fs::path folder_ = scratch_folder("layouts");
};

}  // namespace dfd::test
