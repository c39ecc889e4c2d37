// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The element on a CUDA device. Skipped where there is none, or no cudaupload.

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "pipelines.h"
#include "support/test_model.h"

namespace {

namespace test = dfd::test;

std::string detect(const std::string& device) {
  return "deepfakedetect name=d device=" + device +
         " messages=every-window inference-region=full-frame model-file=" +
         test::shared_model(dfd::Region::kFullFrame);
}

constexpr const char* kPicture =
    "videotestsrc num-buffers=40 pattern=smpte horizontal-speed=5 ! "
    "video/x-raw,format=NV12,width=320,height=240,framerate=10/1 ! ";

double last_score(const test::Outcome& outcome) {
  double score = -1;
  for (const GstStructure* message : outcome.messages) {
    gst_structure_get_double(message, "probability", &score);
  }
  return score;
}

bool has_upload() {
  GstElementFactory* upload = gst_element_factory_find("cudaupload");
  const bool found = upload != nullptr;
  gst_clear_object(&upload);
  return found;
}

class CudaTest : public testing::Test {
 protected:
  void SetUp() override {
    test::Outcome outcome;
    test::play(kPicture + detect("cuda") + " ! fakesink", outcome);
    if (outcome.domain == GST_LIBRARY_ERROR && outcome.code == GST_LIBRARY_ERROR_INIT) {
      GTEST_SKIP() << outcome.text;
    }
    ASSERT_TRUE(outcome.eos) << outcome.text;
    on_host_ = last_score(outcome);
  }

  double on_host_ = -1;  // The last score of frames in the host's memory, judged on the device.
};

TEST_F(CudaTest, JudgesAsTheCpuDoes) {
  test::Outcome outcome;
  test::play(kPicture + detect("cpu") + " precision=fp32 ! fakesink", outcome);
  ASSERT_TRUE(outcome.eos) << outcome.text;
  EXPECT_GT(on_host_, 0);
  EXPECT_NEAR(on_host_, last_score(outcome), 0.01);
}

TEST_F(CudaTest, FramesInItsMemoryPassThere) {
  if (!has_upload()) GTEST_SKIP() << "no element cudaupload";
  test::Outcome outcome;
  test::play(kPicture + ("cudaupload ! " + detect("cuda")) +
                 " ! video/x-raw(memory:CUDAMemory) ! fakesink",
             outcome);
  ASSERT_TRUE(outcome.eos) << outcome.text;
  EXPECT_EQ(outcome.frames, 40);
  EXPECT_NEAR(last_score(outcome), on_host_, 0.01);
}

TEST_F(CudaTest, FramesInItsMemoryAreReadByAModelOnTheCpu) {
  if (!has_upload()) GTEST_SKIP() << "no element cudaupload";
  test::Outcome outcome;
  test::play(kPicture + ("cudaupload ! " + detect("cpu")) + " precision=fp32 ! fakesink", outcome);
  ASSERT_TRUE(outcome.eos) << outcome.text;
  EXPECT_NEAR(last_score(outcome), on_host_, 0.01);
}

TEST_F(CudaTest, ExplainsFacesOfAStream) {
  test::Outcome outcome;
  test::play(kPicture + detect("cuda") + " explain=true explain-rate=10 ! fakesink", outcome);
  EXPECT_TRUE(outcome.eos) << outcome.text;
  EXPECT_NEAR(last_score(outcome), on_host_, 0.01);
}

}  // namespace
