// SPDX-License-Identifier: LGPL-2.1-or-later

#include "uri_guard.h"

#include <gst/gst.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <string_view>

#include "streams/bounded_http.h"
#include "streams/derived_element.h"

namespace dfd::monitor {
namespace {

constexpr std::string_view kFile = "file";

// What opens sources of the kinds that there are; and appsrc, which opens nothing.
constexpr std::array<std::string_view, 5> kAllowed = {"rtspsrc", "srtsrc", "rtmp2src", "udpsrc",
                                                      "appsrc"};

const std::string& protocol() {
  static const std::string drawn = [] {
    gchar* lot = g_uuid_string_random();
    std::string name = std::string("deepfake-") + lot;
    g_free(lot);
    return name;
  }();
  return drawn;
}

GstURIType uri_type(GType /*type*/) { return GST_URI_SRC; }

const gchar* const* uri_protocols(GType /*type*/) {
  static const std::array<const gchar*, 2> all = {protocol().c_str(), nullptr};
  return all.data();
}

gchar* get_uri(GstURIHandler* handler) {
  gchar* path = nullptr;
  g_object_get(handler, "location", &path, nullptr);
  gchar* uri = path != nullptr ? g_filename_to_uri(path, nullptr, nullptr) : nullptr;
  g_free(path);
  if (uri == nullptr) return nullptr;
  const std::string local = local_uri(uri);
  g_free(uri);
  return g_strdup(local.c_str());
}

gboolean set_uri(GstURIHandler* handler, const gchar* uri, GError** error) {
  const std::string file = std::string(kFile) + (uri + protocol().size());
  gchar* path = g_filename_from_uri(file.c_str(), nullptr, error);
  if (path == nullptr) return FALSE;
  g_object_set(handler, "location", path, nullptr);
  g_free(path);
  return TRUE;
}

void set_handler(gpointer made, gpointer /*data*/) {
  auto* handler = static_cast<GstURIHandlerInterface*>(made);
  handler->get_type = uri_type;
  handler->get_protocols = uri_protocols;
  handler->get_uri = get_uri;
  handler->set_uri = set_uri;
}

// filesrc in all but the URIs that it takes. 0 where it is not installed.
GType local_source() {
  const GType type = derived_element("filesrc", "DeepfakeMonitorFileSource", nullptr);
  if (type == 0) return 0;
  const GInterfaceInfo info = {set_handler, nullptr, nullptr};
  g_type_add_interface_static(type, GST_TYPE_URI_HANDLER, &info);
  return type;
}

gboolean opens_uris(GstPluginFeature* feature, gpointer /*data*/) {
  return GST_IS_ELEMENT_FACTORY(feature) &&
         gst_element_factory_get_uri_type(GST_ELEMENT_FACTORY(feature)) == GST_URI_SRC;
}

void remove_others() {
  GstRegistry* registry = gst_registry_get();
  GList* features = gst_registry_feature_filter(registry, opens_uris, FALSE, nullptr);
  for (GList* at = features; at != nullptr; at = at->next) {
    const std::string_view name = GST_OBJECT_NAME(at->data);
    if (std::find(kAllowed.begin(), kAllowed.end(), name) != kAllowed.end()) continue;
    gst_registry_remove_feature(registry, GST_PLUGIN_FEATURE(at->data));
  }
  gst_plugin_feature_list_free(features);
}

}  // namespace

void guard_uris() {
  static std::once_flag once;
  std::call_once(once, [] {
    const GType file = local_source();
    const GType http = bounded_http_source();
    remove_others();
    if (file != 0) gst_element_register(nullptr, "filesrc", GST_RANK_PRIMARY, file);
    if (http != 0) gst_element_register(nullptr, "souphttpsrc", GST_RANK_PRIMARY, http);
  });
}

std::string local_uri(const std::string& uri) { return protocol() + uri.substr(kFile.size()); }

bool is_local(const std::string& uri) {
  return gst_uri_has_protocol(uri.c_str(), protocol().c_str()) != FALSE;
}

}  // namespace dfd::monitor
