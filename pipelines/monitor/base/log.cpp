// SPDX-License-Identifier: LGPL-2.1-or-later

#include "log.h"

#include <gst/gst.h>
#include <unistd.h>

#include <string>

#include "base/secrets.h"

namespace dfd::monitor {
namespace {

void write_out(const std::string& line) {
  // A log that cannot be written is no reason to stop watching.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
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

void mask_debug_lines() {
  gst_debug_remove_log_function(gst_debug_log_default);
  gst_debug_add_log_function(log_masked, nullptr, nullptr);
}

}  // namespace dfd::monitor
