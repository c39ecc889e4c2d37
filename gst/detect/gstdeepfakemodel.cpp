// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakemodel.h"

#include <dlfcn.h>
#include <glib.h>

#include <filesystem>

#include "detector/error.h"

namespace {

constexpr const char* kVariable = "DEEPFAKEDETECT_MODEL";
constexpr const char* kName = "deepfake-artifact-1.safetensors";

// Of the installed one and of the build tree's; relative to the plugin's folder.
constexpr const char* kFolders[] = {DEEPFAKE_MODEL_FOLDER, "../../pipelines/models"};

std::filesystem::path plugin_folder() {
  static const char kHere = 0;  // Something of this plugin.
  Dl_info found{};
  if (dladdr(&kHere, &found) == 0 || found.dli_fname == nullptr) return {};
  return std::filesystem::absolute(found.dli_fname).parent_path();
}

}  // namespace

std::string gst_deepfake_default_model() {
  const gchar* given = g_getenv(kVariable);
  if (given != nullptr && *given != '\0') return given;
  std::string looked;
  for (const char* folder : kFolders) {
    const auto file = (plugin_folder() / folder / kName).lexically_normal();
    std::error_code error;
    if (std::filesystem::is_regular_file(file, error)) return file.string();
    looked += (looked.empty() ? "" : ", ") + file.string();
  }
  throw dfd::Error(dfd::ErrorCode::kNotFound, "no model: model-file is not set, nor is $" +
                                                  std::string(kVariable) +
                                                  ", and the plugin's own is missing (looked for " +
                                                  looked + "); set model-file");
}
