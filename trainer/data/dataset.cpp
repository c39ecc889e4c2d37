// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/dataset.h"

#include <filesystem>

#include "base/check.h"
#include "data/layouts.h"

namespace dfd {

Manifest read_dataset(const std::string& data) {
  std::error_code error;
  if (std::filesystem::is_directory(data, error)) return scan_folder(data, {});
  DFD_REQUIRE(std::filesystem::exists(data, error), ErrorCode::kNotFound,
              data << ": no such folder, and no such manifest");
  return read_manifest(data);
}

}  // namespace dfd
