// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Chromium without a screen, through chromedriver: https://www.w3.org/TR/webdriver2/.

#pragma once

#include <gio/gio.h>

#include <string>
#include <vector>

#include "monitor/program.h"

namespace dfd::monitor::test {

// Keys that are no letters, in WebDriver's code.
inline constexpr const char* kTab = "\uE004";
inline constexpr const char* kEnter = "\uE007";

class Browser {
 public:
  // A session of its own, without cookies, in a time zone with half an hour in its offset. Throws
  // std::runtime_error where it cannot be had, as everything else that cannot be done.
  Browser();
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  void open(const std::string& uri);

  // What the body of a function returns, in the page.
  Json run(const std::string& script, const Json& arguments = Json::array());

  // Some element of that CSS selector can be seen, and its text holds `text`.
  bool shows(const std::string& selector, const std::string& text = "");

  // As with a mouse: the first of the selector has to be there and free.
  void click(const std::string& selector);

  // Letters and keys, to what has the focus.
  void type(const std::string& keys);

  // Presses Tab until something of the selector has the focus; false where that does not come.
  bool tab_to(const std::string& selector);

  // Of the window, in pixels of CSS.
  void set_size(int width, int height);

  // Warnings and errors of the console since the last call; not those of requests that got another
  // answer than 200.
  std::vector<std::string> complaints();

  // Addresses that the page asked for since the last call.
  std::vector<std::string> requested();

 private:
  Json call(const std::string& method, const std::string& path, const Json& body = Json::object());
  void command(const std::string& name, const Json& parameters);
  void begin_session();
  Json log(const std::string& type);

  GSubprocess* driver_ = nullptr;
  // Of the driver.
  std::string address_;
  std::string profile_;
  std::string session_;
};

}  // namespace dfd::monitor::test
