// SPDX-License-Identifier: LGPL-2.1-or-later

#include "page.h"

#include <gio/gio.h>

#include <algorithm>
#include <array>

// Of page.gresource.xml.
extern "C" GResource* monitor_page_get_resource();

namespace dfd::monitor {
namespace {

struct PageFile {
  const char* path;
  const char* name;
  const char* type;
};

constexpr std::array<PageFile, 3> kFiles = {
    {{"/", "/page/index.html", "text/html; charset=utf-8"},
     {"/page.css", "/page/page.css", "text/css; charset=utf-8"},
     {"/page.js", "/page/page.js", "text/javascript; charset=utf-8"}}};

}  // namespace

std::optional<HttpResponse> page_file(const std::string& path) {
  const auto* const found = std::find_if(kFiles.begin(), kFiles.end(),
                                         [&](const PageFile& file) { return path == file.path; });
  if (found == kFiles.end()) return std::nullopt;
  GBytes* bytes = g_resource_lookup_data(monitor_page_get_resource(), found->name,
                                         G_RESOURCE_LOOKUP_FLAGS_NONE, nullptr);
  if (bytes == nullptr) return std::nullopt;
  gsize size = 0;
  const auto* data = static_cast<const char*>(g_bytes_get_data(bytes, &size));
  HttpResponse response;
  response.type = found->type;
  response.body.assign(data, size);
  g_bytes_unref(bytes);
  return response;
}

}  // namespace dfd::monitor
