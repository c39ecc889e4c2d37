// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Options that several subcommands have: which pictures of a clip become samples.

#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "samples/crops.h"

namespace dfd::commands {

constexpr const char* kCacheHelp =
    "Folder of kept crops and embeddings; empty: deepfakedetect in $XDG_CACHE_HOME or ~/.cache";

// options: outlives the parsing of the command line, which fills it.
void add_sampling(CLI::App* command, SamplingOptions& options);

// The part of the pairs whose fake is made of the real clip: "self-blend" all, "self-blend:PART",
// and without any of it 0. Throws Error(kInvalidArgument).
double self_blend_of(const std::string& fakes);

// Of the text of an option. Throws Error(kInvalidArgument).
int whole_number(const std::string& text, const char* option);

}  // namespace dfd::commands
