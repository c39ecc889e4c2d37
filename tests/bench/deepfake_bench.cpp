// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Measures what docs/performance.md and docs/lab/networks.md tell, in one run on one machine.
//
//   deepfake-bench [--json] [--only NAME]
//   deepfake-bench [--json] --network FILE [--gmac G]

#include <gst/gst.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "bench.h"

namespace {

using dfd::bench::Emit;
using dfd::bench::Row;

struct Part {
  void (*run)(const Emit& emit);
  std::vector<std::string> rows;
};

const std::vector<Part>& parts() {
  static const std::vector<Part> kParts{
      {dfd::bench::bench_networks,
       {"conv_limit", "backbone_ms_per_crop", "backbone_eager_ms_per_crop", "backbone_speedup",
        "backbone_share_of_limit", "seed_window_ms", "seed_lstm_ms", "verdict_ms",
        "verdict_against_seed", "lstm_step_ms", "lstm_share", "embedding_cosine_least",
        "embedding_cosine_median"}},
      {dfd::bench::bench_backbones,
       {"network_ms_per_crop", "network_cheaper_than_v1", "network_ms_per_clip",
        "network_share_of_limit"}},
      {dfd::bench::bench_onnxruntime, {"onnxruntime_ms_per_crop", "backbone_against_onnxruntime"}},
      {dfd::bench::bench_explain, {"explain_ms", "explain_against_verdict"}},
      {dfd::bench::bench_pictures, {"detect_ms", "thumbnail_ms", "crop_ms"}},
      {dfd::bench::bench_element,
       {"added_us", "join_us", "pixel_copies_behind_tee", "model_load_ms", "model_share_ms",
        "plugin_scan_ms", "plugin_inspect_ms", "results_scan_ms", "torch_load_ms",
        "memory_per_further_stream"}},
      {dfd::bench::bench_streams, {"stream_cost", "streams_sustained", "streams_share"}}};
  return kParts;
}

void print(const Row& row, bool json) {
  if (json) {
    std::cout << nlohmann::ordered_json({{"name", row.name},
                                         {"params", row.params},
                                         {"value", row.value},
                                         {"unit", row.unit}})
              << std::endl;
  } else {
    std::printf("%-28s %-42s %10.3f %s\n", row.name.c_str(), row.params.dump().c_str(), row.value,
                row.unit.c_str());
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures deepfakedetect: networks, pictures, element, streams"};
  bool json = false;
  std::string only, network;
  double gmac = 0;
  app.add_flag("--json", json, "One object a line");
  app.add_option("--only", only, "A row's name: measures and prints nothing else");
  CLI::Option* file =
      app.add_option("--network", network, "A backbone or model: measures nothing but its network")
          ->check(CLI::ExistingFile);
  app.add_option("--gmac", gmac, "Multiply-adds of that network for a crop or clip, 1e9")
      ->needs(file);
  CLI11_PARSE(app, argc, argv);
  g_setenv("GST_PLUGIN_PATH", BENCH_DETECT_DIR ":" BENCH_RESULTS_DIR, FALSE);
  gst_init(nullptr, nullptr);
  int printed = 0;
  const Emit emit = [&](const Row& row) {
    if (!only.empty() && row.name != only) return;
    print(row, json);
    ++printed;
  };
  try {
    if (!network.empty()) dfd::bench::bench_file(emit, network, gmac);
    for (const Part& part : parts()) {
      const bool wanted =
          only.empty() || std::find(part.rows.begin(), part.rows.end(), only) != part.rows.end();
      if (wanted && network.empty()) part.run(emit);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "deepfake-bench: %s\n", error.what());
    return 1;
  }
  if (printed > 0) return 0;
  std::fprintf(stderr, "deepfake-bench: no row is named \"%s\", or what it needs is not here\n",
               only.c_str());
  return 2;
}
