// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures of faces: what is cut out, which one is a face's, and how its file may be called.

#include <gst/gst.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "findings/face_picture.h"
#include "gstdeepfakemeta.h"
#include "monitor/program.h"
#include "scan/face_crops.h"
#include "scan/face_files.h"

namespace {

namespace fs = std::filesystem;

using dfd::monitor::crop_of;
using dfd::monitor::cut_face;
using dfd::monitor::cut_worst_face;
using dfd::monitor::FaceCrop;
using dfd::monitor::FaceFiles;
using dfd::monitor::faces_analysed_in;
using dfd::monitor::FileTrack;
using dfd::monitor::is_picture_name;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::content_of;
using dfd::monitor::test::empty_folder;
using dfd::monitor::test::forged_clip;
using dfd::monitor::test::Json;
using dfd::monitor::test::Program;
using dfd::monitor::test::scratch;

struct Box {
  float x;
  float y;
  float width;
  float height;
};

// A dark picture, white where the face is.
struct Picture {
  GstCaps* caps;
  GstBuffer* buffer;

  Picture(const char* shape, int width, int height, const Box& box)
      : caps(gst_caps_from_string(
            (std::string("video/x-raw,format=GRAY8,framerate=25/1,") + shape).c_str())),
        buffer(gst_buffer_new_allocate(nullptr, gsize(width * height), nullptr)) {
    std::vector<unsigned char> pixels(std::size_t(width * height), 16);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const bool inside = float(x) >= box.x && float(x) < box.x + box.width &&
                            float(y) >= box.y && float(y) < box.y + box.height;
        if (inside) pixels[std::size_t(y * width + x)] = 235;
      }
    }
    gst_buffer_fill(buffer, 0, pixels.data(), pixels.size());
    GstDeepfakeFace face = {};
    face.track_id = 7;
    face.x = box.x;
    face.y = box.y;
    face.width = box.width;
    face.height = box.height;
    face.reason = "none";
    face.probability = 0.9;
    face.samples = 3;
    gst_buffer_add_deepfake_meta(buffer, "scan", "0123456789ab", guint(width), guint(height), &face,
                                 1)
        ->running_time = GST_SECOND;
  }
  ~Picture() {
    gst_caps_unref(caps);
    gst_buffer_unref(buffer);
  }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
};

struct Cut {
  int width = 0;
  int height = 0;
  GstDeepfakeFace face = {};
  unsigned char middle = 0;
  unsigned char corner = 0;
};

Cut described(GstSample* sample) {
  Cut cut;
  const GstStructure* structure = gst_caps_get_structure(gst_sample_get_caps(sample), 0);
  gst_structure_get_int(structure, "width", &cut.width);
  gst_structure_get_int(structure, "height", &cut.height);
  GstBuffer* buffer = gst_sample_get_buffer(sample);
  cut.face = gst_buffer_get_deepfake_meta(buffer)->faces[0];
  GstMapInfo map;
  gst_buffer_map(buffer, &map, GST_MAP_READ);
  cut.corner = map.data[0];
  cut.middle = map.data[std::size_t(cut.height / 2 * ((cut.width + 3) / 4 * 4) + cut.width / 2)];
  gst_buffer_unmap(buffer, &map);
  return cut;
}

Cut cut_of(const Picture& picture) {
  const auto sample = cut_face(picture.caps, picture.buffer, 0, 96);
  return sample == nullptr ? Cut() : described(sample.get());
}

TEST(CutFace, HasTheFaceInItsMiddleWithItsResult) {
  gst_init(nullptr, nullptr);
  const Cut cut = cut_of(Picture("width=640,height=480", 640, 480, {200, 100, 128, 128}));
  EXPECT_EQ(cut.width, 96);
  EXPECT_EQ(cut.height, 96);
  EXPECT_GT(cut.middle, 200);
  EXPECT_LT(cut.corner, 50);
  EXPECT_NEAR(cut.face.x, 16, 0.1);
  EXPECT_NEAR(cut.face.width, 64, 0.1);
  EXPECT_EQ(cut.face.probability, 0.9);
}

TEST(CutFace, EndsWhereThePictureDoesAndHasItsShape) {
  gst_init(nullptr, nullptr);
  const Cut edge = cut_of(Picture("width=640,height=480", 640, 480, {-20, -20, 60, 60}));
  EXPECT_EQ(edge.width, 54);
  EXPECT_EQ(edge.height, 54);
  EXPECT_NEAR(edge.face.x, -20, 0.1);
  const Cut broadcast = cut_of(
      Picture("width=720,height=576,pixel-aspect-ratio=16/11", 720, 576, {200, 100, 40, 40}));
  EXPECT_EQ(broadcast.width, 86);
  EXPECT_EQ(broadcast.height, 60);
}

TEST(CutFace, IsNothingOutsideThePicture) {
  gst_init(nullptr, nullptr);
  const Picture picture("width=640,height=480", 640, 480, {900, 100, 50, 50});
  EXPECT_EQ(cut_face(picture.caps, picture.buffer, 0, 96), nullptr);
  EXPECT_EQ(cut_face(picture.caps, picture.buffer, 1, 96), nullptr);
  GstBuffer* bare = gst_buffer_new();
  EXPECT_EQ(cut_face(picture.caps, bare, 0, 96), nullptr);
  gst_buffer_unref(bare);
}

// A face of 100 x 100 at (200, 100), the worst of all, and others with so much probability.
class CutWorstFace : public testing::Test {
 protected:
  CutWorstFace() { gst_init(nullptr, nullptr); }

  // Of what was cut: the worst face's place in it, and the size of it all. Nothing where nothing
  // was.
  Cut cut(std::vector<Box> others, double probability = 0.9) {
    std::vector<GstDeepfakeFace> faces;
    others.push_back({200, 100, 100, 100});
    for (const Box& box : others) {
      GstDeepfakeFace face = {};
      face.track_id = faces.size();
      face.x = box.x;
      face.y = box.y;
      face.width = box.width;
      face.height = box.height;
      face.reason = "none";
      // The verdict counts first.
      face.probability = 0.95;
      face.verdict = GST_DEEPFAKE_VERDICT_AUTHENTIC;
      faces.push_back(face);
    }
    faces.back().probability = probability;
    faces.back().verdict = GST_DEEPFAKE_VERDICT_MANIPULATED;
    const Picture picture("width=640,height=480", 640, 480, {200, 100, 100, 100});
    GstBuffer* buffer = gst_buffer_copy(picture.buffer);
    gst_buffer_remove_meta(buffer, GST_META_CAST(gst_buffer_get_deepfake_meta(buffer)));
    gst_buffer_add_deepfake_meta(buffer, "ch1", "0123456789ab", 640, 480, faces.data(),
                                 guint(faces.size()));
    const auto sample = cut_worst_face(picture.caps, buffer);
    gst_buffer_unref(buffer);
    if (sample == nullptr) return {};
    return described(sample.get());
  }
};

TEST_F(CutWorstFace, HasItsSizeAroundItInItsOwnPixels) {
  const Cut alone = cut({{500, 300, 120, 120}});
  EXPECT_EQ(alone.width, 300);
  EXPECT_EQ(alone.height, 300);
  EXPECT_NEAR(alone.face.x, 100, 0.1);
  EXPECT_NEAR(alone.face.width, 100, 0.1);
  EXPECT_EQ(alone.face.probability, 0.9);
}

TEST_F(CutWorstFace, EndsWhereAnotherFaceBegins) {
  const Cut right = cut({{330, 90, 120, 120}});
  EXPECT_EQ(right.width, 230);
  EXPECT_EQ(right.height, 300);
  const Cut left = cut({{80, 90, 100, 120}});
  EXPECT_EQ(left.width, 220);
  EXPECT_NEAR(left.face.x, 20, 0.1);
  const Cut both = cut({{330, 90, 120, 120}, {200, 220, 100, 100}});
  EXPECT_EQ(both.width, 230);
  EXPECT_EQ(both.height, 220);
}

TEST_F(CutWorstFace, IsNothingWhereAnotherFaceIsTooNear) {
  EXPECT_EQ(cut({{250, 150, 100, 100}}).width, 0);
  EXPECT_EQ(cut({{301, 100, 100, 100}}).width, 0);
  EXPECT_EQ(cut({}, -1).width, 0);
}

TEST(CutFace, IsOfThePictureThatWasAnalysed) {
  gst_init(nullptr, nullptr);
  const Picture picture("width=640,height=480", 640, 480, {0, 0, 50, 50});
  ASSERT_EQ(faces_analysed_in(picture.buffer, GST_SECOND).size(), 1U);
  EXPECT_EQ(faces_analysed_in(picture.buffer, GST_SECOND)[0].track_id, 7U);
  EXPECT_EQ(faces_analysed_in(picture.buffer, GST_SECOND)[0].probability, 0.9);
  EXPECT_TRUE(faces_analysed_in(picture.buffer, 2 * GST_SECOND).empty());
  EXPECT_TRUE(faces_analysed_in(picture.buffer, GST_CLOCK_TIME_NONE).empty());
}

FileTrack track_of(std::uint64_t id, std::uint64_t begin_s, std::uint64_t end_s) {
  FileTrack track;
  track.id = id;
  track.begin_ns = begin_s * GST_SECOND;
  track.end_ns = end_s * GST_SECOND;
  return track;
}

FaceCrop crop_at(std::uint64_t id, std::uint64_t time_s) {
  FaceCrop crop;
  crop.track_id = id;
  crop.time_ns = time_s * GST_SECOND;
  return crop;
}

TEST(FaceCrops, EachIsOfThePersonThatItsTrackWasThen) {
  const std::vector<FaceCrop> crops = {crop_at(1, 2), crop_at(1, 20), crop_at(2, 21)};
  EXPECT_EQ(crop_of(track_of(1, 1, 10), crops), &crops[0]);
  EXPECT_EQ(crop_of(track_of(1, 11, 30), crops), &crops[1]);
  // It was told of a little later.
  EXPECT_EQ(crop_of(track_of(2, 22, 30), crops), &crops[2]);
  EXPECT_EQ(crop_of(track_of(1, 40, 50), crops), nullptr);
  EXPECT_EQ(crop_of(track_of(3, 0, 50), crops), nullptr);
}

TEST(FaceFiles, NamesFromAnywhereLeadNowhereElse) {
  const std::string digits = "0123456789abcdef0123456789abcdef";
  EXPECT_TRUE(is_picture_name(digits + "-1.jpg"));
  EXPECT_TRUE(is_picture_name(digits + "-10-heatmap.jpg"));
  for (const std::string& name : std::vector<std::string>{
           "", digits + ".jpg", digits + "-.jpg", digits + "-1.png", digits + "-1000.jpg",
           "../" + digits + "-1.jpg", digits + "-1/../x.jpg", digits + "-1.jpg\n",
           digits + "-a.jpg", std::string("G123456789abcdef0123456789abcdef-1.jpg"),
           digits + "-1-heatmap-heatmap.jpg", "-heatmap.jpg"}) {
    EXPECT_FALSE(is_picture_name(name)) << name;
  }
}

TEST(FaceFiles, WritesWhatThereIsUnderNamesThatStay) {
  gst_init(nullptr, nullptr);
  const std::string folder = empty_folder("face_files");
  const Picture picture("width=640,height=480", 640, 480, {200, 100, 128, 128});
  FaceCrop crop;
  crop.picture = cut_face(picture.caps, picture.buffer, 0, 96);
  const std::vector<FaceCrop> crops = {FaceCrop(), crop};
  const FaceFiles files(folder, "clip.mp4", crops);
  ASSERT_TRUE(comes_true([&] { return files.names().has_value(); }));
  const auto names = *files.names();
  ASSERT_EQ(names.size(), 2U);
  EXPECT_EQ(names[0].picture, "");
  EXPECT_TRUE(is_picture_name(names[1].picture));
  EXPECT_EQ(names[1].heatmap, "");
  EXPECT_EQ(content_of(folder + "/" + names[1].picture).substr(0, 2), "\xff\xd8");
  const FaceFiles again(folder, "clip.mp4", crops);
  const FaceFiles other(folder, "other.mp4", crops);
  ASSERT_TRUE(comes_true([&] { return again.names() && other.names(); }));
  EXPECT_EQ((*again.names())[1].picture, names[1].picture);
  EXPECT_NE((*other.names())[1].picture, names[1].picture);
}

TEST(FaceFiles, ADiskThatTakesNothingCostsThePicturesAlone) {
  gst_init(nullptr, nullptr);
  const Picture picture("width=640,height=480", 640, 480, {200, 100, 128, 128});
  FaceCrop crop;
  crop.picture = cut_face(picture.caps, picture.buffer, 0, 96);
  const FaceFiles files("/nowhere", "clip.mp4", {crop});
  ASSERT_TRUE(comes_true([&] { return files.names().has_value(); }));
  EXPECT_EQ((*files.names())[0].picture, "");
}

Json faces_of(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"scan"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  Program program(words);
  program.wait();
  return program.events().at(0)["faces"];
}

TEST(Scan, FacesHaveTheirPictures) {
  const std::string forged = content_of(forged_clip());
  ASSERT_FALSE(forged.empty());
  const std::string clip = scratch("faces.h264");
  // Time to explain what the first seconds make likely.
  std::ofstream(clip, std::ios::binary) << forged << forged << forged;
  const std::string folder = empty_folder("faces_of_scan");
  Json faces = faces_of({clip, "--pictures", folder, "--heatmaps"});
  ASSERT_FALSE(faces.empty());
  std::size_t files = 0;
  for (Json& face : faces) {
    EXPECT_TRUE(face.contains("picture")) << face;
    for (const char* kind : {"picture", "heatmap"}) {
      if (!face.contains(kind)) continue;
      ++files;
      EXPECT_EQ(content_of(folder + "/" + face[kind].get<std::string>()).substr(0, 2), "\xff\xd8");
      face.erase(kind);
    }
  }
  EXPECT_GT(files, faces.size());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), std::ptrdiff_t(files));
  // All else is as it is without.
  EXPECT_EQ(faces, faces_of({clip}));
}

}  // namespace
