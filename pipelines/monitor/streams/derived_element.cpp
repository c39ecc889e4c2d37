// SPDX-License-Identifier: LGPL-2.1-or-later

#include "derived_element.h"

#include <gst/gst.h>

namespace dfd::monitor {

GType derived_element(const char* element, const char* name, GClassInitFunc set_up) {
  GstElementFactory* factory = gst_element_factory_find(element);
  if (factory == nullptr) return 0;
  GstPluginFeature* loaded = gst_plugin_feature_load(GST_PLUGIN_FEATURE(factory));
  gst_object_unref(factory);
  if (loaded == nullptr) return 0;
  const GType parent = gst_element_factory_get_element_type(GST_ELEMENT_FACTORY(loaded));
  gst_object_unref(loaded);
  GTypeQuery sizes;
  g_type_query(parent, &sizes);
  return g_type_register_static_simple(parent, name, sizes.class_size, set_up, sizes.instance_size,
                                       nullptr, static_cast<GTypeFlags>(0));
}

}  // namespace dfd::monitor
