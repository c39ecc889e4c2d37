// SPDX-License-Identifier: LGPL-2.1-or-later

#include "config_change.h"

#include <algorithm>
#include <tuple>

#include "streams/pipeline.h"

namespace dfd::monitor {
namespace {

const DetectProperty* find(const StreamConfig& stream, const std::string& name) {
  const auto found = std::find_if(stream.detect.begin(), stream.detect.end(),
                                  [&](const auto& property) { return property.name == name; });
  return found == stream.detect.end() ? nullptr : &*found;
}

auto source_of(const StreamConfig& stream) {
  return std::make_tuple(stream.uri, stream.credentials.user, stream.credentials.password);
}

}  // namespace

bool needs_new_connection(const StreamConfig& before, const StreamConfig& after) {
  if (source_of(before) != source_of(after)) return true;
  // Whoever records looks at what is opened from the beginning.
  if (before.evidence.wanted != after.evidence.wanted) return true;
  const auto is_gone = [&](const auto& property) { return find(after, property.name) == nullptr; };
  if (std::any_of(before.detect.begin(), before.detect.end(), is_gone)) return true;
  const std::vector<DetectProperty> changed = changed_properties(before, after);
  return !std::all_of(changed.begin(), changed.end(),
                      [](const auto& property) { return is_live_property(property.name); });
}

std::vector<DetectProperty> changed_properties(const StreamConfig& before,
                                               const StreamConfig& after) {
  std::vector<DetectProperty> changed;
  for (const DetectProperty& property : after.detect) {
    const DetectProperty* old = find(before, property.name);
    if (old == nullptr || old->value != property.value) changed.push_back(property);
  }
  return changed;
}

std::vector<std::string> changed_at_start(const Config& before, const Config& after) {
  std::vector<std::string> changed;
  const auto note = [&](const char* key, bool differs) {
    if (differs) changed.emplace_back(key);
  };
  note("listen", before.web.address != after.web.address || before.web.port != after.web.port);
  note("tls_certificate", before.web.tls_certificate != after.web.tls_certificate);
  note("tls_key", before.web.tls_key != after.web.tls_key);
  note("behind_proxy", before.web.behind_proxy != after.web.behind_proxy);
  note("ring_dir", before.ring_dir != after.ring_dir);
  note("state_dir", before.state_dir != after.state_dir);
  note("max_notify_per_hour", before.max_notify_per_hour != after.max_notify_per_hour);
  return changed;
}

}  // namespace dfd::monitor
