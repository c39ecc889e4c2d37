// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Messages of deepfakedetect as programs read them: made by hand, whole and damaged.

#include <gst/gst.h>

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "gstdeepfakemeta.h"
#include "gstdeepfakereport.h"

namespace {

using Report = std::unique_ptr<GstDeepfakeReport, void (*)(GstDeepfakeReport*)>;
using Change = std::function<void(GstStructure*)>;

// What a message says; the message itself is gone by then.
Report read(GstMessage* message) {
  Report report(gst_deepfake_report_new_from_message(message), gst_deepfake_report_unref);
  gst_message_unref(message);
  return report;
}

Report read(GstStructure* structure) { return read(gst_message_new_element(nullptr, structure)); }

GstStructure* make_face(guint64 track, const char* verdict) {
  return gst_structure_new("face", "track-id", G_TYPE_UINT64, track, "x", G_TYPE_DOUBLE, -2.5, "y",
                           G_TYPE_DOUBLE, 60.0, "width", G_TYPE_DOUBLE, 80.0, "height",
                           G_TYPE_DOUBLE, 90.0, "detection-confidence", G_TYPE_DOUBLE, 0.875,
                           "verdict", G_TYPE_STRING, verdict, "reason", G_TYPE_STRING, "none",
                           "windows", G_TYPE_UINT64, guint64{5}, "samples", G_TYPE_UINT64,
                           guint64{24}, "partial", G_TYPE_BOOLEAN, FALSE, "probability",
                           G_TYPE_DOUBLE, 0.75, "score", G_TYPE_DOUBLE, 0.5, nullptr);
}

// Takes the faces.
void set_faces(GstStructure* message, const std::vector<GstStructure*>& faces) {
  GValue list = G_VALUE_INIT;
  g_value_init(&list, GST_TYPE_LIST);
  for (GstStructure* face : faces) {
    GValue value = G_VALUE_INIT;
    g_value_init(&value, GST_TYPE_STRUCTURE);
    g_value_take_boxed(&value, face);
    gst_value_list_append_and_take_value(&list, &value);
  }
  gst_structure_take_value(message, "faces", &list);
}

// With one face, as bad as the stream.
GstStructure* make_message(const char* event, const char* verdict) {
  GstStructure* message = gst_structure_new(
      "deepfakedetect", "event", G_TYPE_STRING, event, "stream-id", G_TYPE_STRING, "camera",
      "timestamp", G_TYPE_UINT64, guint64{1000}, "stream-time", G_TYPE_UINT64, guint64{2000},
      "running-time", G_TYPE_UINT64, guint64{3000}, "duration", G_TYPE_UINT64, guint64{40},
      "verdict", G_TYPE_STRING, verdict, "threshold", G_TYPE_DOUBLE, 0.625, "reason", G_TYPE_STRING,
      "none", "model-id", G_TYPE_STRING, "0123456789ab", "probability", G_TYPE_DOUBLE, 0.75,
      nullptr);
  set_faces(message, {make_face(7, verdict)});
  return message;
}

GstStructure* make_model_message(bool success) {
  return gst_structure_new("deepfakedetect", "event", G_TYPE_STRING, "model-updated", "stream-id",
                           G_TYPE_STRING, "camera", "model-file", G_TYPE_STRING, "new.safetensors",
                           "model-id", G_TYPE_STRING, "0123456789ab", "success", G_TYPE_BOOLEAN,
                           static_cast<gboolean>(success), nullptr);
}

Change without(const std::string& field) {
  return [field](GstStructure* at) { gst_structure_remove_field(at, field.c_str()); };
}
Change set_text(const std::string& field, const std::string& value) {
  return [field, value](GstStructure* at) {
    gst_structure_set(at, field.c_str(), G_TYPE_STRING, value.c_str(), nullptr);
  };
}
Change set_number(const std::string& field, double value) {
  return [field, value](GstStructure* at) {
    gst_structure_set(at, field.c_str(), G_TYPE_DOUBLE, value, nullptr);
  };
}
// No field of ours is of this type.
Change set_int(const std::string& field) {
  return
      [field](GstStructure* at) { gst_structure_set(at, field.c_str(), G_TYPE_INT, 1, nullptr); };
}
Change set_flag(const std::string& field, bool value) {
  return [field, value](GstStructure* at) {
    gst_structure_set(at, field.c_str(), G_TYPE_BOOLEAN, static_cast<gboolean>(value), nullptr);
  };
}
// Applies a change to the message's one face.
Change in_face(const Change& change) {
  return [change](GstStructure* message) {
    GstStructure* face = make_face(7, "suspicious");
    change(face);
    set_faces(message, {face});
  };
}

using Damages = std::vector<std::pair<std::string, Change>>;

// Whether the message is refused after the change.
bool is_refused(GstStructure* message, const Change& change) {
  change(message);
  return read(message) == nullptr;
}

void add_lost_fields(Damages& damages, const std::vector<std::string>& fields,
                     const std::function<Change(const Change&)>& place) {
  for (const std::string& field : fields) {
    damages.emplace_back(field + " missing", place(without(field)));
    damages.emplace_back(field + " an int", place(set_int(field)));
  }
}

void add_bad_parts(Damages& damages, const std::vector<std::string>& fields,
                   const std::function<Change(const Change&)>& place) {
  for (const std::string& field : fields) {
    damages.emplace_back(field + " an int", place(set_int(field)));
    damages.emplace_back(field + " a text", place(set_text(field, "0.5")));
    for (const double value : {-1.0, -0.01, 1.01, std::nan(""), HUGE_VAL}) {
      damages.emplace_back(field + " " + std::to_string(value), place(set_number(field, value)));
    }
  }
}

Change here(const Change& change) { return change; }

TEST(DeepfakeReport, HasWhatTheMessageSays) {
  const Report report = read(make_message("verdict-changed", "suspicious"));
  ASSERT_NE(report, nullptr);
  EXPECT_STREQ(gst_deepfake_report_get_stream_id(report.get()), "camera");
  EXPECT_STREQ(gst_deepfake_report_get_model_id(report.get()), "0123456789ab");
  EXPECT_EQ(gst_deepfake_report_get_timestamp(report.get()), 1000U);
  EXPECT_EQ(gst_deepfake_report_get_stream_time(report.get()), 2000U);
  EXPECT_EQ(gst_deepfake_report_get_running_time(report.get()), 3000U);
  EXPECT_EQ(gst_deepfake_report_get_duration(report.get()), 40U);
  EXPECT_EQ(gst_deepfake_report_get_verdict(report.get()), GST_DEEPFAKE_VERDICT_SUSPICIOUS);
  EXPECT_STREQ(gst_deepfake_report_get_reason(report.get()), "none");
  EXPECT_EQ(gst_deepfake_report_get_probability(report.get()), 0.75);
  EXPECT_EQ(gst_deepfake_report_get_threshold(report.get()), 0.625);
  EXPECT_EQ(gst_deepfake_report_get_model_file(report.get()), nullptr);
  EXPECT_EQ(gst_deepfake_report_get_model_file_bytes(report.get()), nullptr);
  EXPECT_FALSE(gst_deepfake_report_get_success(report.get()));
  EXPECT_EQ(gst_deepfake_report_get_error(report.get()), nullptr);
}

TEST(DeepfakeReport, HasTheFacesOfTheMessage) {
  const Report report = read(make_message("track-lost", "suspicious"));
  ASSERT_NE(report, nullptr);
  ASSERT_EQ(gst_deepfake_report_get_n_faces(report.get()), 1U);
  const GstDeepfakeFace* face = gst_deepfake_report_get_face(report.get(), 0);
  ASSERT_NE(face, nullptr);
  EXPECT_EQ(face->track_id, 7U);
  EXPECT_EQ(face->x, -2.5F);
  EXPECT_EQ(face->y, 60);
  EXPECT_EQ(face->width, 80);
  EXPECT_EQ(face->height, 90);
  EXPECT_EQ(face->detection_confidence, 0.875F);
  EXPECT_EQ(face->probability, 0.75);
  EXPECT_EQ(face->score, 0.5);
  EXPECT_EQ(face->verdict, GST_DEEPFAKE_VERDICT_SUSPICIOUS);
  EXPECT_STREQ(face->reason, "none");
  EXPECT_EQ(face->windows, 5U);
  EXPECT_EQ(face->samples, 24U);
  EXPECT_FALSE(face->partial);
  EXPECT_EQ(face->heatmap, nullptr);
  EXPECT_EQ(gst_deepfake_report_get_face(report.get(), 1), nullptr);
}

TEST(DeepfakeReport, KnowsEveryEvent) {
  const std::vector<std::pair<const char*, GstDeepfakeEvent>> events = {
      {"score", GST_DEEPFAKE_EVENT_SCORE},
      {"verdict-changed", GST_DEEPFAKE_EVENT_VERDICT_CHANGED},
      {"identity-changed", GST_DEEPFAKE_EVENT_IDENTITY_CHANGED},
      {"track-lost", GST_DEEPFAKE_EVENT_TRACK_LOST},
      {"overload", GST_DEEPFAKE_EVENT_OVERLOAD},
  };
  for (const auto& [name, event] : events) {
    const Report report = read(make_message(name, "manipulated"));
    ASSERT_NE(report, nullptr) << name;
    EXPECT_EQ(gst_deepfake_report_get_event(report.get()), event) << name;
    EXPECT_STREQ(gst_deepfake_report_get_event_name(report.get()), name);
    EXPECT_EQ(gst_deepfake_report_get_verdict(report.get()), GST_DEEPFAKE_VERDICT_MANIPULATED);
  }
  const Report model = read(make_model_message(true));
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(gst_deepfake_report_get_event(model.get()), GST_DEEPFAKE_EVENT_MODEL_UPDATED);
  EXPECT_STREQ(gst_deepfake_report_get_event_name(model.get()), "model-updated");
}

TEST(DeepfakeReport, ItsEventsHaveTheirNamesAsNicks) {
  auto* events = static_cast<GEnumClass*>(g_type_class_ref(GST_TYPE_DEEPFAKE_EVENT));
  const GEnumValue* lost = g_enum_get_value_by_nick(events, "track-lost");
  ASSERT_NE(lost, nullptr);
  EXPECT_EQ(lost->value, GST_DEEPFAKE_EVENT_TRACK_LOST);
  g_type_class_unref(events);
}

TEST(DeepfakeReport, KeepsTheNameOfANewerEvent) {
  const Report report = read(make_message("shot-changed", "suspicious"));
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(gst_deepfake_report_get_event(report.get()), GST_DEEPFAKE_EVENT_UNKNOWN);
  EXPECT_STREQ(gst_deepfake_report_get_event_name(report.get()), "shot-changed");
  EXPECT_EQ(gst_deepfake_report_get_verdict(report.get()), GST_DEEPFAKE_VERDICT_SUSPICIOUS);
  EXPECT_EQ(gst_deepfake_report_get_n_faces(report.get()), 1U);
}

TEST(DeepfakeReport, ANewerEventWithoutFacesGivesNoVerdict) {
  const Report report = read(gst_structure_new("deepfakedetect", "event", G_TYPE_STRING, "cooling",
                                               "stream-id", G_TYPE_STRING, "camera", nullptr));
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(gst_deepfake_report_get_event(report.get()), GST_DEEPFAKE_EVENT_UNKNOWN);
  EXPECT_EQ(gst_deepfake_report_get_verdict(report.get()), GST_DEEPFAKE_VERDICT_UNDECIDED);
  EXPECT_EQ(gst_deepfake_report_get_model_id(report.get()), nullptr);
  EXPECT_EQ(gst_deepfake_report_get_n_faces(report.get()), 0U);
}

TEST(DeepfakeReport, ANewerEventIsNoExcuseForDamage) {
  for (const char* field : {"verdict", "faces", "threshold"}) {
    EXPECT_TRUE(is_refused(make_message("shot-changed", "authentic"), without(field))) << field;
  }
}

TEST(DeepfakeReport, KnowsEveryVerdict) {
  const std::vector<std::pair<const char*, GstDeepfakeVerdict>> verdicts = {
      {"authentic", GST_DEEPFAKE_VERDICT_AUTHENTIC},
      {"undecided", GST_DEEPFAKE_VERDICT_UNDECIDED},
      {"suspicious", GST_DEEPFAKE_VERDICT_SUSPICIOUS},
      {"manipulated", GST_DEEPFAKE_VERDICT_MANIPULATED},
  };
  for (const auto& [name, verdict] : verdicts) {
    const Report report = read(make_message("verdict-changed", name));
    ASSERT_NE(report, nullptr) << name;
    EXPECT_EQ(gst_deepfake_report_get_verdict(report.get()), verdict) << name;
    EXPECT_EQ(gst_deepfake_report_get_face(report.get(), 0)->verdict, verdict) << name;
  }
}

TEST(DeepfakeReport, KnowsEveryReason) {
  for (const char* reason :
       {"none", "no-face", "warming-up", "partial", "too-small", "blurred", "dark", "bright",
        "profile", "occluded", "low-confidence", "frozen", "black", "gap", "overload", "error"}) {
    GstStructure* message = make_message("verdict-changed", "undecided");
    set_text("reason", reason)(message);
    GstStructure* face = make_face(7, "undecided");
    set_text("reason", reason)(face);
    set_faces(message, {face});
    const Report report = read(message);
    ASSERT_NE(report, nullptr) << reason;
    EXPECT_STREQ(gst_deepfake_report_get_reason(report.get()), reason);
    EXPECT_STREQ(gst_deepfake_report_get_face(report.get(), 0)->reason, reason);
  }
}

TEST(DeepfakeReport, AReasonThatNobodyKnowsIsAnError) {
  GstStructure* message = make_message("verdict-changed", "undecided");
  set_text("reason", "bored")(message);
  const Report report = read(message);
  ASSERT_NE(report, nullptr);
  EXPECT_STREQ(gst_deepfake_report_get_reason(report.get()), "error");
}

TEST(DeepfakeReport, WhatIsNotKnownStaysUnknown) {
  GstStructure* message = make_message("verdict-changed", "undecided");
  without("probability")(message);
  gst_structure_set(message, "timestamp", G_TYPE_UINT64, GST_CLOCK_TIME_NONE, nullptr);
  GstStructure* face = make_face(7, "undecided");
  without("probability")(face);
  without("score")(face);
  set_faces(message, {face});
  const Report report = read(message);
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(gst_deepfake_report_get_probability(report.get()), -1);
  EXPECT_EQ(gst_deepfake_report_get_timestamp(report.get()), GST_CLOCK_TIME_NONE);
  EXPECT_EQ(gst_deepfake_report_get_face(report.get(), 0)->probability, -1);
  EXPECT_EQ(gst_deepfake_report_get_face(report.get(), 0)->score, -1);
}

void set_evidence(GstStructure* structure, const char* kind, double seam, double generated) {
  gst_structure_set(structure, "evidence", G_TYPE_STRING, kind, "seam-probability", G_TYPE_DOUBLE,
                    seam, "generated-probability", G_TYPE_DOUBLE, generated, nullptr);
}

TEST(DeepfakeReport, TellsKindsOfEvidence) {
  GstStructure* message = make_message("score", "suspicious");
  set_evidence(message, "generated", 0.125, 0.75);
  GstStructure* face = make_face(7, "suspicious");
  set_evidence(face, "seam", 0.5, 0.25);
  set_faces(message, {face});
  const Report report = read(message);
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(gst_deepfake_report_get_evidence(report.get()), GST_DEEPFAKE_EVIDENCE_GENERATED);
  EXPECT_EQ(gst_deepfake_report_get_seam_probability(report.get()), 0.125);
  EXPECT_EQ(gst_deepfake_report_get_generated_probability(report.get()), 0.75);
  EXPECT_EQ(gst_deepfake_report_get_face(report.get(), 0)->evidence, GST_DEEPFAKE_EVIDENCE_SEAM);
  EXPECT_EQ(gst_deepfake_report_get_face(report.get(), 0)->seam_probability, 0.5);
  EXPECT_EQ(gst_deepfake_report_get_face(report.get(), 0)->generated_probability, 0.25);
}

TEST(DeepfakeReport, OfAModelThatKnowsNoKindsThereAreNone) {
  const Report report = read(make_message("score", "suspicious"));
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(gst_deepfake_report_get_evidence(report.get()), GST_DEEPFAKE_EVIDENCE_NONE);
  EXPECT_EQ(gst_deepfake_report_get_seam_probability(report.get()), -1);
  EXPECT_EQ(gst_deepfake_report_get_generated_probability(report.get()), -1);
  EXPECT_EQ(gst_deepfake_report_get_face(report.get(), 0)->evidence, GST_DEEPFAKE_EVIDENCE_NONE);
  EXPECT_EQ(gst_deepfake_report_get_face(report.get(), 0)->seam_probability, -1);
}

TEST(DeepfakeReport, OfAScoreThatNeverFilledAKindHasNoProbability) {
  GstStructure* message = make_message("track-lost", "undecided");
  set_text("evidence", "seam")(message);
  const Report report = read(message);
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(gst_deepfake_report_get_evidence(report.get()), GST_DEEPFAKE_EVIDENCE_SEAM);
  EXPECT_EQ(gst_deepfake_report_get_seam_probability(report.get()), -1);
}

TEST(DeepfakeReport, AKindThatNobodyKnowsIsNone) {
  GstStructure* message = make_message("score", "suspicious");
  set_evidence(message, "rendered", 0.5, 0.5);
  const Report report = read(message);
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(gst_deepfake_report_get_evidence(report.get()), GST_DEEPFAKE_EVIDENCE_NONE);
  EXPECT_EQ(gst_deepfake_report_get_seam_probability(report.get()), -1);
}

TEST(DeepfakeReport, IsRefusedForDamagedEvidence) {
  const std::vector<Change> damages = {
      set_int("evidence"),
      set_text("seam-probability", "0.5"),
      [](GstStructure* structure) { set_evidence(structure, "seam", 1.5, 0.5); },
      [](GstStructure* structure) { set_evidence(structure, "seam", 0.5, -0.5); },
      [](GstStructure* structure) { set_evidence(structure, "rendered", 0.5, NAN); },
      [](GstStructure* structure) {
        gst_structure_set(structure, "seam-probability", G_TYPE_DOUBLE, 0.5, nullptr);
      }};
  for (std::size_t i = 0; i < damages.size(); ++i) {
    EXPECT_TRUE(is_refused(make_message("score", "suspicious"), damages[i])) << i;
    EXPECT_TRUE(is_refused(make_message("score", "suspicious"), [&](GstStructure* message) {
      GstStructure* face = make_face(7, "suspicious");
      damages[i](face);
      set_faces(message, {face});
    })) << i;
  }
}

TEST(DeepfakeReport, PassesOverFieldsThatItDoesNotKnow) {
  GstStructure* message = make_message("verdict-changed", "suspicious");
  set_int("weather")(message);
  GstStructure* face = make_face(7, "suspicious");
  set_text("hat", "none")(face);
  set_faces(message, {face});
  EXPECT_NE(read(message), nullptr);
}

TEST(DeepfakeReport, MayHaveNoFaceUnlessItSaysAuthentic) {
  for (const char* verdict : {"undecided", "suspicious", "manipulated"}) {
    GstStructure* message = make_message("verdict-changed", verdict);
    set_faces(message, {});
    const Report report = read(message);
    ASSERT_NE(report, nullptr) << verdict;
    EXPECT_EQ(gst_deepfake_report_get_n_faces(report.get()), 0U);
    EXPECT_EQ(gst_deepfake_report_get_face(report.get(), 0), nullptr);
  }
  EXPECT_TRUE(is_refused(make_message("verdict-changed", "authentic"),
                         [](GstStructure* message) { set_faces(message, {}); }));
}

TEST(DeepfakeReport, ReadsThousandsOfFaces) {
  constexpr guint kMany = 5000;
  std::vector<GstStructure*> faces;
  for (guint i = 0; i < kMany; ++i) faces.push_back(make_face(i + 1, "authentic"));
  GstStructure* message = make_message("verdict-changed", "authentic");
  set_faces(message, faces);
  const Report report = read(message);
  ASSERT_NE(report, nullptr);
  ASSERT_EQ(gst_deepfake_report_get_n_faces(report.get()), kMany);
  EXPECT_EQ(gst_deepfake_report_get_face(report.get(), kMany - 1)->track_id, kMany);
}

TEST(DeepfakeReport, TheLastOfThousandsOfFacesCanBeTheDamagedOne) {
  std::vector<GstStructure*> faces;
  for (guint64 i = 1; i <= 5000; ++i) faces.push_back(make_face(i, "authentic"));
  without("verdict")(faces.back());
  GstStructure* message = make_message("verdict-changed", "authentic");
  set_faces(message, faces);
  EXPECT_EQ(read(message), nullptr);
}

TEST(DeepfakeReport, IsRefusedForEachDamagedField) {
  Damages damages;
  add_lost_fields(damages,
                  {"event", "stream-id", "model-id", "timestamp", "stream-time", "running-time",
                   "duration", "verdict", "reason", "threshold", "faces"},
                  here);
  add_bad_parts(damages, {"threshold", "probability"}, here);
  for (const char* name : {"", "real", "Manipulated", "none"}) {
    damages.emplace_back(std::string("verdict ") + name, set_text("verdict", name));
  }
  damages.emplace_back("a face's verdict above the stream's", set_text("verdict", "undecided"));
  for (const char* field : {"stream-id", "event", "verdict", "reason"}) {
    damages.emplace_back(std::string(field) + " null", [field](GstStructure* message) {
      gst_structure_set(message, field, G_TYPE_STRING, nullptr, nullptr);
    });
  }
  // As signed numbers they could be negative.
  damages.emplace_back("running-time an int64", [](GstStructure* message) {
    gst_structure_set(message, "running-time", G_TYPE_INT64, gint64{5}, nullptr);
  });
  EXPECT_FALSE(is_refused(make_message("verdict-changed", "suspicious"), [](GstStructure*) {}));
  for (const auto& [what, damage] : damages) {
    EXPECT_TRUE(is_refused(make_message("verdict-changed", "suspicious"), damage)) << what;
  }
}

TEST(DeepfakeReport, IsRefusedForEachDamagedFieldOfAFace) {
  Damages damages;
  add_lost_fields(damages,
                  {"track-id", "x", "y", "width", "height", "detection-confidence", "verdict",
                   "reason", "windows", "samples", "partial"},
                  in_face);
  add_bad_parts(damages, {"detection-confidence", "probability", "score"}, in_face);
  for (const char* field : {"x", "y", "width", "height"}) {
    for (const double value : {std::nan(""), HUGE_VAL, -HUGE_VAL, 1e300}) {
      damages.emplace_back(field + (" " + std::to_string(value)),
                           in_face(set_number(field, value)));
    }
  }
  damages.emplace_back("a verdict nobody knows", in_face(set_text("verdict", "real")));
  damages.emplace_back("a verdict above the stream's", in_face(set_text("verdict", "manipulated")));
  EXPECT_FALSE(
      is_refused(make_message("verdict-changed", "suspicious"), in_face([](GstStructure*) {})));
  for (const auto& [what, damage] : damages) {
    EXPECT_TRUE(is_refused(make_message("verdict-changed", "suspicious"), damage)) << what;
  }
}

TEST(DeepfakeReport, IsRefusedWhenItsListHoldsOtherThings) {
  const auto with = [](GType kind, GType type, const std::function<void(GValue*)>& fill) {
    return [=](GstStructure* message) {
      GValue list = G_VALUE_INIT;
      g_value_init(&list, kind);
      GValue value = G_VALUE_INIT;
      g_value_init(&value, type);
      fill(&value);
      if (kind == GST_TYPE_LIST) {
        gst_value_list_append_and_take_value(&list, &value);
      } else {
        gst_value_array_append_and_take_value(&list, &value);
      }
      gst_structure_take_value(message, "faces", &list);
    };
  };
  const auto refused = [](const Change& change) {
    return is_refused(make_message("verdict-changed", "suspicious"), change);
  };
  EXPECT_TRUE(refused(with(GST_TYPE_LIST, G_TYPE_STRING,
                           [](GValue* value) { g_value_set_string(value, "face"); })));
  EXPECT_TRUE(refused(
      with(GST_TYPE_LIST, G_TYPE_UINT64, [](GValue* value) { g_value_set_uint64(value, 7); })));
  EXPECT_TRUE(refused(with(GST_TYPE_LIST, GST_TYPE_CAPS,
                           [](GValue* value) { g_value_take_boxed(value, gst_caps_new_any()); })));
  EXPECT_TRUE(refused(with(GST_TYPE_LIST, GST_TYPE_STRUCTURE, [](GValue*) {})));  // Null.
  EXPECT_TRUE(refused(with(GST_TYPE_ARRAY, GST_TYPE_STRUCTURE, [](GValue* value) {
    g_value_take_boxed(value, make_face(7, "suspicious"));
  })));
}

TEST(DeepfakeReport, OtherMessagesAreNone) {
  EXPECT_EQ(read(gst_message_new_eos(nullptr)), nullptr);
  EXPECT_EQ(read(gst_structure_new_empty("level")), nullptr);
  EXPECT_EQ(read(gst_structure_new_empty("deepfakedetect")), nullptr);
  // An application's own, though it has the name.
  EXPECT_EQ(
      read(gst_message_new_application(nullptr, make_message("verdict-changed", "suspicious"))),
      nullptr);
  GstStructure* renamed = make_message("verdict-changed", "suspicious");
  gst_structure_set_name(renamed, "deepfakedetect-stats");
  EXPECT_EQ(read(renamed), nullptr);
}

TEST(DeepfakeReport, TellsOfANewModelAndGivesNoVerdict) {
  const Report report = read(make_model_message(true));
  ASSERT_NE(report, nullptr);
  EXPECT_STREQ(gst_deepfake_report_get_stream_id(report.get()), "camera");
  EXPECT_STREQ(gst_deepfake_report_get_model_id(report.get()), "0123456789ab");
  EXPECT_STREQ(gst_deepfake_report_get_model_file(report.get()), "new.safetensors");
  EXPECT_STREQ(gst_deepfake_report_get_model_file_bytes(report.get()), "new.safetensors");
  EXPECT_TRUE(gst_deepfake_report_get_success(report.get()));
  EXPECT_EQ(gst_deepfake_report_get_error(report.get()), nullptr);
  EXPECT_EQ(gst_deepfake_report_get_verdict(report.get()), GST_DEEPFAKE_VERDICT_UNDECIDED);
  EXPECT_STREQ(gst_deepfake_report_get_reason(report.get()), "none");
  EXPECT_EQ(gst_deepfake_report_get_probability(report.get()), -1);
  EXPECT_EQ(gst_deepfake_report_get_threshold(report.get()), -1);
  EXPECT_EQ(gst_deepfake_report_get_timestamp(report.get()), GST_CLOCK_TIME_NONE);
  EXPECT_EQ(gst_deepfake_report_get_stream_time(report.get()), GST_CLOCK_TIME_NONE);
  EXPECT_EQ(gst_deepfake_report_get_running_time(report.get()), GST_CLOCK_TIME_NONE);
  EXPECT_EQ(gst_deepfake_report_get_duration(report.get()), GST_CLOCK_TIME_NONE);
  EXPECT_EQ(gst_deepfake_report_get_n_faces(report.get()), 0U);
}

TEST(DeepfakeReport, TellsWhyAModelIsNotInForce) {
  GstStructure* message = make_model_message(false);
  set_text("error", "new.safetensors: cannot be opened")(message);
  const Report report = read(message);
  ASSERT_NE(report, nullptr);
  EXPECT_FALSE(gst_deepfake_report_get_success(report.get()));
  EXPECT_STREQ(gst_deepfake_report_get_error(report.get()), "new.safetensors: cannot be opened");
  EXPECT_EQ(gst_deepfake_report_get_verdict(report.get()), GST_DEEPFAKE_VERDICT_UNDECIDED);
}

TEST(DeepfakeReport, HasTheBytesOfAModelFileThatIsNoUtf8) {
  GstStructure* message = make_model_message(true);
  set_text("model-file", "m\uFFFD.st")(message);
  set_text("model-file-hex", "6dFF2e7374")(message);
  const Report report = read(message);
  ASSERT_NE(report, nullptr);
  EXPECT_STREQ(gst_deepfake_report_get_model_file(report.get()), "m\uFFFD.st");
  EXPECT_STREQ(gst_deepfake_report_get_model_file_bytes(report.get()), "m\xFF.st");
}

TEST(DeepfakeReport, OfAModelIsRefusedForEachDamagedField) {
  Damages damages;
  add_lost_fields(damages, {"event", "stream-id", "model-file", "model-id", "success"}, here);
  damages.emplace_back("a failure without its error", set_flag("success", false));
  damages.emplace_back("a success with an error", set_text("error", "cannot be opened"));
  damages.emplace_back("a success with an error that is none", set_int("error"));
  damages.emplace_back("model-file-hex an int", set_int("model-file-hex"));
  for (const char* digits : {"", "6", "6dF", "6g", "6d00", "0x6d", "6d 2e"}) {
    damages.emplace_back(std::string("model-file-hex \"") + digits + "\"",
                         set_text("model-file-hex", digits));
  }
  EXPECT_FALSE(is_refused(make_model_message(true), [](GstStructure*) {}));
  for (const auto& [what, damage] : damages) {
    EXPECT_TRUE(is_refused(make_model_message(true), damage)) << what;
  }
  EXPECT_TRUE(is_refused(make_model_message(false), set_int("error")));
}

TEST(DeepfakeReport, LivesAsLongAsOneOwner) {
  GstDeepfakeReport* report = read(make_message("score", "suspicious")).release();
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(gst_deepfake_report_ref(report), report);
  gst_deepfake_report_unref(report);
  auto* boxed = static_cast<GstDeepfakeReport*>(g_boxed_copy(GST_TYPE_DEEPFAKE_REPORT, report));
  EXPECT_EQ(boxed, report);
  gst_deepfake_report_unref(report);
  EXPECT_STREQ(gst_deepfake_report_get_event_name(boxed), "score");
  EXPECT_EQ(gst_deepfake_report_get_n_faces(boxed), 1U);
  g_boxed_free(GST_TYPE_DEEPFAKE_REPORT, boxed);
}

}  // namespace
