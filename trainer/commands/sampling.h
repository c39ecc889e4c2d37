// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Options that several subcommands have: which pictures of a clip become samples.

#pragma once

#include <CLI/CLI.hpp>

#include "samples/crops.h"

namespace dfd::commands {

constexpr const char* kCacheHelp =
    "Folder of kept crops and embeddings; empty: deepfakedetect in $XDG_CACHE_HOME or ~/.cache";

// options: outlives the parsing of the command line, which fills it.
void add_sampling(CLI::App* command, SamplingOptions& options);

}  // namespace dfd::commands
