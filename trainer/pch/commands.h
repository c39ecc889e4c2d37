// SPDX-License-Identifier: LGPL-2.1-or-later
//
// As trainer.h, for the commands.

#include <functional>
#include <map>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
