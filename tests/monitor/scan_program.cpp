// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan_program.h"

namespace dfd::monitor::test {

namespace fs = std::filesystem;

ScanLines scan_lines_of(const std::string& text) {
  ScanLines lines;
  for (Json& line : lines_of(text)) {
    line.erase("seconds");
    ++lines.count;
    if (line["type"] == "summary") {
      lines.summary = line;
    } else {
      lines.files[line["path"]] = line;
    }
  }
  return lines;
}

Scanned scan(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"scan"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  Program program(words);
  const int code = program.wait();
  return {code, scan_lines_of(program.out())};
}

fs::path scan_clips() {
  const fs::path folder = scratch("scan_clips");
  if (fs::exists(folder / "forged.mp4")) return folder;
  fs::create_directories(folder);
  const std::string none = (folder / "none.mp4").string();
  const std::string drawn = (folder / "drawn").string();
  const bool made = succeeds(
                        "gst-launch-1.0 -q videotestsrc num-buffers=30 ! "
                        "video/x-raw,format=I420,width=320,height=180,framerate=15/1 ! "
                        "x264enc speed-preset=ultrafast ! mp4mux ! filesink location='" +
                        none + "'") &&
                    succeeds("'" DFD_TRAINER "' synthesize --output '" + drawn +
                             "' --clips 8 --seed 2 --seconds 8 2>/dev/null");
  if (made) {
    fs::copy_file(drawn + "/YouTube-real/00000.mp4", folder / "real.mp4");
    fs::copy_file(drawn + "/Celeb-synthesis/id0_id1_0000.mp4", folder / "forged.mp4");
  }
  return folder;
}

fs::path archive(const std::string& name, int files) {
  const fs::path folder = empty_folder("scan_" + name);
  for (int i = 0; i < files; ++i) {
    fs::copy_file(scan_clips() / "none.mp4", folder / (std::to_string(i) + ".mp4"));
  }
  return folder;
}

}  // namespace dfd::monitor::test
