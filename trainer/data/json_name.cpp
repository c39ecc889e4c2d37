// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/json_name.h"

#include "base/text.h"

namespace dfd {

void set_name(nlohmann::ordered_json& line, const std::string& key, const std::string& name) {
  line[key] = utf8(name);
  if (line[key] != name) line[key + "_hex"] = hexadecimal(name);
}

}  // namespace dfd
