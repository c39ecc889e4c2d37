// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The closed lists: what the detector calls verdicts, reasons and events, and what the library of
// results does.

#include <gst/gst.h>

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "detector/report.h"
#include "gstdeepfakereport.h"
#include "gstdeepfakeresult.h"

namespace {

// A list is in the order of its numbers, so that it can be counted by.
template <typename List>
void expect_names(const List& list) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < list.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(list[i]), i);
    EXPECT_TRUE(names.insert(dfd::to_string(list[i])).second) << dfd::to_string(list[i]);
  }
}

TEST(Names, OfEachListAreDifferent) {
  expect_names(dfd::kVerdicts);
  expect_names(dfd::kReasons);
  expect_names(dfd::kEventKinds);
  expect_names(dfd::kEvidence);
}

TEST(Names, OfVerdictsAreTheLibrarys) {
  for (const dfd::Verdict verdict : dfd::kVerdicts) {
    GstDeepfakeVerdict found{};
    EXPECT_TRUE(gst_deepfake_verdict_from_name(dfd::to_string(verdict), &found));
    EXPECT_EQ(static_cast<int>(found), static_cast<int>(verdict));
  }
}

TEST(Names, OfReasonsAreTheLibrarys) {
  const gchar* const* names = gst_deepfake_reason_get_names();
  for (const dfd::Reason reason : dfd::kReasons) EXPECT_STREQ(*names++, dfd::to_string(reason));
  EXPECT_EQ(*names, nullptr);
}

TEST(Names, OfKindsOfEvidenceAreTheLibrarys) {
  for (const dfd::Evidence kind : dfd::kEvidence) {
    const GstDeepfakeEvidence found = gst_deepfake_evidence_from_name(dfd::to_string(kind));
    EXPECT_NE(found, GST_DEEPFAKE_EVIDENCE_NONE);
    EXPECT_STREQ(gst_deepfake_evidence_get_name(found), dfd::to_string(kind));
  }
}

TEST(Names, EvidenceIsReadBackFromAMessage) {
  GstElement* element = gst_pipeline_new(nullptr);
  GstDeepfakeContext context;
  gst_segment_init(&context.segment, GST_FORMAT_TIME);
  for (const dfd::Evidence kind : dfd::kEvidence) {
    dfd::Event event;
    event.report.faces.resize(1);
    event.report.evidence = event.report.faces[0].evidence = kind;
    event.report.indicators = {0.25, 0.75};
    event.report.faces[0].indicators = {0.5, 0.125};
    GstMessage* message = gst_deepfake_message_new(element, event, context);
    GstDeepfakeReport* report = gst_deepfake_report_new_from_message(message);
    gst_message_unref(message);
    ASSERT_NE(report, nullptr) << dfd::to_string(kind);
    EXPECT_STREQ(gst_deepfake_evidence_get_name(gst_deepfake_report_get_evidence(report)),
                 dfd::to_string(kind));
    EXPECT_EQ(gst_deepfake_report_get_seam_probability(report), 0.25);
    EXPECT_EQ(gst_deepfake_report_get_generated_probability(report), 0.75);
    const GstDeepfakeFace* face = gst_deepfake_report_get_face(report, 0);
    EXPECT_STREQ(gst_deepfake_evidence_get_name(face->evidence), dfd::to_string(kind));
    EXPECT_EQ(face->seam_probability, 0.5);
    EXPECT_EQ(face->generated_probability, 0.125);
    gst_deepfake_report_unref(report);

    GstBuffer* buffer = gst_buffer_new();
    gst_deepfake_add_result_meta(buffer, event.report, context);
    const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(buffer);
    EXPECT_STREQ(gst_deepfake_evidence_get_name(meta->evidence), dfd::to_string(kind));
    EXPECT_EQ(meta->seam_probability, 0.25);
    EXPECT_EQ(meta->generated_probability, 0.75);
    EXPECT_STREQ(gst_deepfake_evidence_get_name(meta->faces[0].evidence), dfd::to_string(kind));
    EXPECT_EQ(meta->faces[0].generated_probability, 0.125);
    gst_buffer_unref(buffer);
  }
  gst_object_unref(element);
}

TEST(Names, EveryMessageIsReadBack) {
  GstElement* element = gst_pipeline_new(nullptr);
  GstDeepfakeContext context;
  context.stream_id = "camera";
  gst_segment_init(&context.segment, GST_FORMAT_TIME);
  for (const dfd::EventKind kind : dfd::kEventKinds) {
    for (const dfd::Verdict verdict : dfd::kVerdicts) {
      for (const dfd::Reason reason : dfd::kReasons) {
        dfd::Event event;
        event.kind = kind;
        event.report.verdict = verdict;
        event.report.reason = reason;
        event.report.faces.resize(1);
        event.report.faces[0].verdict = verdict;
        event.report.faces[0].reason = reason;
        GstMessage* message = gst_deepfake_message_new(element, event, context);
        GstDeepfakeReport* report = gst_deepfake_report_new_from_message(message);
        gst_message_unref(message);
        ASSERT_NE(report, nullptr) << dfd::to_string(kind) << dfd::to_string(verdict);
        EXPECT_NE(gst_deepfake_report_get_event(report), GST_DEEPFAKE_EVENT_UNKNOWN);
        EXPECT_STREQ(gst_deepfake_report_get_event_name(report), dfd::to_string(kind));
        EXPECT_STREQ(gst_deepfake_verdict_get_name(gst_deepfake_report_get_verdict(report)),
                     dfd::to_string(verdict));
        EXPECT_STREQ(gst_deepfake_report_get_reason(report), dfd::to_string(reason));
        EXPECT_STREQ(gst_deepfake_report_get_face(report, 0)->reason, dfd::to_string(reason));
        gst_deepfake_report_unref(report);
      }
    }
  }
  gst_object_unref(element);
}

TEST(Names, StatisticsCountEveryReasonButNone) {
  dfd::SessionStats stats;
  for (const dfd::Reason reason : dfd::kReasons) {
    stats.skipped[static_cast<std::size_t>(reason)] = 100 + static_cast<std::uint64_t>(reason);
  }
  GstStructure* structure = gst_deepfake_stats_new(stats, nullptr, {});
  for (const dfd::Reason reason : dfd::kReasons) {
    guint64 count = 0;
    const std::string field = std::string("samples-skipped-") + dfd::to_string(reason);
    EXPECT_EQ(gst_structure_get_uint64(structure, field.c_str(), &count) != FALSE,
              reason != dfd::Reason::kNone);
    if (reason != dfd::Reason::kNone) {
      EXPECT_EQ(count, 100 + static_cast<std::uint64_t>(reason));
    }
  }
  gst_structure_free(structure);
}

}  // namespace
