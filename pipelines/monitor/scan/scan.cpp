// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/scan.h"

#include <glib-unix.h>

#include <csignal>
#include <stdexcept>
#include <utility>

#include "base/log.h"
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

// Names of files may hold what terminals obey.
std::string printable(std::string text) {
  constexpr unsigned char kDelete = 0x7f;
  for (char& letter : text) {
    const auto value = static_cast<unsigned char>(letter);
    if (value < ' ' || value == kDelete) letter = '?';
  }
  return text;
}

gboolean on_tick(gpointer /*data*/) { return G_SOURCE_CONTINUE; }

}  // namespace

Scan::Scan(ScanSettings settings)
    : settings_(std::move(settings)), output_(settings_.output, settings_.resume) {
  stream_.id = "scan";
  stream_.detect = settings_.detect;
  // The last of a name counts: each picture waits for its result, and none is left out.
  stream_.detect.push_back({"mode", "complete", {}, {}});
}

void Scan::list() {
  std::vector<ListedFile> files = list_files(settings_.paths);
  for (ListedFile& file : files) {
    if (settings_.shard.holds(file.path)) {
      files_.push_back(std::move(file));
    } else {
      ++totals_.elsewhere;
    }
  }
  log_line("scan: " + std::to_string(files_.size()) + " of " + std::to_string(files.size()) +
           " files" +
           (settings_.shard.count > 1 ? " fall to shard " + std::to_string(settings_.shard.index) +
                                            "/" + std::to_string(settings_.shard.count)
                                      : std::string()));
}

void Scan::start_files(Time now) {
  while (!stopping_ && next_ < files_.size() && running_.size() < settings_.jobs) {
    ListedFile& file = files_[next_++];
    std::optional<RecordedFile> earlier;
    const auto found = output_.recorded().find(file.path);
    if (found != output_.recorded().end()) earlier = found->second;
    running_.emplace_back(
        std::move(file), std::move(earlier), from_seconds(settings_.timeout_s),
        [this] { return make_detect(stream_.id, stream_.detect); }, now);
  }
}

void Scan::take_result(const FileScan& scan) {
  is_stuck_ = is_stuck_ || scan.is_stuck();
  if (scan.skipped()) {
    ++totals_.skipped;
    return;
  }
  const FileResult& result = scan.result();
  if (scan.known()) {
    scan.earlier().failed ? void(++totals_.failed) : totals_.add(scan.earlier().verdict);
    return;
  }
  output_.write(line_of(result));
  std::string said;
  if (result.error) {
    ++totals_.failed;
    said = "failed (" + result.error->reason + ": " + result.error->text + ")";
  } else {
    totals_.add(result.decision->verdict);
    said = name_of(result.decision->verdict);
    if (result.decision->reason != "none") said += " (" + result.decision->reason + ")";
  }
  log_line(printable("scan: " + std::to_string(totals_.files()) + "/" +
                     std::to_string(files_.size()) + " " + result.path + ": " + said));
}

gboolean Scan::on_signal(gpointer data) {
  static_cast<Scan*>(data)->stopping_ = true;
  log_line("scan: stopping after the files that run; a second signal stops at once");
  // Gone with its source, the signal does again what it does by itself.
  return G_SOURCE_REMOVE;
}

ScanOutcome Scan::run() {
  // Timeouts need no finer one; all else wakes the loop up.
  constexpr guint kTick_ms = 50;
  const Time begin = now().steady;
  list();
  const LoopSource tick(g_timeout_add(kTick_ms, on_tick, nullptr));
  g_unix_signal_add(SIGTERM, on_signal, this);
  g_unix_signal_add(SIGINT, on_signal, this);
  ModelHolder model({stream_});
  while (model.state() == ModelHolder::State::kLoading && !stopping_) {
    g_main_context_iteration(nullptr, TRUE);
  }
  if (model.state() == ModelHolder::State::kFailed) throw std::runtime_error(model.error());
  start_files(now().steady);
  while (!running_.empty()) {
    g_main_context_iteration(nullptr, TRUE);
    const Time time = now().steady;
    for (auto file = running_.begin(); file != running_.end();) {
      if (file->update(time)) {
        take_result(*file);
        file = running_.erase(file);
      } else {
        ++file;
      }
    }
    start_files(time);
  }
  totals_.remaining = files_.size() - next_;
  output_.write(summary_line(totals_, settings_.shard.index, settings_.shard.count,
                             to_seconds(now().steady - begin)));
  return {totals_.exit_code(), is_stuck_};
}

}  // namespace dfd::monitor
