// SPDX-License-Identifier: LGPL-2.1-or-later

#include "page.h"

#include <gio/gio.h>

#include <map>

// Of page.gresource.xml.
extern "C" GResource* monitor_page_get_resource();

namespace dfd::monitor {
namespace {

// Nothing of other kinds is there.
std::string type_of(const std::string& name) {
  const std::map<std::string, std::string> types = {{".html", "text/html; charset=utf-8"},
                                                    {".css", "text/css; charset=utf-8"},
                                                    {".js", "text/javascript; charset=utf-8"},
                                                    {".svg", "image/svg+xml"}};
  const std::size_t dot = name.rfind('.');
  const auto found = types.find(dot == std::string::npos ? "" : name.substr(dot));
  return found == types.end() ? "" : found->second;
}

}  // namespace

std::optional<HttpResponse> page_file(const std::string& path) {
  const std::string name = path == "/" ? "/index.html" : path;
  HttpResponse response;
  response.type = type_of(name);
  if (response.type.empty()) return std::nullopt;
  GBytes* bytes = g_resource_lookup_data(monitor_page_get_resource(), ("/page" + name).c_str(),
                                         G_RESOURCE_LOOKUP_FLAGS_NONE, nullptr);
  if (bytes == nullptr) return std::nullopt;
  gsize size = 0;
  const auto* data = static_cast<const char*>(g_bytes_get_data(bytes, &size));
  response.body.assign(data, size);
  g_bytes_unref(bytes);
  return response;
}

}  // namespace dfd::monitor
