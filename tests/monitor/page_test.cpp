// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The page as people see it, in a real browser.

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/digest.h"
#include "monitor/browser.h"
#include "monitor/media_servers.h"
#include "monitor/program.h"
#include "monitor/rtsp_server.h"
#include "monitor/web_fixture.h"
#include "store/evidence_files.h"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 5s
using dfd::monitor::StreamStatus;
using dfd::monitor::test::Browser;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::content_of;
using dfd::monitor::test::forged_clip;
using dfd::monitor::test::Json;
using dfd::monitor::test::kEnter;
using dfd::monitor::test::Program;
using dfd::monitor::test::RtspServer;
using dfd::monitor::test::scratch;
using dfd::monitor::test::stream_status;
using dfd::monitor::test::succeeds;
using dfd::monitor::test::write_clip;
using dfd::monitor::test::write_config;

constexpr const char* kViewer = "viewer-viewer-viewer-viewer";
constexpr const char* kOperator = "operator-operator-operator";
// An element where somebody takes names for HTML, what ends attributes, and what turns a line.
constexpr const char* kHostile = "<script>window.hacked=1</script> \"q\" 'a' & \u202Elive";

// Waits until it is seen.
bool sees(Browser& browser, const std::string& selector, const std::string& text = "") {
  return comes_true([&] { return browser.shows(selector, text); });
}

// What the page says, for those who read why a test failed.
std::string page_text(Browser& browser) {
  return browser.run("return document.body.innerText").get<std::string>();
}

// Nothing went wrong, and nobody else was asked for anything.
void expect_well(Browser& browser, const std::string& address) {
  for (const std::string& complaint : browser.complaints()) ADD_FAILURE() << complaint;
  std::size_t own = 0;
  for (const std::string& uri : browser.requested()) {
    const bool is_own = uri.compare(0, address.size() + 1, address + "/") == 0;
    own += is_own ? 1 : 0;
    // What a new window shows at first, and Chromium's own player.
    if (!is_own && uri.rfind("data:", 0) != 0) ADD_FAILURE() << uri;
  }
  EXPECT_GT(own, 0U);
}

std::string token_file(const std::string& name, const std::string& token) {
  const std::string path = scratch(name);
  std::ofstream(path) << token << "\n";
  fs::permissions(path, fs::perms(0600));
  return path;
}

// "ch1" and "ch2".
std::string config_of(const std::string& first, const std::string& second) {
  const auto token = [](const std::string& name, const std::string& role,
                        const std::string& secret) {
    return "[[token]]\nname = \"" + name + "\"\nrole = \"" + role + "\"\nfile = \"" +
           token_file("page_" + role + ".token", secret) + "\"\n";
  };
  // A TOML text without escapes. Alarms stay open.
  return write_config(
      "page.toml", first,
      "name = '''" + std::string(kHostile) +
          "'''\nalarm = {hold_s = 600}\n[[stream]]\nid = \"ch2\"\nuri = \"" + second +
          "\"\nname = \"Second\"\n",
      token("night desk", "operator", kOperator) + token("guest", "viewer", kViewer));
}

void log_in(Browser& browser, const std::string& token) {
  ASSERT_TRUE(sees(browser, "#log-in")) << page_text(browser);
  ASSERT_TRUE(browser.run("return document.activeElement.id === 'token'"));
  browser.type(token + kEnter);
}

// By the keyboard alone.
void acknowledge_and_label(Browser& browser) {
  ASSERT_TRUE(browser.tab_to("[data-rule=face] .ack"));
  browser.type(kEnter);
  EXPECT_TRUE(sees(browser, "[data-rule=face] .acknowledged", "Acknowledged by night desk at "))
      << page_text(browser);
  EXPECT_FALSE(browser.shows("[data-rule=face] .ack"));
  ASSERT_TRUE(browser.tab_to("[data-rule=face] .label"));
  // Whoever works with the keyboard sees where he is.
  EXPECT_NE(browser.run("return getComputedStyle(document.activeElement).outlineStyle"), "none");
  browser.type(kEnter);
  ASSERT_TRUE(sees(browser, "#label")) << page_text(browser);
  browser.type(" ");
  ASSERT_TRUE(browser.tab_to("#label-note"));
  browser.type("only <b>drawn</b>");
  ASSERT_TRUE(browser.tab_to("#label [type=submit]"));
  browser.type(kEnter);
  EXPECT_TRUE(sees(browser, "[data-rule=face] .labelled", "False alarm, says night desk"))
      << page_text(browser);
  EXPECT_TRUE(browser.shows("[data-rule=face] .labelled", ": only <b>drawn</b>"));
  EXPECT_FALSE(browser.shows("#label"));
  // It was sent once, whoever was logged in before.
  EXPECT_EQ(browser.run("return document.querySelector('#label .fault').textContent"), "");
}

void mute_and_end_that(Browser& browser) {
  browser.click("[data-stream=ch2] .mute");
  ASSERT_TRUE(sees(browser, "#mute")) << page_text(browser);
  ASSERT_TRUE(browser.tab_to("#mute-reason"));
  browser.type(std::string("lens & \"filter\"") + kEnter);
  EXPECT_TRUE(sees(browser, "[data-stream=ch2][data-look=muted] .verdict", "lens & \"filter\""))
      << page_text(browser);
  EXPECT_TRUE(browser.shows("[data-stream=ch2] .verdict", "+05:30"));
  browser.click("[data-stream=ch2] .unmute");
  EXPECT_TRUE(sees(browser, "[data-stream=ch2][data-look=undecided]")) << page_text(browser);
}

TEST(Page, AlarmsAppearAndAreTakenOn) {
  const std::string clip = forged_clip();
  ASSERT_FALSE(clip.empty());
  const RtspServer forged(RtspServer::looped(clip));
  auto second = std::make_unique<RtspServer>(RtspServer::test_picture());
  Program program({"run", config_of(forged.uri(), second->uri())});
  ASSERT_TRUE(comes_true([&] { return !program.address().empty(); })) << program.all();
  Browser browser;
  browser.open(program.address());
  log_in(browser, "nobody-nobody-nobody");
  EXPECT_TRUE(sees(browser, "#log-in .fault", "there is no such token")) << page_text(browser);
  log_in(browser, kViewer);
  ASSERT_TRUE(sees(browser, "[data-stream=ch2] .headline")) << page_text(browser);
  EXPECT_FALSE(browser.shows("#desk button"));
  browser.click("#log-out");
  log_in(browser, kOperator);
  ASSERT_TRUE(sees(browser, "#who", "night desk (operator)")) << page_text(browser);
  ASSERT_TRUE(sees(browser, "[data-stream=ch2][data-look=undecided] .verdict", "no face"))
      << page_text(browser);
  EXPECT_TRUE(sees(browser, "[data-stream=ch2] .state", "playing for "));
  EXPECT_TRUE(sees(browser, "#connection", "Connected")) << page_text(browser);
  EXPECT_TRUE(browser.shows("#clock", "+05:30"));
  EXPECT_TRUE(browser.shows("[data-stream=ch1] .name", kHostile));
  EXPECT_TRUE(browser.shows("#coverage [data-stream=ch1]", kHostile));

  // From here on without opening it anew.
  browser.run("window.here = true");
  ASSERT_TRUE(sees(browser, "#open-alarms [data-rule=face][data-state=firing]"))
      << page_text(browser);
  EXPECT_TRUE(browser.shows("#open-alarms [data-rule=face] .name", kHostile));
  EXPECT_TRUE(sees(browser, "[data-stream=ch1] .graph .line"));
  acknowledge_and_label(browser);
  mute_and_end_that(browser);
  second.reset();
  ASSERT_TRUE(sees(browser, "#open-alarms [data-rule=down][data-state=firing] .name", "Second"))
      << page_text(browser);
  EXPECT_TRUE(sees(browser, "[data-stream=ch2][data-look=down] .headline", "Down"));
  EXPECT_TRUE(sees(browser, "#news", "New alarm: Stream down, Second."));
  EXPECT_TRUE(
      browser.run("return window.here === true && window.hacked === undefined && "
                  "document.querySelector('main script, main b') === null"));

  expect_well(browser, program.address());

  program.kill();
  ASSERT_TRUE(sees(browser, "#lost", "Not connected")) << page_text(browser);
  EXPECT_TRUE(browser.shows("#connection", "Not connected for "));
  EXPECT_TRUE(browser.shows("[data-stream=ch1][data-look=unknown] .headline", "Unknown"));
  EXPECT_FALSE(browser.shows("[data-stream] .number", "%"));
}

class PageViewTest : public dfd::monitor::test::WebFixture {
 protected:
  void put_picture(const std::string& color) {
    const std::string path = scratch("page_" + color + ".jpg");
    const std::string make =
        "ffmpeg -v error -y -f lavfi -i color=" + color + ":s=320x180 -frames:v 1 '" + path + "'";
    ASSERT_TRUE(succeeds(make));
    board_.put_picture(
        "ch1", {std::make_shared<const std::string>(content_of(path)), dfd::monitor::now().wall});
  }
  void add_file(const std::string& name, const std::string& from) {
    const std::string path = "evidence/ch1/" + name;
    fs::create_directories(folder_ + "/evidence/ch1");
    fs::copy_file(from, folder_ + "/" + path);
    dfd::monitor::Database database(folder_ + "/state.sqlite");
    write_evidence(database, alarm_id(1),
                   {name, path, static_cast<std::int64_t>(fs::file_size(from)),
                    dfd::monitor::sha256_of(content_of(from))});
  }
};

TEST_F(PageViewTest, WhatNobodyCanSayLooksLikeNothingElse) {
  start();
  std::vector<StreamStatus> all;
  const auto add = [&](const std::string& verdict, const std::string& reason) -> StreamStatus& {
    all.push_back(stream_status("s" + std::to_string(all.size())));
    all.back().name = "Stream";
    all.back().since = dfd::monitor::now().wall - 90s;
    all.back().verdict = verdict;
    all.back().reason = reason;
    return all.back();
  };
  add("authentic", "").on = 0.75;
  add("manipulated", "");
  add("suspicious", "");
  add("undecided", "no-face").probability.reset();
  add("undecided", "muted").muted = true;
  StreamStatus& down = add("undecided", "stall");
  down.live = false;
  down.state = "waiting";
  down.text = "no picture for 10 s";
  // What may come one day.
  add("something", "");
  add("undecided", "something");
  board_.put(dfd::monitor::now(), all);
  Browser browser;
  browser.open(uri("/"));
  const std::vector<std::pair<std::string, std::string>> looks = {
      {"authentic", "25\u00a0%"},  {"manipulated", "25\u00a0%"},
      {"suspicious", "25\u00a0%"}, {"undecided", "no face in the picture"},
      {"muted", "off the air"},    {"down", "no pictures come: no picture for 10 s"},
      {"unknown", "something"},    {"undecided", "something"}};
  for (std::size_t i = 0; i < looks.size(); ++i) {
    const std::string tile = "[data-stream=s" + std::to_string(i) + "][data-look=" + looks[i].first;
    EXPECT_TRUE(sees(browser, tile + "] .detail", looks[i].second)) << page_text(browser);
  }
  // Colours are not all that they differ by.
  EXPECT_EQ(browser.run("return new Set([...document.querySelectorAll('#wall .headline')].map("
                        "(one) => one.textContent)).size"),
            7);
  EXPECT_TRUE(browser.shows("[data-stream=s0] .state", "playing for 1 min "));
  EXPECT_TRUE(browser.shows("[data-stream=s0] .number", "alarm from 75\u00a0%"));
  EXPECT_TRUE(browser.shows("#who", "no token is configured"));
  for (const int width : {360, 800, 1920, 3840}) {
    browser.set_size(width, 800);
    EXPECT_LE(browser.run("return document.documentElement.scrollWidth"), width);
  }
  expect_well(browser, server_->address());
}

TEST_F(PageViewTest, PicturesAndEvidenceAreShown) {
  start();
  board_.put(dfd::monitor::now(), {stream_status("ch1")});
  put_picture("red");
  keep(1);
  wait_for_store();
  Browser browser;
  browser.open(uri("/"));
  const std::string alarm = "[data-alarm='" + alarm_id(1) + "'] ";
  ASSERT_TRUE(sees(browser, alarm)) << page_text(browser);
  EXPECT_FALSE(browser.shows(alarm + ".evidence"));
  const auto shows_color = [&](const std::string& color) {
    return comes_true([&] {
      return browser.run(
          "const canvas = document.querySelector('#wall canvas');"
          "if (!canvas.checkVisibility()) return false;"
          "const dot = document.createElement('canvas').getContext('2d');"
          "dot.drawImage(canvas, 0, 0);"
          "const [red, , blue] = dot.getImageData(9, 9, 1, 1).data;"
          "return (red > blue ? 'red' : 'blue') === arguments[0]",
          Json::array({color}));
    });
  };
  EXPECT_TRUE(shows_color("red"));
  put_picture("blue");
  EXPECT_TRUE(shows_color("blue"));
  EXPECT_FALSE(browser.shows("[data-stream=ch1] .placeholder"));
  StreamStatus gone = stream_status("ch1");
  gone.live = false;
  board_.put(dfd::monitor::now(), {gone});
  EXPECT_TRUE(sees(browser, "[data-stream=ch1] .placeholder", "No picture"));
  EXPECT_FALSE(browser.shows("#wall canvas"));

  const std::string clip = scratch("page_clip.mp4");
  write_clip(clip, "mp4mux", 50);
  add_file("clip.mp4", clip);
  add_file("best.jpg", scratch("page_red.jpg"));
  // Another alarm has the page read all of them again.
  keep(2);
  ASSERT_TRUE(sees(browser, alarm + "video")) << page_text(browser);
  EXPECT_TRUE(browser.shows(alarm + ".files a", "clip.mp4"));
  browser.run("const video = document.querySelector('video'); video.muted = true; video.play()");
  EXPECT_TRUE(comes_true([&] {
    return browser.run(
        "const video = document.querySelector('video');"
        "return video.videoWidth === 320 && video.currentTime > 0");
  }));
  expect_well(browser, server_->address());
}

}  // namespace
