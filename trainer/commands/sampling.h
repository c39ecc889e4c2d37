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

constexpr const char* kFakesHelp =
    "Which fakes are made of the real clips: self-blend[:PART] and reconstruct[:PART], a comma "
    "list; parts are of all pairs, one kind may have none and gets the rest of them; what is left, "
    "or all without --fakes, are the data set's fakes";

constexpr const char* kAutoencoderHelp =
    "Steps that each autoencoder is trained for, with --fakes reconstruct; three times as many "
    "where it learns against a critic";

// options: outlives the parsing of the command line, which fills it.
void add_sampling(CLI::App* command, SamplingOptions& options);

// Of the text of an option. Throws Error(kInvalidArgument).
int whole_number(const std::string& text, const char* option);

}  // namespace dfd::commands
