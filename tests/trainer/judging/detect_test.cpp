// SPDX-License-Identifier: LGPL-2.1-or-later
//
// MTCNN with its real weights gives facenet-pytorch's numbers, boxes and landmarks.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "face/mtcnn_nets.h"
#include "import/import.h"
#include "judging/pictures.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

nlohmann::json read_json(const fs::path& file) {
  std::ifstream stream(file);
  return nlohmann::json::parse(stream);
}

class RealMtcnn : public testing::Test {
 protected:
  void SetUp() override {
    data_ = test::shared_data("mtcnn");
    if (data_.empty()) GTEST_SKIP() << "no shared test data; set DEEPFAKE_TEST_DATA";
    ImportOptions options;
    options.kind = ImportKind::kMtcnn;
    file_ = (test::scratch_folder("real_mtcnn") / "mtcnn.safetensors").string();
    options.output = file_;
    options.inputs = {(data_ / "pnet.pt").string(), (data_ / "rnet.pt").string(),
                      (data_ / "onet.pt").string()};
    import_checkpoint(options);
  }

  fs::path data_;
  std::string file_;
};

// As the reference has it: the angle, too, in single precision.
at::Tensor wave(std::int64_t side) {
  return at::sin(at::arange(3 * side * side, at::kFloat) * 0.37).view({1, 3, side, side});
}

void expect_values(const at::Tensor& found, const nlohmann::json& reference, const char* what) {
  const at::Tensor flat = found.contiguous().view(-1);
  const auto expected = reference["values"].get<std::vector<double>>();
  ASSERT_EQ(flat.numel(), static_cast<std::int64_t>(expected.size())) << what;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(flat.data_ptr<float>()[i], expected[i], 1e-5) << what << " " << i;
  }
}

TEST_F(RealMtcnn, TheThreeNetsGivePytorchsNumbers) {
  const auto reference = read_json(data_ / "mtcnn_net_reference.json");
  TensorSource source(file_, read_tensors(SafetensorsFile(file_)));
  const MtcnnNets nets(source);
  const auto with_no_face = [](const at::Tensor& probability) {
    return at::stack({1 - probability, probability}, 1);
  };
  // The reference holds the first values of each tensor.
  const auto first_of = [](const at::Tensor& tensor, const nlohmann::json& output) {
    return tensor.flatten().slice(0, 0, static_cast<std::int64_t>(output["values"].size()));
  };
  const auto proposed = nets.propose(wave(24));
  const auto& of_pnet = reference["pnet"]["outputs"];
  expect_values(first_of(proposed.correction, of_pnet[0]), of_pnet[0], "P-Net box");
  expect_values(first_of(with_no_face(proposed.probability), of_pnet[1]), of_pnet[1],
                "P-Net probability");
  const auto refined = nets.refine(wave(24));
  expect_values(refined.correction, reference["rnet"]["outputs"][0], "R-Net box");
  expect_values(with_no_face(refined.probability), reference["rnet"]["outputs"][1],
                "R-Net probability");
  const auto last = nets.finalize(wave(48));
  expect_values(last.correction, reference["onet"]["outputs"][0], "O-Net box");
  expect_values(last.landmarks, reference["onet"]["outputs"][1], "O-Net landmarks");
  expect_values(with_no_face(last.probability), reference["onet"]["outputs"][2],
                "O-Net probability");
}

RectF rect_of(const nlohmann::json& box) {
  const auto corners = box.get<std::vector<float>>();
  return {corners[0], corners[1], corners[2] - corners[0], corners[3] - corners[1]};
}

TEST_F(RealMtcnn, FacesOfPhotographsAreThoseOfFacenetPytorch) {
  const fs::path faces = data_.parent_path() / "faces";
  DetectOptions options;
  options.face_model = file_;
  const auto reference = read_json(faces / "mtcnn_boxes.json")["images"];
  for (const auto& item : reference.items())
    options.pictures.push_back((faces / item.key()).string());
  int faces_seen = 0;
  detect_faces(options, [&](const nlohmann::ordered_json& line) {
    const std::string file = fs::path(line["file"].get<std::string>()).filename();
    const auto& expected = reference[file]["full"];
    ASSERT_EQ(line["faces"].size(), expected.size()) << file;
    for (const auto& face : expected) {
      const auto found = std::max_element(line["faces"].begin(), line["faces"].end(),
                                          [&](const auto& a, const auto& b) {
                                            return iou(rect_of(a["box"]), rect_of(face["box"])) <
                                                   iou(rect_of(b["box"]), rect_of(face["box"]));
                                          });
      EXPECT_GE(iou(rect_of((*found)["box"]), rect_of(face["box"])), 0.98) << file;
      EXPECT_NEAR((*found)["confidence"].get<double>(), face["prob"].get<double>(), 1e-3) << file;
      for (std::size_t i = 0; i < 5; ++i) {
        for (std::size_t axis = 0; axis < 2; ++axis) {
          EXPECT_NEAR((*found)["landmarks"][i][axis].get<double>(),
                      face["landmarks"][i][axis].get<double>(), 1)
              << file << " landmark " << i;
        }
      }
      ++faces_seen;
    }
  });
  EXPECT_GE(faces_seen, 20);
}

}  // namespace
}  // namespace dfd
