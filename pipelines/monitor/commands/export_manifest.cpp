// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What people said of alarms becomes what the trainer learns from: docs/training.md has the form.

#include <algorithm>
#include <filesystem>
#include <string>

#include "base/exit_code.h"
#include "base/json.h"
#include "base/log.h"
#include "base/whole_file.h"
#include "commands/commands.h"
#include "config/config.h"
#include "store/reader.h"
#include "store/state_folder.h"

namespace dfd::monitor {
namespace {

namespace fs = std::filesystem;

// The face that the alarm is of, when it was most probably forged. Others have people beside it of
// whom nothing was said, and one is drawn upon.
constexpr const char* kPicture = "face.jpg";

// Evidence goes in its time; what was copied stays. False where there is neither.
bool copy_picture(const KeptAlarm& kept, const fs::path& state, const fs::path& copy) {
  if (fs::exists(copy)) return true;
  const auto file = std::find_if(kept.evidence.begin(), kept.evidence.end(),
                                 [](const EvidenceFile& one) { return one.name == kPicture; });
  if (file == kept.evidence.end() || !fs::is_regular_file(state / file->path)) return false;
  make_folder(copy.parent_path());
  const fs::path part = copy.string() + ".part";
  fs::copy_file(state / file->path, part, fs::copy_options::overwrite_existing);
  fs::permissions(part, fs::perms(0640));
  fs::rename(part, copy);
  return true;
}

// All of one stream are of one recording: they belong on one side of any split.
Json line_of(const KeptAlarm& kept, const std::string& path) {
  return {{"path", path},
          {"label", kept.label->is_false ? "real" : "fake"},
          {"identity", Json::array()},
          {"source", kept.alarm.stream},
          {"generator", nullptr},
          {"group", kept.alarm.stream},
          {"split", nullptr},
          {"compression", nullptr},
          {"evidence", nullptr}};
}

}  // namespace

int export_manifest(const std::string& config_file, const std::string& folder) {
  return with_config([&] {
    const Config config = read_config(config_file);
    const fs::path state = config.state_dir.empty() ? default_state_folder() : config.state_dir;
    const std::vector<KeptAlarm> alarms = Reader(state.string()).labelled("face");
    make_folder(folder);
    std::string lines = Json{{"manifest", 1}, {"split", nullptr}}.dump() + "\n";
    std::size_t written = 0;
    for (const KeptAlarm& kept : alarms) {
      const std::string path = kept.alarm.stream + "/" + kept.alarm.record.id + ".jpg";
      if (!copy_picture(kept, state, fs::path(folder) / path)) {
        log_line("alarm " + kept.alarm.record.id + " has no " + kPicture + ", and is left out");
        continue;
      }
      lines += line_of(kept, path).dump() + "\n";
      ++written;
    }
    const fs::path manifest = fs::path(folder) / "manifest.jsonl";
    write_whole(manifest, lines);
    log_line(manifest.string() + ": " + std::to_string(written) + " of " +
             std::to_string(alarms.size()) + " labelled alarms");
    return kExitDone;
  });
}

}  // namespace dfd::monitor
