// SPDX-License-Identifier: LGPL-2.1-or-later

#include "log.h"

#include <gst/gst.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstddef>
#include <mutex>
#include <string>
#include <utility>

#include "base/secrets.h"

namespace dfd::monitor {
namespace {

// To the beginning of the line, and nothing on it any more.
constexpr const char* kClear = "\r\033[K";

struct Status {
  std::mutex mutex;
  // What stands on the terminal.
  std::string text;
};

Status& status() {
  static Status only;
  return only;
}

void write_bytes(const std::string& bytes) {
  // A log that cannot be written is no reason to stop watching.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, bytes.data(), bytes.size());
}

void write_out(const std::string& line) {
  std::string below;
  {
    const std::lock_guard<std::mutex> lock(status().mutex);
    below = status().text;
  }
  write_bytes(below.empty() ? line : kClear + line + below);
}

// In letters; what cannot be asked is taken for an old terminal.
std::size_t terminal_width() {
  constexpr std::size_t kUsual = 80;
  struct winsize size {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

void log_masked(GstDebugCategory* category, GstDebugLevel level, const gchar* file,
                const gchar* function, gint line, GObject* object, GstDebugMessage* message,
                gpointer /*data*/) {
  gchar* text = gst_debug_log_get_line(category, level, file, function, line, object, message);
  write_out(masked(text));
  g_free(text);
}

}  // namespace

void log_line(std::string_view text) { write_out("deepfake-monitor: " + masked(text) + "\n"); }

void show_status(const std::string& text) {
  static const bool kTerminal = isatty(STDERR_FILENO) != 0;
  if (!kTerminal) return;
  // The last column is left free: some terminals go to the next line there.
  const std::string shown = text.substr(0, terminal_width() - 1);
  {
    const std::lock_guard<std::mutex> lock(status().mutex);
    if (std::exchange(status().text, shown) == shown) return;
  }
  write_bytes(kClear + shown);
}

void mask_debug_lines() {
  gst_debug_remove_log_function(gst_debug_log_default);
  gst_debug_add_log_function(log_masked, nullptr, nullptr);
}

}  // namespace dfd::monitor
