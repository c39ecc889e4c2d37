// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What an explanation costs beside the sample it explains.

#include <thread>

#include <ATen/Parallel.h>

#include "backbone/input.h"
#include "bench.h"
#include "scoring/device.h"
#include "scoring/scorer.h"

namespace dfd::bench {

void bench_explain(const Emit& emit) {
  at::set_num_threads(static_cast<int>(std::thread::hardware_concurrency()));
  const Precision precision = select_precision(Precision::kAuto, at::kCPU);
  const LoadedModel model = load_model(bench_model(), at::kCPU, precision);
  const Scene scene = draw_scene(1);
  const Frame frame = to_i420(scene.rgb);
  std::unique_ptr<Window> window;
  std::vector<Sample> samples(1);
  samples[0].window = &window;
  samples[0].plan = *plan_face(frame.view, scene.faces[0], {}, model.config.input);
  const auto score = [&](std::optional<ExplainMethod> method) {
    samples[0].explain = method;
    model.scorer->crop({&samples[0]});
    model.scorer->score(samples);
  };
  for (int i = 0; i < model.config.window_length; ++i) score(std::nullopt);  // Full from here on.
  const auto times =
      in_turns({[&] { score(std::nullopt); }, [&] { score(ExplainMethod::kGradCam); },
                [&] { score(ExplainMethod::kHiResCam); }},
               15);
  const double plain = times[0].median();
  for (const std::size_t i : {1U, 2U}) {
    const nlohmann::ordered_json params{{"method", i == 1 ? "grad-cam" : "hires-cam"},
                                        {"precision", to_string(precision)}};
    emit({"explain_ms", params, times[i].median() - plain, "ms"});
    emit({"explain_against_verdict", params, (times[i].median() - plain) / plain, "times"});
  }
}

}  // namespace dfd::bench
