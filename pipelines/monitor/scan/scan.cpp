// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/scan.h"

#include <glib-unix.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "base/whole_file.h"
#include "streams/model_holder.h"

namespace dfd::monitor {
namespace {

// A source of the main loop for as long as this lives.
class LoopSource {
 public:
  explicit LoopSource(guint id) : id_(id) {}
  ~LoopSource() { g_source_remove(id_); }
  LoopSource(const LoopSource&) = delete;
  LoopSource& operator=(const LoopSource&) = delete;

 private:
  guint id_;
};

gboolean on_tick(gpointer /*data*/) { return G_SOURCE_CONTINUE; }

}  // namespace

Scan::Scan(ScanSettings settings)
    : settings_(std::move(settings)), output_(settings_.output, settings_.resume) {
  if (!settings_.pictures.empty()) make_folder(settings_.pictures);
  stream_.id = "scan";
  stream_.detect = settings_.detect;
  // The last of a name counts: each picture waits for its result, and none is left out.
  stream_.detect.push_back({"mode", "complete", {}, {}});
}

void Scan::start_files(Time now) {
  while (!stopping_ && running_.size() < settings_.jobs) {
    std::optional<Task> task = work_->next();
    if (!task) return;
    std::optional<RecordedFile> earlier;
    const auto found = output_.recorded().find(task->file.path);
    if (found != output_.recorded().end()) earlier = found->second;
    running_.emplace_back(
        std::move(*task), std::move(earlier), from_seconds(settings_.timeout_s),
        [this] { return make_detect(stream_.id, stream_.detect); }, settings_.pictures, now);
  }
}

void Scan::take_result(const Task& task, const FileScan& scan) {
  const FileResult& result = scan.result();
  if (!scan.known()) ++looked_at_;
  if (scan.skipped()) {
    ++totals_.skipped;
    work_->settle(task, /*failed=*/false);
    return;
  }
  if (scan.known()) {
    const RecordedFile& earlier = scan.earlier();
    earlier.failed ? void(++totals_.failed) : totals_.add(earlier.verdict);
    work_->settle(task, earlier.failed);
    return;
  }
  std::string said;
  if (result.error) said = "failed (" + result.error->reason + ": " + result.error->text + ")";
  if (result.error && work_->takes_back(task, *result.error)) {
    log_result(result, said + "; it is tried again later");
    return;
  }
  output_.write(line_of(result));
  work_->settle(task, result.error.has_value());
  if (result.error) {
    ++totals_.failed;
  } else {
    totals_.add(result.decision->verdict);
    said = name_of(result.decision->verdict);
    if (result.decision->reason != "none") said += " (" + result.decision->reason + ")";
  }
  log_result(result, said);
}

// A list comes to its end by itself; a worker at a queue would hold ever more.
void Scan::note_stuck(Time now) {
  is_stuck_ = true;
  if (!stuck_limit_.note(now) || work_->size() || totals_.stuck) return;
  log_line(
      "scan: three pipelines within an hour did not stop: giving up after the files that run, to "
      "be started anew");
  totals_.stuck = true;
  stopping_ = true;
  work_->stop();
}

void Scan::show(ProgressLine& line, Time now) const {
  const auto size = work_->size();
  // Lines of results must not come behind it.
  const bool is_taken = settings_.output == "-" && isatty(STDOUT_FILENO) != 0;
  if (!size || is_taken) return;
  line.show({totals_.files() + totals_.skipped, *size, looked_at_, now - judging_since_}, now);
}

void Scan::log_result(const FileResult& result, const std::string& said) const {
  const auto size = work_->size();
  log_line(printable("scan: " + std::to_string(totals_.files()) +
                     (size ? "/" + std::to_string(*size) : "") + " " + result.path + ": " + said));
}

gboolean Scan::on_signal(gpointer data) {
  auto* self = static_cast<Scan*>(data);
  self->stopping_ = true;
  self->work_->stop();
  log_line("scan: stopping after the files that run; a second signal stops at once");
  // Gone with its source, the signal does again what it does by itself.
  return G_SOURCE_REMOVE;
}

ScanOutcome Scan::run(Work& work) {
  // Timeouts need no finer one; all else wakes the loop up.
  constexpr guint kTick_ms = 50;
  const Time begin = now().steady;
  work_ = &work;
  log_line("scan: " + work_->text());
  const LoopSource tick(g_timeout_add(kTick_ms, on_tick, nullptr));
  g_unix_signal_add(SIGTERM, on_signal, this);
  g_unix_signal_add(SIGINT, on_signal, this);
  ModelHolder model({stream_});
  while (model.state() == ModelHolder::State::kLoading && !stopping_) {
    g_main_context_iteration(nullptr, TRUE);
  }
  if (model.state() == ModelHolder::State::kFailed) throw std::runtime_error(model.error());
  judging_since_ = now().steady;
  auto progress = std::make_unique<ProgressLine>();
  start_files(judging_since_);
  while (!running_.empty() || (!stopping_ && !work_->is_over())) {
    g_main_context_iteration(nullptr, TRUE);
    const Time time = now().steady;
    for (auto file = running_.begin(); file != running_.end();) {
      if (file->scan.update(time)) {
        take_result(file->task, file->scan);
        if (file->scan.is_stuck()) note_stuck(time);
        file = running_.erase(file);
      } else {
        ++file;
      }
    }
    start_files(time);
    show(*progress, time);
  }
  progress.reset();
  work_->end(totals_);
  output_.write(summary_line(totals_, settings_.shard.index, settings_.shard.count,
                             to_seconds(now().steady - begin)));
  return {totals_.exit_code(), is_stuck_};
}

}  // namespace dfd::monitor
