// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <optional>
#include <string>

#include "web/http.h"

namespace dfd::monitor {

// A file of web/page, which is part of the program: "/", "/page.css", ...; nothing of other paths.
std::optional<HttpResponse> page_file(const std::string& path);

}  // namespace dfd::monitor
