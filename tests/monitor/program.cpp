// SPDX-License-Identifier: LGPL-2.1-or-later

#include "program.h"

#include <glib.h>
#include <libsoup/soup.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <gtest/gtest.h>

namespace dfd::monitor::test {

std::string scratch(const std::string& name) {
  return (std::filesystem::path(DFD_TEST_SCRATCH) / name).string();
}

std::string content_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string empty_folder(const std::string& name) {
  const std::string path = scratch(name);
  std::filesystem::remove_all(path);
  std::filesystem::create_directories(path);
  return path;
}

std::vector<Json> lines_of(const std::string& text) {
  std::vector<Json> lines;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(Json::parse(text.substr(begin, end - begin)));
  }
  return lines;
}

bool succeeds(const std::string& command) { return std::system(command.c_str()) == 0; }

bool comes_true(const std::function<bool()>& fact, std::chrono::seconds longest) {
  const auto end = std::chrono::steady_clock::now() + longest;
  while (std::chrono::steady_clock::now() < end) {
    if (fact()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return fact();
}

namespace {

// What a process is and where it waits, of one that has not ended.
std::string state_of(GSubprocess* process) {
  const char* id = g_subprocess_get_identifier(process);
  if (id == nullptr) return "it has ended\n";
  const std::string folder = std::string("/proc/") + id;
  std::error_code ignored;
  return std::filesystem::read_symlink(folder + "/exe", ignored).string() + " waits in " +
         content_of(folder + "/wchan") + "\n" + content_of(folder + "/status");
}

}  // namespace

int exit_code_of(GSubprocess* process) {
  // A scan of many files on a loaded machine takes a minute.
  constexpr auto kLongest = std::chrono::minutes(5);
  if (!comes_true([&] { return g_subprocess_get_identifier(process) == nullptr; }, kLongest)) {
    ADD_FAILURE() << "it does not end: " << state_of(process);
    g_subprocess_force_exit(process);
  }
  g_subprocess_wait(process, nullptr, nullptr);
  return g_subprocess_get_if_exited(process) != FALSE ? g_subprocess_get_exit_status(process) : -1;
}

Program::Program(std::vector<std::string> arguments) {
  static int number = 0;
  out_ = scratch("program" + std::to_string(++number) + ".out");
  err_ = scratch("program" + std::to_string(number) + ".err");
  // Of an earlier run.
  std::filesystem::remove(out_);
  std::filesystem::remove(err_);
  std::vector<const char*> words = {DFD_MONITOR};
  for (const std::string& argument : arguments) words.push_back(argument.c_str());
  words.push_back(nullptr);
  GSubprocessLauncher* launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
  g_subprocess_launcher_set_stdout_file_path(launcher, out_.c_str());
  g_subprocess_launcher_set_stderr_file_path(launcher, err_.c_str());
  // In a sanitized build: LeakSanitizer's tracer dies on what LibTorch leaves behind (signal 11
  // in GCC 12's).
  const char* options = std::getenv("ASAN_OPTIONS");
  const std::string no_leaks = std::string(options == nullptr ? "" : options) + ":detect_leaks=0";
  g_subprocess_launcher_setenv(launcher, "ASAN_OPTIONS", no_leaks.c_str(), TRUE);
  process_ = g_subprocess_launcher_spawnv(launcher, words.data(), nullptr);
  g_object_unref(launcher);
}

Program::~Program() {
  if (process_ == nullptr) return;
  kill();
  g_object_unref(process_);
}

int Program::wait() { return exit_code_of(process_); }

void Program::signal(int number) { g_subprocess_send_signal(process_, number); }

void Program::kill() {
  g_subprocess_force_exit(process_);
  g_subprocess_wait(process_, nullptr, nullptr);
}

std::string Program::all() const {
  const std::string said = out() + err();
  if (!said.empty()) return said;
  return "nothing was said: " + state_of(process_);
}

int Program::stop() {
  g_subprocess_send_signal(process_, SIGTERM);
  return wait();
}

std::vector<Json> Program::events() const { return lines_of(out()); }

bool Program::told(const std::function<bool(const Json& data)>& fact) const {
  const auto all = events();
  return std::any_of(all.begin(), all.end(),
                     [&](const Json& event) { return fact(event["data"]); });
}

bool Program::told_stream(const std::string& state, const std::string& reason, int session) const {
  return told([&](const Json& data) {
    return data.value("state", "") == state && data.value("reason", "") == reason &&
           data.contains("stream") && data["stream"]["session"] >= session;
  });
}

bool Program::told_alarm(const std::string& rule, const std::string& state) const {
  return told([&](const Json& data) {
    return data.contains("alarm") && data["alarm"]["rule"] == rule &&
           data["alarm"]["state"] == state;
  });
}

std::string Program::address() const {
  const std::string text = err();
  const std::string before = "listening on ";
  const std::size_t at = text.find(before);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + before.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::string Answer::header(const std::string& name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const auto& header) { return header.first == name; });
  return found == headers.end() ? "" : found->second;
}

Answer request(const std::string& method, const std::string& uri, const Question& question) {
  // Against hanging only.
  SoupSession* session = soup_session_new_with_options("timeout", 60U, nullptr);
  SoupMessage* message = soup_message_new(method.c_str(), uri.c_str());
  for (const auto& [name, value] : question.headers) {
    soup_message_headers_append(soup_message_get_request_headers(message), name.c_str(),
                                value.c_str());
  }
  if (!question.body.empty()) {
    GBytes* body = g_bytes_new(question.body.data(), question.body.size());
    soup_message_set_request_body_from_bytes(message, "application/json", body);
    g_bytes_unref(body);
  }
  // Whoever it is, it is on this machine.
  g_signal_connect(message, "accept-certificate", G_CALLBACK(+[] { return TRUE; }), nullptr);
  GBytes* bytes = soup_session_send_and_read(session, message, nullptr, nullptr);
  Answer answer;
  answer.status = static_cast<int>(soup_message_get_status(message));
  if (bytes != nullptr) {
    gsize size = 0;
    const auto* data = static_cast<const char*>(g_bytes_get_data(bytes, &size));
    answer.body.assign(data, size);
    g_bytes_unref(bytes);
  }
  soup_message_headers_foreach(
      soup_message_get_response_headers(message),
      [](const char* name, const char* value, gpointer data) {
        char* lower = g_ascii_strdown(name, -1);
        static_cast<Answer*>(data)->headers.emplace_back(lower, value);
        g_free(lower);
      },
      &answer);
  g_object_unref(message);
  g_object_unref(session);
  return answer;
}

bool has_metric(const Program& program, const std::string& line) {
  const std::string address = program.address();
  if (address.empty()) return false;
  return request("GET", address + "/metrics").body.find(line + "\n") != std::string::npos;
}

std::string write_config(const std::string& name, const std::string& uri, const std::string& more,
                         const std::string& monitor) {
  const std::string path = scratch(name);
  const std::string state = path + ".state";
  // Of an earlier run.
  std::filesystem::remove_all(state);
  std::ofstream(path) << "version = 1\n[monitor]\nlisten = \"127.0.0.1:0\"\n"
                      << "state_dir = \"" << state << "\"\n"
                      << monitor << "[[output.jsonl]]\npath = \"-\"\n"
                      << "[defaults]\nstall_timeout_s = 1\nfirst_frame_timeout_s = 20\n"
                      << "backoff = {min_ms = 100, max_ms = 1000}\n"
                      << "[defaults.alarm]\nwindow_s = 1\nhold_s = 1\ncooldown_s = 0\n"
                      << "[[stream]]\nid = \"ch1\"\nuri = \"" << uri << "\"\n"
                      << more;
  return path;
}

bool fits_schema(const std::string& out) {
  const std::string path = scratch("events.jsonl");
  std::ofstream(path) << out;
  const std::string command = "/usr/bin/python3 '" DFD_SOURCE
                              "/tests/checks/check_lines.py' '" DFD_SOURCE
                              "/docs/schema/monitor-event.schema.json' '" +
                              path + "'";
  return succeeds(command);
}

// A clip of a drawn face that was swapped into another drawn one, as a bare H.264 stream that can
// be repeated without a seam. Made once for a build folder.
std::string forged_clip() {
  const std::string path = scratch("monitor_forged.h264");
  if (std::filesystem::exists(path)) return path;
  const std::string data = scratch("monitor_clips");
  const std::string made = scratch("monitor_made.h264");
  const std::string draw = "'" DFD_TRAINER "' synthesize --output '" + data +
                           "' --clips 8 --seed 2 --seconds 4 2>/dev/null";
  const std::string copy = "ffmpeg -v error -y -i '" + data +
                           "/Celeb-synthesis/id0_id1_0000.mp4' -c copy -bsf:v h264_mp4toannexb '" +
                           made + "'";
  if (!succeeds(draw) || !succeeds(copy)) return "";
  std::filesystem::rename(made, path);
  return path;
}

}  // namespace dfd::monitor::test
