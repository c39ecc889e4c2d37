// SPDX-License-Identifier: LGPL-2.1-or-later

#include "browser.h"

#include <signal.h>

#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace dfd::monitor::test {
namespace {

// A window of its own for each.
std::string new_profile() {
  static int number = 0;
  std::string path = scratch("chromium" + std::to_string(++number));
  // Of an earlier run.
  std::filesystem::remove_all(path);
  return path;
}

Json options(const std::string& profile) {
  // Whoever is root has no sandbox, and containers have little shared memory.
  const Json arguments = {"--headless=new",          "--no-sandbox",
                          "--disable-gpu",           "--disable-dev-shm-usage",
                          "--disable-sync",          "--disable-background-networking",
                          "--no-first-run",          "--disable-component-update",
                          "--window-size=1400,1000", "--user-data-dir=" + profile};
  return {{"capabilities",
           {{"alwaysMatch",
             {{"browserName", "chrome"},
              {"goog:loggingPrefs", {{"browser", "ALL"}, {"performance", "ALL"}}},
              {"goog:chromeOptions", {{"args", arguments}}}}}}}};
}

// "ChromeDriver was started successfully on port 41234."; empty before that.
std::string address_in(const std::string& text) {
  const std::string before = "successfully on port ";
  const std::size_t at = text.find(before);
  if (at == std::string::npos) return "";
  const std::size_t begin = at + before.size();
  const std::size_t end = text.find('.', begin);
  if (end == std::string::npos) return "";
  return "http://127.0.0.1:" + text.substr(begin, end - begin);
}

}  // namespace

Browser::Browser() {
  const std::string out = scratch("chromedriver.out");
  std::filesystem::remove(out);
  GSubprocessLauncher* launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_subprocess_launcher_set_stdout_file_path(launcher, out.c_str());
  // Port 0: any that is free.
  const char* const words[] = {"chromedriver", "--port=0", nullptr};
  driver_ = g_subprocess_launcher_spawnv(launcher, words, nullptr);
  g_object_unref(launcher);
  if (driver_ == nullptr) throw std::runtime_error("chromedriver cannot be started");
  if (!comes_true([&] { return !(address_ = address_in(content_of(out))).empty(); })) {
    throw std::runtime_error("chromedriver: " + content_of(out));
  }
  begin_session();
}

Browser::~Browser() {
  if (driver_ == nullptr) return;
  if (!session_.empty()) request("DELETE", address_ + session_);
  g_subprocess_send_signal(driver_, SIGTERM);
  g_subprocess_wait(driver_, nullptr, nullptr);
  g_object_unref(driver_);
  // What is still being written stays; the next run takes it away.
  std::error_code ignored;
  std::filesystem::remove_all(profile_, ignored);
}

void Browser::begin_session() {
  profile_ = new_profile();
  const Json made = call("POST", "/session", options(profile_));
  session_ = "/session/" + made["sessionId"].get<std::string>();
  command("Emulation.setTimezoneOverride", {{"timezoneId", "Asia/Kolkata"}});
  // What Chromium itself shows in a new window is none of the page's.
  open("about:blank");
  requested();
}

Json Browser::call(const std::string& method, const std::string& path, const Json& body) {
  const Answer answer =
      request(method, address_ + session_ + path, {{}, method == "POST" ? body.dump() : ""});
  const Json said = answer.json();
  if (answer.status != 200 || !said.contains("value")) {
    throw std::runtime_error("chromedriver: " + path + ": " + answer.body);
  }
  return said["value"];
}

void Browser::command(const std::string& name, const Json& parameters) {
  call("POST", "/goog/cdp/execute", {{"cmd", name}, {"params", parameters}});
}

void Browser::open(const std::string& uri) { call("POST", "/url", {{"url", uri}}); }

Json Browser::run(const std::string& script, const Json& arguments) {
  return call("POST", "/execute/sync", {{"script", script}, {"args", arguments}});
}

bool Browser::shows(const std::string& selector, const std::string& text) {
  return run(
      "return [...document.querySelectorAll(arguments[0])].some((element) => "
      "element.checkVisibility() && element.textContent.includes(arguments[1]))",
      Json::array({selector, text}));
}

void Browser::click(const std::string& selector) {
  const Json element = call("POST", "/element", {{"using", "css selector"}, {"value", selector}});
  call("POST", "/element/" + element.begin().value().get<std::string>() + "/click");
}

void Browser::type(const std::string& keys) {
  Json actions = Json::array();
  for (std::size_t begin = 0; begin < keys.size();) {
    std::size_t end = begin + 1;
    // The rest of a letter in UTF-8.
    while (end < keys.size() && (static_cast<unsigned char>(keys[end]) & 0xC0U) == 0x80U) ++end;
    const std::string key = keys.substr(begin, end - begin);
    actions.push_back({{"type", "keyDown"}, {"value", key}});
    actions.push_back({{"type", "keyUp"}, {"value", key}});
    begin = end;
  }
  const Json keyboard = {{"type", "key"}, {"id", "keyboard"}, {"actions", actions}};
  call("POST", "/actions", {{"actions", Json::array({keyboard})}});
}

bool Browser::tab_to(const std::string& selector) {
  // More than any of our pages has.
  constexpr int kMost = 100;
  for (int i = 0; i < kMost; ++i) {
    if (run("return document.activeElement.matches(arguments[0])", Json::array({selector})))
      return true;
    type(kTab);
  }
  return false;
}

void Browser::set_size(int width, int height) {
  command("Emulation.setDeviceMetricsOverride",
          {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", false}});
}

Json Browser::log(const std::string& type) { return call("POST", "/se/log", {{"type", type}}); }

std::vector<std::string> Browser::complaints() {
  std::vector<std::string> result;
  for (const Json& entry : log("browser")) {
    const bool is_bad = entry["level"] == "SEVERE" || entry["level"] == "WARNING";
    if (is_bad && entry["source"] != "network") result.push_back(entry["message"]);
  }
  return result;
}

std::vector<std::string> Browser::requested() {
  std::vector<std::string> result;
  for (const Json& entry : log("performance")) {
    const Json event = Json::parse(entry["message"].get<std::string>())["message"];
    if (event["method"] == "Network.requestWillBeSent") {
      result.push_back(event["params"]["request"]["url"]);
    }
  }
  return result;
}

}  // namespace dfd::monitor::test
