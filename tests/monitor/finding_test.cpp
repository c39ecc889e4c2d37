// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is made of the element's messages.

#include "findings/finding.h"

#include <gst/gst.h>

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace {

using dfd::monitor::Finding;
using dfd::monitor::read_finding;
using dfd::monitor::Verdict;

// As docs/element-reference.md has it, of one face.
GstStructure* message_of(const char* event, const char* verdict, double probability) {
  GstStructure* face = gst_structure_new(
      "face", "track-id", G_TYPE_UINT64, guint64{3}, "x", G_TYPE_DOUBLE, 10.0, "y", G_TYPE_DOUBLE,
      20.0, "width", G_TYPE_DOUBLE, 30.0, "height", G_TYPE_DOUBLE, 40.0, "detection-confidence",
      G_TYPE_DOUBLE, 0.5, "probability", G_TYPE_DOUBLE, probability, "score", G_TYPE_DOUBLE, 0.25,
      "verdict", G_TYPE_STRING, verdict, "reason", G_TYPE_STRING, "none", "windows", G_TYPE_UINT64,
      guint64{2}, "samples", G_TYPE_UINT64, guint64{9}, "partial", G_TYPE_BOOLEAN, FALSE, nullptr);
  GValue faces = G_VALUE_INIT;
  g_value_init(&faces, GST_TYPE_LIST);
  GValue value = G_VALUE_INIT;
  g_value_init(&value, GST_TYPE_STRUCTURE);
  g_value_take_boxed(&value, face);
  gst_value_list_append_and_take_value(&faces, &value);
  GstStructure* structure = gst_structure_new(
      "deepfakedetect", "event", G_TYPE_STRING, event, "stream-id", G_TYPE_STRING, "ch1",
      "timestamp", G_TYPE_UINT64, guint64{1}, "stream-time", G_TYPE_UINT64, guint64{2},
      "running-time", G_TYPE_UINT64, guint64{3}, "duration", G_TYPE_UINT64, guint64{4}, "verdict",
      G_TYPE_STRING, verdict, "reason", G_TYPE_STRING, "none", "probability", G_TYPE_DOUBLE,
      probability, "threshold", G_TYPE_DOUBLE, 0.7, "model-id", G_TYPE_STRING, "0123456789ab",
      nullptr);
  gst_structure_take_value(structure, "faces", &faces);
  return structure;
}

std::optional<Finding> read(GstStructure* structure) {
  GstMessage* message = gst_message_new_element(nullptr, structure);
  auto finding = read_finding(message);
  gst_message_unref(message);
  return finding;
}

TEST(Finding, HoldsWhatTheMessageSays) {
  const auto finding = read(message_of("score", "manipulated", 0.9));
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->verdict, Verdict::kManipulated);
  EXPECT_EQ(finding->probability, 0.9);
  EXPECT_EQ(finding->threshold, 0.7);
  EXPECT_EQ(finding->model_id, "0123456789ab");
  EXPECT_EQ(finding->stream_time_ns, 2U);
  ASSERT_EQ(finding->faces.size(), 1U);
  EXPECT_EQ(finding->faces[0].track_id, 3U);
  EXPECT_EQ(finding->faces[0].score, 0.25);
  EXPECT_EQ(finding->faces[0].windows, 2U);
  EXPECT_EQ(finding->faces[0].evidence, "");
}

TEST(Finding, TellsOfTheWholeStreamAlone) {
  EXPECT_TRUE(read(message_of("verdict-changed", "authentic", 0.1)));
  for (const char* event : {"track-lost", "identity-changed", "overload", "something-new"}) {
    EXPECT_FALSE(read(message_of(event, "authentic", 0.1))) << event;
  }
}

TEST(Finding, OtherElementsSayNothing) {
  EXPECT_FALSE(read(gst_structure_new_empty("GstUDPSrcTimeout")));
  GstMessage* message = gst_message_new_eos(nullptr);
  EXPECT_FALSE(read_finding(message));
  gst_message_unref(message);
}

TEST(Finding, ADamagedMessageIsUndecidedAndNeverAuthentic) {
  for (const char* field : {"event", "verdict", "faces", "threshold", "model-id"}) {
    GstStructure* structure = message_of("score", "authentic", 0.1);
    gst_structure_remove_field(structure, field);
    const auto finding = read(structure);
    ASSERT_TRUE(finding) << field;
    EXPECT_EQ(finding->verdict, Verdict::kUndecided);
    EXPECT_EQ(finding->reason, "error");
    EXPECT_FALSE(finding->probability);
  }
}

TEST(Finding, BeforeAllMessagesItIsUndecided) {
  EXPECT_EQ(Finding{}.verdict, Verdict::kUndecided);
  EXPECT_EQ(Finding{}.reason, "warming-up");
}

}  // namespace
