// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/page/html.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;

TEST(Html, NothingOfATextIsMarkup) {
  EXPECT_EQ(escaped("<script>\"a\" & 'b'"), "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;");
  EXPECT_EQ(escaped("tab\tline\n"), "tab\tline\n");
}

TEST(Html, WhatIsNoTextIsReplaced) {
  EXPECT_EQ(escaped(std::string("a\0b\x1b\x7f", 5)),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd\xef\xbf\xbd");
  const std::string broken = escaped("\xff<\xc3");
  EXPECT_EQ(utf8(broken), broken);
  EXPECT_NE(broken.find("&lt;"), std::string::npos);
  // A byte that starts a longer character does not take the next one with it.
  EXPECT_NE(escaped("\xe2<script>").find("&lt;script&gt;"), std::string::npos);
}

// Vectors of RFC 4648.
TEST(Html, Base64OfTheStandard) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

TEST(Html, TablesSayWhatHeadsWhat) {
  const std::string table = table_html("<of>", {"A", "B"}, {{"row", "1"}});
  EXPECT_NE(table.find("<caption>&lt;of&gt;</caption>"), std::string::npos);
  EXPECT_NE(table.find("<th scope=\"col\">B</th>"), std::string::npos);
  EXPECT_NE(table.find("<th scope=\"row\">row</th><td>1</td>"), std::string::npos);
}

TEST(Html, ValuesOfAllKinds) {
  EXPECT_NE(value_html(1.5, "v").find("1.5"), std::string::npos);
  EXPECT_EQ(value_html(true, "v"), "yes");
  EXPECT_EQ(value_html(Json::array(), "v"), "none");
  EXPECT_EQ(value_html(2.0, "v"), "2");
  const std::string records =
      value_html(Json::parse(R"([{"a":1},{"b":"<x>"},{"a":3,"b":null}])"), "records");
  EXPECT_NE(records.find("<th scope=\"col\">a</th><th scope=\"col\">b</th>"), std::string::npos);
  EXPECT_NE(records.find("&lt;x&gt;"), std::string::npos);
  EXPECT_NE(value_html(Json::parse(R"({"<k>":1})"), "v").find("&lt;k&gt;"), std::string::npos);
}

TEST(Html, LongAndDeepValuesStayReadable) {
  EXPECT_NE(value_html(Json(std::vector<int>(250, 1)), "v").find("and 50 more"), std::string::npos);
  Json many;
  for (int i = 0; i < 250; ++i) many["k" + std::to_string(i)] = i;
  EXPECT_NE(value_html(many, "v").find("and 50 more"), std::string::npos);
  Json deep = "<end>";
  for (int i = 0; i < 200; ++i) deep = Json{{"d", deep}};
  const std::string html = value_html(deep, "v");
  EXPECT_NE(html.find("&lt;end&gt;"), std::string::npos);
}

}  // namespace
}  // namespace dfd
