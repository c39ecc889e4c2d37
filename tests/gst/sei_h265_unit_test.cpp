// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Messages in H.265 byte by byte: the unit in every stream format, and damage of every kind.

#include <gst/gst.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gstdeepfakepayload.h"
#include "gstdeepfakesei.h"
#include "marked_video.h"
#include "sei_clips.h"

namespace {

namespace test = dfd::test;
using test::buffer_of;
using test::Frame;
using test::Harness;
using Bytes = std::vector<guint8>;

struct Format {
  const char* name;
  guint length_size;  // 0: start codes.
};

constexpr Format kFormats[] = {{"byte-stream", 0}, {"hvc1", 4}, {"hvc1", 2},
                               {"hvc1", 1},        {"hev1", 4}, {"hev1", 2}};

std::string caps_of(const Format& format) {
  std::string caps = "video/x-h265,alignment=au,width=320,height=240,stream-format=";
  caps += format.name;
  if (format.length_size == 0) return caps;
  // An hvcC record. Only the last two bits of byte 21 are read; all others say something else.
  const guint size_minus_one = format.length_size - 1;
  char hex[3];
  std::string record;
  for (int i = 0; i < 23; ++i) {
    g_snprintf(hex, sizeof hex, "%02x", i == 21 ? 0xFC | size_minus_one : 0xFF ^ size_minus_one);
    record += hex;
  }
  return caps + ",codec_data=(buffer)" + record;
}

class Units : public GstDeepfakeAccessUnits {
 public:
  explicit Units(const Format& format) : Units(gst_caps_from_string(caps_of(format).c_str())) {}

 private:
  explicit Units(GstCaps* caps) : GstDeepfakeAccessUnits(caps) { gst_caps_unref(caps); }
};

// The units one after the other, each behind its length or a start code of four bytes.
Bytes framed(const std::vector<Bytes>& units, const Format& format) {
  Bytes all;
  for (const Bytes& unit : units) {
    if (format.length_size == 0) all.insert(all.end(), {0, 0, 0, 1});
    for (guint i = format.length_size; i-- > 0;) {
      all.push_back(static_cast<guint8>(unit.size() >> (8 * i)));
    }
    all.insert(all.end(), unit.begin(), unit.end());
  }
  return all;
}

Bytes joined(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// Access unit delimiter, the three parameter sets, an encoder's pic_timing.
const std::vector<Bytes> kHeaders = {{0x46, 1, 0x50},
                                     {0x40, 1, 0x0C, 0x01},
                                     {0x42, 1, 0x01, 0x01},
                                     {0x44, 1, 0xC1, 0x72},
                                     {0x4E, 1, 1, 2, 0x11, 0x22, 0x80}};
// Two slices of an IDR picture, and a suffix SEI unit with a picture hash.
const std::vector<Bytes> kPicture = {
    {0x26, 1, 0xAF, 0x1D}, {0x26, 1, 0x2F, 0x11}, {0x50, 1, 0x84, 2, 0, 0x33, 0x80}};

// An SEI unit as docs/in-stream.md has it, of a text that is short and without zero bytes.
Bytes message(const std::string& text, guint8 first = 0x4E, guint8 second = 1,
              const GstDeepfakeUuid& uuid = kGstDeepfakePayloadUuid) {
  Bytes bytes = {first, second, 5, static_cast<guint8>(uuid.size() + text.size())};
  bytes.insert(bytes.end(), uuid.begin(), uuid.end());
  bytes.insert(bytes.end(), text.begin(), text.end());
  bytes.push_back(0x80);
  return bytes;
}

std::optional<std::string> found_in(const Bytes& bytes, const Format& format) {
  GstBuffer* buffer = buffer_of(bytes);
  std::optional<std::string> text = Units(format).find(buffer, kGstDeepfakePayloadUuid);
  gst_buffer_unref(buffer);
  return text;
}

// Changes bytes to what they are with the text inside.
GstDeepfakeInsertion insert_into(Bytes& bytes, const std::string& text, const Format& format) {
  GstBuffer* buffer = buffer_of(bytes);
  const auto insertion = Units(format).insert(buffer, kGstDeepfakePayloadUuid, text);
  bytes = test::frame_of(buffer).bytes;
  gst_buffer_unref(buffer);
  return insertion;
}

TEST(SeiH265Unit, StandsBetweenTheHeadersAndThePicture) {
  for (const Format& format : kFormats) {
    const Bytes headers = framed(kHeaders, format);
    const Bytes picture = framed(kPicture, format);
    Bytes bytes = joined({headers, picture});
    ASSERT_EQ(insert_into(bytes, "{}", format), GstDeepfakeInsertion::kDone) << format.name;
    EXPECT_EQ(bytes, joined({headers, framed({message("{}")}, format), picture}))
        << format.name << ", lengths of " << format.length_size;
  }
}

TEST(SeiH265Unit, HasTheTemporalIdOfItsPicture) {
  for (guint8 plus1 = 1; plus1 <= 7; ++plus1) {
    const Bytes slice = {0x02, plus1, 0xD0, 0x09};
    Bytes bytes = framed({slice}, kFormats[1]);
    ASSERT_EQ(insert_into(bytes, "{}", kFormats[1]), GstDeepfakeInsertion::kDone);
    EXPECT_EQ(bytes, framed({message("{}", 0x4E, plus1), slice}, kFormats[1]));
  }
}

TEST(SeiH265Unit, StandsBeforeWhateverIsOfAPicture) {
  for (const Format& format : {kFormats[0], kFormats[1]}) {
    for (guint8 type = 0; type < 64; ++type) {
      Bytes bytes = framed({kHeaders[0], {static_cast<guint8>(type << 1U), 1, 0x80, 0x11}}, format);
      const bool is_picture = type < 32;
      EXPECT_EQ(insert_into(bytes, "{}", format) == GstDeepfakeInsertion::kDone, is_picture)
          << int{type};
    }
  }
}

TEST(SeiH265Unit, StandsBeforeNoPictureWhoseHeaderIsBroken) {
  for (const Format& format : {kFormats[0], kFormats[1]}) {
    const Bytes before = framed({kHeaders[0], {0x26, 0, 0xAF, 0x1D}, kPicture[1]}, format);
    Bytes bytes = before;
    EXPECT_EQ(insert_into(bytes, "{}", format), GstDeepfakeInsertion::kNoPicture);
    EXPECT_EQ(bytes, before);
  }
}

TEST(SeiH265Unit, BringsAnyBytesAcross) {
  std::mt19937 random(4);
  std::vector<std::string> texts = {std::string("\0\0\1", 3), std::string("\0\0\0\0\0\0", 6),
                                    std::string("a\0\0\3b\0\0\2", 8), std::string("\0\0", 2), ""};
  for (int i = 0; i < 300; ++i) {
    std::string text(random() % 100, 'x');  // Escaped it still has room behind one byte of length.
    for (char& byte : text) byte = static_cast<char>(random() % 5);
    texts.push_back(text);
  }
  for (const Format& format : kFormats) {
    const std::size_t start = framed(kHeaders, format).size();
    const std::size_t framing = format.length_size == 0 ? 4 : format.length_size;
    const std::size_t picture = framed(kPicture, format).size();
    for (const std::string& text : texts) {
      Bytes bytes = joined({framed(kHeaders, format), framed(kPicture, format)});
      ASSERT_EQ(insert_into(bytes, text, format), GstDeepfakeInsertion::kDone);
      ASSERT_EQ(found_in(bytes, format), text) << format.name;
      for (std::size_t i = start + framing; i + 2 < bytes.size() - picture; ++i) {
        ASSERT_FALSE(bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] <= 2) << "a start code";
      }
    }
  }
}

TEST(SeiH265Unit, IsNotWrittenWhereItsLengthHasNoRoom) {
  struct {
    Format format;
    std::size_t fits, does_not;  // Bytes of a text; 21 or more of the unit stand around it.
  } const sizes[] = {{{"hvc1", 1}, 200, 255}, {{"hev1", 2}, 60000, 65535}};
  for (const auto& [format, fits, does_not] : sizes) {
    const Bytes before = joined({framed(kHeaders, format), framed(kPicture, format)});
    Bytes bytes = before;
    EXPECT_EQ(insert_into(bytes, std::string(does_not, 'x'), format),
              GstDeepfakeInsertion::kNoRoom);
    EXPECT_EQ(bytes, before);
    EXPECT_EQ(insert_into(bytes, std::string(fits, 'x'), format), GstDeepfakeInsertion::kDone);
    EXPECT_EQ(found_in(bytes, format), std::string(fits, 'x'));
  }
}

TEST(SeiH265Unit, IsFoundHoweverStartCodesAreWritten) {
  const Bytes ours = message("ours");
  const Bytes& slice = kPicture[0];
  const Bytes three = {0, 0, 1};
  for (const std::size_t zeros : {0U, 1U, 2U, 5U}) {
    const Bytes filling(zeros, 0);  // Of the start code, or trailing zeros of the unit before it.
    EXPECT_EQ(
        found_in(joined({filling, three, kHeaders[0], filling, three, ours, filling, three, slice}),
                 kFormats[0]),
        "ours")
        << zeros;
    EXPECT_EQ(found_in(joined({three, ours, filling}), kFormats[0]), "ours") << "without a picture";
  }
}

TEST(SeiH265Unit, TheLastOfOursCountsAndOthersAreLeftAlone) {
  GstDeepfakeUuid other = kGstDeepfakePayloadUuid;
  other[15] ^= 1;
  const Bytes foreign = message("foreign", 0x4E, 1, other);
  // One unit may hold several messages; pic_timing is explained by the stream's parameters alone.
  Bytes behind = message("behind");
  const Bytes timing = {1, 2, 0x11, 0x22};
  behind.insert(behind.begin() + 2, timing.begin(), timing.end());
  Bytes damaged = message("damaged");
  damaged[2] = 3;
  for (const Format& format : kFormats) {
    const auto found = [&](std::vector<Bytes> units) {
      units.insert(units.begin(), kHeaders.begin(), kHeaders.end());
      units.insert(units.end(), kPicture.begin(), kPicture.end());
      return found_in(framed(units, format), format);
    };
    EXPECT_EQ(found({}), std::nullopt);
    EXPECT_EQ(found({foreign}), std::nullopt);
    EXPECT_EQ(found({message("first"), message("second"), foreign}), "second");
    EXPECT_EQ(found({behind}), "behind");
    EXPECT_EQ(found({message("first"), damaged}), "") << "nothing older is taken instead";
  }
}

TEST(SeiH265Unit, IsReadOnlyAsAPrefixOfTheBaseLayersPicture) {
  const Bytes suffix = message("ours", 0x50);
  const Bytes other_layer = message("ours", 0x4E, 0x09);
  const Bytes nal_of_h264 = message("ours", 0x06);
  for (const Format& format : kFormats) {
    for (const Bytes& unit : {suffix, other_layer, nal_of_h264}) {
      EXPECT_EQ(found_in(framed({unit, kPicture[0]}, format), format), std::nullopt);
    }
    EXPECT_EQ(found_in(framed({kPicture[0], message("late")}, format), format), std::nullopt);
  }
}

// --- Damage

// With a text of ours before the picture; a short one where lengths have one byte.
Bytes unit_with(const std::string& text, const Format& format) {
  Bytes bytes = joined({framed(kHeaders, format), framed(kPicture, format)});
  EXPECT_EQ(insert_into(bytes, text, format), GstDeepfakeInsertion::kDone);
  return bytes;
}

TEST(SeiH265Unit, CutAnywhereIsReadWholeOrNotAtAll) {
  for (const Format& format : kFormats) {
    const std::string text = format.length_size == 1 ? "{\"v\":1}" : test::good_text();
    const Bytes good = unit_with(text, format);
    int whole = 0;
    for (std::size_t size = 0; size <= good.size(); ++size) {
      Bytes bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
      const std::string found = found_in(bytes, format).value_or("");
      EXPECT_TRUE(found.empty() || found == text) << format.name << ", " << size << " bytes";
      if (found == text) ++whole;
      if (insert_into(bytes, "new", format) == GstDeepfakeInsertion::kDone) {
        EXPECT_EQ(found_in(bytes, format), "new") << format.name << ", " << size << " bytes";
      }
    }
    EXPECT_GT(whole, 0);
    EXPECT_LT(whole, 40) << "the picture has fewer bytes";
  }
}

TEST(SeiH265Unit, SurvivesAnyBytesAndBelievesNoneOfThem) {
  std::mt19937 random(5);
  const guint8 telling[] = {0, 0, 0, 1, 2, 3, 5, 0x26, 0x4E, 0x50, 0x80, 0xFF};
  for (const Format& format : kFormats) {
    Harness insert("deepfakeseiinsert", caps_of(format).c_str());
    Harness extract("deepfakeseiextract", caps_of(format).c_str());
    const bool has_room = format.length_size != 1;
    const Bytes good = has_room ? unit_with(test::good_text(), format)
                                : joined({framed(kHeaders, format), framed(kPicture, format)});
    int believed = 0;
    for (int i = 0; i < 1500; ++i) {
      // Noise; noise of the bytes that mean something; and twice a good unit with a bit of noise.
      Bytes bytes(random() % 200);
      for (guint8& byte : bytes) {
        byte = i % 4 == 0 ? static_cast<guint8>(random()) : telling[random() % sizeof telling];
      }
      if (i % 4 >= 2) {
        bytes = good;
        const guint changes = 1 + random() % 3;
        for (guint n = 0; n < changes; ++n) {
          bytes[random() % bytes.size()] =
              i % 4 == 2 ? static_cast<guint8>(random()) : telling[random() % sizeof telling];
        }
      }
      const Frame frame = extract.pass(buffer_of(bytes));
      EXPECT_EQ(frame.bytes, bytes);
      if (frame.marked) {
        EXPECT_EQ(frame.verdict, GST_DEEPFAKE_VERDICT_MANIPULATED) << "the only one written";
        EXPECT_GE(i % 4, 2);
        ++believed;
      }
      GstBuffer* buffer = buffer_of(bytes);
      if (has_room) test::mark(buffer, 320, 240, {});
      EXPECT_GE(insert.pass(buffer).bytes.size(), bytes.size());
    }
    EXPECT_EQ(believed > 0, has_room) << "changes of the picture and of digits do no harm";
  }
}

TEST(SeiH265, LeavesWhatIsNoPictureAsItIs) {
  for (const Format& format : kFormats) {
    Harness insert("deepfakeseiinsert", caps_of(format).c_str());
    for (const Bytes& bytes : {Bytes{},
                               {0},
                               {0, 0, 1},
                               {0, 0, 0, 1, 0x26},
                               {0, 0, 0, 1, 0x40, 1, 0x0C},
                               {0, 0, 0, 9, 0x26, 1},
                               {0xFF, 0xFF, 0xFF, 0xFF, 0x26, 1},
                               {0xFF, 0xFF, 0xFF, 0xFC, 0x26, 1},
                               {0, 0, 0, 3, 0x40, 1, 0x0C, 0, 0, 0, 99, 0x26, 1}}) {
      GstBuffer* buffer = buffer_of(bytes);
      test::mark(buffer, 320, 240, {});
      EXPECT_EQ(insert.pass(buffer).bytes, bytes) << format.name << format.length_size;
    }
  }
}

TEST(SeiH265, OfAStrangerIsCountedAndNotBelievedWhenDamaged) {
  for (const Format& format : {kFormats[0], kFormats[1], kFormats[4]}) {
    Harness extract("deepfakeseiextract", caps_of(format).c_str());
    const std::string text = test::good_text();
    const Frame frame = extract.pass(buffer_of(unit_with(text, format)));
    EXPECT_EQ(frame.verdict, GST_DEEPFAKE_VERDICT_MANIPULATED);
    EXPECT_NEAR(frame.width, 80, 0.05) << "a quarter of 320";
    EXPECT_EQ(extract.damaged(), 0U);
    EXPECT_FALSE(extract.pass(buffer_of(unit_with(text.substr(0, 80), format))).marked);
    EXPECT_EQ(extract.damaged(), 1U);
  }
}

// Three faces take more than 255 bytes.
GstBuffer* crowd_before(const Bytes& picture) {
  GstBuffer* buffer = buffer_of(picture);
  const auto face = test::make_face(3, 40, 60, 80, GST_DEEPFAKE_VERDICT_MANIPULATED, 0.9);
  test::mark(buffer, 320, 240, {face, face, face});
  return buffer;
}

TEST(SeiH265, IsAnErrorWhereLengthsHaveNoRoom) {
  const Format format = {"hvc1", 1};
  Harness insert("deepfakeseiinsert", caps_of(format).c_str());
  const std::string error = insert.error_at(crowd_before(framed(kPicture, format)));
  EXPECT_NE(error.find("lengths have 1 byte"), std::string::npos) << error;
  EXPECT_NE(error.find("stream-format=byte-stream"), std::string::npos) << error;
}

TEST(SeiH265, WithoutRoomPassesInH264) {
  const Bytes picture = {3, 0x65, 0x88, 0x84};
  Harness insert("deepfakeseiinsert",
                 "video/x-h264,stream-format=avc,alignment=au,codec_data=(buffer)01640014fc");
  EXPECT_EQ(insert.pass(crowd_before(picture)).bytes, picture);
}

}  // namespace
