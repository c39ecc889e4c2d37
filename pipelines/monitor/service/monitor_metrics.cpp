// SPDX-License-Identifier: LGPL-2.1-or-later

#include "monitor_metrics.h"

#include <functional>
#include <map>
#include <utility>

#include "base/version.h"
#include "metrics/metrics_text.h"

namespace dfd::monitor {
namespace {

using Streams = std::vector<std::unique_ptr<WatchedStream>>;

constexpr StreamState kStates[] = {StreamState::kWaiting, StreamState::kConnecting,
                                   StreamState::kPlaying, StreamState::kClosing};

// One sample a stream.
void each(MetricsText& text, const Streams& streams,
          const std::function<double(const WatchedStream&)>& value) {
  for (const auto& stream : streams) {
    text.sample(value(*stream), {{"stream", stream->stream().config().id}});
  }
}

// By the stream's id, in their order.
using AllCounters = std::vector<std::pair<std::string, Counters>>;

AllCounters counters_of(const Streams& streams) {
  AllCounters all;
  for (const auto& stream : streams) {
    all.emplace_back(stream->stream().config().id, stream->counters());
  }
  return all;
}

// One sample a label of a counter that outlives the program; `label` is what metrics call it.
void each_counter(MetricsText& text, const AllCounters& all, const std::string& name,
                  const std::string& label = "") {
  for (const auto& [stream, counters] : all) {
    for (auto at = counters.lower_bound({name, ""}); at != counters.end(); ++at) {
      if (at->first.first != name) break;
      MetricsText::Labels labels = {{"stream", stream}};
      if (!label.empty()) labels.emplace_back(label, at->first.second);
      text.sample(at->second, labels);
    }
  }
}

void write_latencies(MetricsText& text, const AllCounters& all) {
  text.begin("deepfake_analysis_latency_seconds", "histogram",
             "From the arrival of a sample at the element to its result");
  for (const auto& [stream, counters] : all) {
    std::map<double, double> counts;
    for (auto at = counters.lower_bound({"latency", ""});
         at != counters.end() && at->first.first == "latency"; ++at) {
      counts[g_ascii_strtod(at->first.second.c_str(), nullptr)] = at->second;
    }
    // Nothing before the first result of all.
    if (counts.empty()) continue;
    text.histogram(counts, counters.at({"latency_seconds", ""}), {{"stream", stream}});
  }
}

void write_states(MetricsText& text, Moment now, const Streams& streams,
                  const AllCounters& counters) {
  text.begin("deepfake_stream_up", "gauge", "1 while pictures come");
  each(text, streams, [&](const auto& stream) { return stream.stream().is_live(now) ? 1 : 0; });
  text.begin("deepfake_stream_muted", "gauge", "1 while it is muted, by its schedule or by hand");
  each(text, streams, [](const auto& stream) { return stream.is_muted() ? 1 : 0; });
  text.begin("deepfake_stream_state", "gauge", "1 for the state that the stream is in");
  for (const auto& stream : streams) {
    for (const StreamState state : kStates) {
      text.sample(stream->stream().watch().state() == state ? 1 : 0,
                  {{"stream", stream->stream().config().id}, {"state", name_of(state)}});
    }
  }
  text.begin("deepfake_stream_connects_total", "counter", "How often the source was opened");
  each_counter(text, counters, "connects");
  text.begin("deepfake_stream_failures_total", "counter", "Connections given up, by reason");
  each_counter(text, counters, "failures", "reason");
  text.begin("deepfake_stream_last_frame_timestamp_seconds", "gauge",
             "When the newest picture came, since 1970; absent before the first");
  for (const auto& stream : streams) {
    if (const auto time = stream->stream().last_frame()) {
      text.sample(unix_seconds(*time), {{"stream", stream->stream().config().id}});
    }
  }
}

void write_analysis(MetricsText& text, Moment now, const Streams& streams,
                    const AllCounters& counters) {
  text.begin("deepfake_frames_total", "counter", "Pictures decoded");
  each_counter(text, counters, "frames");
  text.begin("deepfake_samples_total", "counter", "Pictures taken for analysis");
  each_counter(text, counters, "samples");
  text.begin("deepfake_samples_skipped_total", "counter", "Samples not judged, by reason");
  each_counter(text, counters, "skipped", "reason");
  write_latencies(text, counters);
  text.begin("deepfake_judged_seconds_total", "counter",
             "Time with a verdict other than undecided");
  each_counter(text, counters, "judged_seconds");
  text.begin("deepfake_probability_ratio", "gauge",
             "That a face is manipulated, the worst one's; absent where there is none");
  for (const auto& stream : streams) {
    if (!stream->is_muted() && stream->stream().is_live(now) && stream->finding().probability) {
      text.sample(*stream->finding().probability, {{"stream", stream->stream().config().id}});
    }
  }
  text.begin("deepfake_model_info", "gauge", "The model that judges a stream");
  for (const auto& stream : streams) {
    if (stream->finding().model_id.empty()) continue;
    text.sample(
        1, {{"stream", stream->stream().config().id}, {"model_id", stream->finding().model_id}});
  }
}

void write_alarm_states(MetricsText& text, const Streams& streams) {
  text.begin("deepfake_alarm_state", "gauge", "0 idle, 1 pending, 2 firing, 3 resolved");
  for (const auto& stream : streams) {
    for (const StreamAlarms::Rule& rule : stream->alarms().rules()) {
      if (!rule.wanted) continue;
      text.sample(static_cast<double>(rule.alarm.state()),
                  {{"stream", stream->stream().config().id}, {"rule", rule.name}});
    }
  }
}

}  // namespace

std::string metrics_text(Moment now, WallTime heartbeat, const Streams& streams,
                         const std::vector<Outputs::State>& outputs, const StoreState& store,
                         const EvidenceBytes& evidence, std::optional<bool> canary_heard) {
  MetricsText text;
  text.begin("deepfake_build_info", "gauge", "The program's version");
  text.sample(1, {{"version", kVersion}});
  text.begin("deepfake_heartbeat_timestamp_seconds", "gauge",
             "When the main loop last came round, since 1970");
  text.sample(unix_seconds(heartbeat));
  text.begin("deepfake_canary_up", "gauge",
             "1 while the canary raises its alarm; absent where there is none");
  if (canary_heard) text.sample(*canary_heard ? 1 : 0);
  const AllCounters counters = counters_of(streams);
  write_states(text, now, streams, counters);
  write_analysis(text, now, streams, counters);
  write_alarm_states(text, streams);
  text.begin("deepfake_alarms_total", "counter", "Alarms that fired");
  each_counter(text, counters, "alarms", "rule");
  text.begin("deepfake_notifications_suppressed_total", "counter",
             "Events of alarms that were kept and not told, by reason");
  each_counter(text, counters, "suppressed", "reason");
  text.begin("deepfake_clips_total", "counter", "Alarms whose evidence was written");
  each_counter(text, counters, "clips");
  text.begin("deepfake_recording_lost_total", "counter",
             "Packets that were not recorded in time, segments that could not be written, or went "
             "for room");
  each_counter(text, counters, "recording_lost");
  text.begin("deepfake_evidence_bytes", "gauge", "What the evidence that is kept takes");
  text.sample(double(evidence.kept));
  text.begin("deepfake_ring_bytes", "gauge", "What the last seconds of all streams take");
  text.sample(double(evidence.rings));
  text.begin("deepfake_output_queue_length", "gauge", "Events that wait for an output");
  for (const Outputs::State& output : outputs) {
    text.sample(double(output.waiting), {{"output", output.name}});
  }
  text.begin("deepfake_output_dropped_total", "counter", "Events that an output lost");
  for (const Outputs::State& output : outputs) {
    text.sample(double(output.dropped), {{"output", output.name}});
  }
  text.begin("deepfake_store_up", "gauge", "1 while what is found can be kept");
  text.sample(store.up ? 1 : 0);
  text.begin("deepfake_store_errors_total", "counter", "Tries to keep it that failed");
  text.sample(double(store.errors));
  text.begin("deepfake_store_queue_length", "gauge", "Events that wait to be kept");
  text.sample(double(store.waiting));
  text.begin("deepfake_store_dropped_total", "counter", "Events that were told and not kept");
  text.sample(double(store.dropped));
  return text.text();
}

}  // namespace dfd::monitor
