// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Engines of the process: who shares one, and what is left when they go.

#include "detector/engine.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "runtime/engine_impl.h"
#include "runtime/engine_registry.h"
#include "runtime/forward_thread.h"
#include "scoring/device.h"
#include "support/fakes.h"
#include "support/test_model.h"

namespace dfd {
namespace {

LoadedModel fake_model() {
  LoadedModel model;
  model.config = test::test_config();
  model.digest = std::string(64, 'a');
  model.scorer = std::make_unique<test::FakeScorer>(test::kTestWindow, 2);
  return model;
}

std::size_t threads_of_process() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    count += entry.exists() ? 1 : 0;
  }
  return count;
}

// Of the process, in bytes.
std::size_t resident_memory() {
  std::size_t pages = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // They keep what is freed.
TEST(Engine, GivesItsMemoryBackWhenItEnds) {
  EngineConfig config;
  config.model_file = test::shared_model();
  Engine::load(config);  // What is made once stays.
  const std::size_t before = resident_memory();
  for (int i = 0; i < 3; ++i) Engine::load(config);
  auto engine = Engine::load(config);
  const std::size_t loaded = resident_memory();
  engine.reset();
  const std::size_t after = resident_memory();
  // The model's file alone has 92 MB. Without malloc_trim() nearly all of it stays.
  EXPECT_GT(loaded, before + (60U << 20));
  EXPECT_LT(after, before + (30U << 20));
}
#endif

TEST(Engine, ElementsOfOneModelShareAnEngine) {
  EngineConfig config;
  config.model_file = test::shared_model();
  const auto first = Engine::load(config);
  EXPECT_EQ(first, Engine::load(config));
  config.model_file = test::shared_model(Region::kFullFrame);
  EXPECT_NE(first, Engine::load(config));
}

// Until the condition holds, or for so long that it never will.
bool wait_until(const std::function<bool()>& holds) {
  constexpr std::chrono::seconds kNever{30};
  const auto begin = std::chrono::steady_clock::now();
  while (!holds()) {
    if (std::chrono::steady_clock::now() - begin > kNever) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

class KeptEngine : public testing::Test {
 protected:
  KeptEngine() { config_.model_file = test::shared_model(); }
  ~KeptEngine() override { EngineRegistry::get().drop_kept(); }

  static std::size_t kept() { return EngineRegistry::get().kept(); }

  EngineConfig config_;
};

TEST_F(KeptEngine, IsFoundByTheNextUser) {
  config_.keep_alive = std::chrono::hours(1);
  auto engine = Engine::load(config_);
  const Engine* const same = engine.get();
  engine.reset();
  EXPECT_EQ(kept(), 1U);
  // Nobody is asked again: the wish of who was there first lasts as long as the engine does.
  config_.keep_alive = std::chrono::nanoseconds(0);
  engine = Engine::load(config_);
  EXPECT_EQ(engine.get(), same);
  EXPECT_EQ(kept(), 0U);
  engine.reset();
  EXPECT_EQ(kept(), 1U);
}

TEST_F(KeptEngine, EndsWhenItsTimeIsOver) {
  config_.keep_alive = std::chrono::milliseconds(1);
  Engine::load(config_).reset();
  EXPECT_TRUE(wait_until([&] { return kept() == 0; }));
}

TEST_F(KeptEngine, LivesAsLongAsTheLongestWish) {
  config_.keep_alive = std::chrono::hours(1);
  auto patient = Engine::load(config_);
  config_.keep_alive = std::chrono::nanoseconds(0);
  auto hasty = Engine::load(config_);
  patient.reset();
  EXPECT_EQ(kept(), 0U) << "in use";
  hasty.reset();
  EXPECT_EQ(kept(), 1U);
}

TEST_F(KeptEngine, IsNotLostToAWishWithoutEnd) {
  config_.keep_alive = std::chrono::nanoseconds::max();
  Engine::load(config_).reset();
  EXPECT_EQ(kept(), 1U);
  config_.keep_alive = std::chrono::nanoseconds(-1);
  EXPECT_THROW(Engine::load(config_), Error);
}

TEST(Engine, DevicesAreCheckedByName) {
  EngineConfig config;
  config.model_file = test::shared_model();
  const auto code_of = [&](const char* device) {
    config.device = device;
    try {
      Engine::load(config);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code_of("banana"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of("cuda:x"), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of("cuda:99"), ErrorCode::kDeviceUnavailable);
}

TEST(Engine, ManyWhoAskAtOnceGetOneEngine) {
  EngineConfig config;
  config.model_file = test::shared_model();
  std::vector<std::future<std::shared_ptr<Engine>>> asked;
  for (int i = 0; i < 8; ++i) {
    asked.push_back(std::async(std::launch::async, [&] { return Engine::load(config); }));
  }
  const std::shared_ptr<Engine> first = asked[0].get();
  for (std::size_t i = 1; i < asked.size(); ++i) EXPECT_EQ(asked[i].get(), first);
}

TEST(Engine, TheSameContentUnderAnotherNameIsShared) {
  const auto copy = test::scratch_folder("renamed") / "copy.safetensors";
  std::filesystem::copy_file(test::shared_model(), copy);
  EngineConfig config;
  config.model_file = test::shared_model();
  const auto first = Engine::load(config);
  config.model_file = copy.string();
  EXPECT_EQ(Engine::load(config), first);
}

TEST(Engine, TheFirstDecidesAboutThreads) {
  EngineConfig config;
  config.model_file = test::shared_model();
  config.threads = 1;
  const auto first = Engine::load(config);
  config.threads = 2;
  EXPECT_EQ(Engine::load(config), first);
  EXPECT_EQ(first->threads(), 1);
}

TEST(Engine, SaysWhatAutoBecame) {
  EngineConfig config;
  config.model_file = test::shared_model();
  const auto engine = Engine::load(config);
  const at::Device device = select_device("auto");
  EXPECT_EQ(engine->device(), device.str());
  EXPECT_EQ(engine->precision(), select_precision(Precision::kAuto, device));
  EXPECT_NE(engine->precision(), Precision::kAuto);
}

TEST(Engine, APrecisionTheDeviceLacksIsRefused) {
  EngineConfig config;
  config.model_file = test::shared_model();
  config.device = "cpu";
  config.precision = Precision::kFp16;
  try {
    Engine::load(config);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDeviceUnavailable);
    EXPECT_NE(std::string(error.what()).find("precision=auto"), std::string::npos);
  }
}

TEST(Engine, AFailedWarmUpIsTheLoadersError) {
  class Broken : public test::FakeScorer {
   public:
    Broken() : FakeScorer(1, 0) {}
    void warm_up() override { throw Error(ErrorCode::kOutOfMemory, "made to fail"); }
  };
  LoadedModel model = fake_model();
  model.scorer = std::make_unique<Broken>();
  EXPECT_THROW(EngineImpl(std::move(model), "cpu", Precision::kFp32, 1), Error);
}

TEST(Engine, AThousandStartsAndStopsLeaveNoThreads) {
  EngineImpl(fake_model(), "cpu", Precision::kFp32, 1);
  const int lent = ForwardThread::count();
  const std::size_t threads = threads_of_process();
  for (int i = 0; i < 1000; ++i) {
    const auto engine = std::make_shared<EngineImpl>(fake_model(), "cpu", Precision::kFp32, 1);
    const auto session = make_session(
        engine, {}, std::make_unique<test::FakeDetector>(cv::Size(320, 240), std::vector<RectF>()));
  }
  EXPECT_EQ(ForwardThread::count(), lent);
  EXPECT_EQ(threads_of_process(), threads);
}

TEST(ForwardThread, ReturnsWhenItsWorkIsDoneAndIsLentAgain) {
  int runs = 0;
  {
    const ForwardThread thread([&] { ++runs; });
  }
  const int count = ForwardThread::count();
  {
    const ForwardThread thread([&] { ++runs; });
  }
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(ForwardThread::count(), count);
}

}  // namespace
}  // namespace dfd
