// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The program as its users run it, and what tests beside it need.

#pragma once

#include <gio/gio.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace dfd::monitor::test {

using Json = nlohmann::json;

// A file of the build folder.
std::string scratch(const std::string& name);

// Empty where there is no such file.
std::string content_of(const std::string& path);

// A folder of the build folder, with nothing in it.
std::string empty_folder(const std::string& name);

// Whole lines of JSON.
std::vector<Json> lines_of(const std::string& text);

// Of a command line of the shell.
bool succeeds(const std::string& command);

// Waits for it, against hanging no longer than that: loaded machines are slow.
bool comes_true(const std::function<bool()>& fact,
                std::chrono::seconds longest = std::chrono::minutes(1));

// The exit code; -1 after a signal. One that has not ended within some minutes is killed, and what
// it waited for is a failure of the test.
int exit_code_of(GSubprocess* process);

class Program {
 public:
  explicit Program(std::vector<std::string> arguments);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Of the process.
  std::string id() const { return g_subprocess_get_identifier(process_); }

  // As exit_code_of() has it.
  int wait();
  void kill();
  void signal(int number);
  int stop();
  std::string out() const { return content_of(out_); }
  std::string err() const { return content_of(err_); }
  // Both; where it has said nothing yet, what it is doing.
  std::string all() const;

  // Whole lines of JSON that were printed so far.
  std::vector<Json> events() const;
  bool told(const std::function<bool(const Json& data)>& fact) const;
  bool told_stream(const std::string& state, const std::string& reason, int session = 1) const;
  bool told_alarm(const std::string& rule, const std::string& state) const;
  // "http://127.0.0.1:PORT" or "https://...", from the log; empty before it is there.
  std::string address() const;

 private:
  GSubprocess* process_ = nullptr;
  std::string out_;
  std::string err_;
};

struct Answer {
  int status = 0;
  std::string body;
  // "" where there is none. Names in lower case.
  std::string header(const std::string& name) const;
  std::vector<std::pair<std::string, std::string>> headers;

  Json json() const { return Json::parse(body, nullptr, false); }
};

struct Question {
  std::vector<std::pair<std::string, std::string>> headers;
  // Sent as JSON where there is one.
  std::string body;
};

Answer request(const std::string& method, const std::string& uri, const Question& question = {});

bool has_metric(const Program& program, const std::string& line);

// With one stream, "ch1", short times, port 0 and events on standard output. `more` stands behind
// the stream, `monitor` in [monitor].
std::string write_config(const std::string& name, const std::string& uri,
                         const std::string& more = "", const std::string& monitor = "");

// The events on `out` fit docs/schema/monitor-event.schema.json.
bool fits_schema(const std::string& out);

// A clip of a drawn face that was swapped into another drawn one, as a bare H.264 stream that can
// be repeated without a seam. Made once for a build folder; empty where it cannot be.
std::string forged_clip();

}  // namespace dfd::monitor::test
