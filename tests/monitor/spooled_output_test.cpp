// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Events that wait on disk until somebody takes them.

#include "outputs/spooled_output.h"

#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "program.h"
#include "store/spool.h"

namespace {

namespace fs = std::filesystem;
using dfd::monitor::Database;
using dfd::monitor::Delivery;
using dfd::monitor::Sender;
using dfd::monitor::Spool;
using dfd::monitor::SpooledOutput;
using dfd::monitor::SpoolSettings;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::Json;
using dfd::monitor::test::scratch;

constexpr std::int64_t kRoom = 1 << 20;

std::string new_spool(const std::string& name) {
  const std::string path = scratch("spool-" + name + ".sqlite");
  for (const char* part : {"", "-wal", "-shm"}) fs::remove(path + part);
  return path;
}

std::string event(int number) {
  return Json({{"id", "E" + std::to_string(number)},
               {"data", {{"stream", {{"id", "ch1"}}}, {"number", number}}}})
      .dump();
}

std::deque<Spool::Item> items(int first, int end) {
  std::deque<Spool::Item> all;
  for (int i = first; i < end; ++i) all.push_back({"E" + std::to_string(i), event(i)});
  return all;
}

// All ids, which are taken out.
std::string drained(Spool& spool) {
  std::string ids;
  while (const auto item = spool.first()) {
    ids += item->id;
    spool.remove(*item);
  }
  return ids;
}

TEST(TheSpool, GivesBackInOrderAfterItsEnd) {
  const std::string path = new_spool("order");
  Spool(path, kRoom).add(items(0, 3));
  Spool again(path, kRoom);
  EXPECT_EQ(again.size(), 3U);
  again.add(items(3, 4));
  EXPECT_EQ(drained(again), "E0E1E2E3");
  EXPECT_EQ(Spool(path, kRoom).size(), 0U);
}

TEST(TheSpool, HasNoEventTwice) {
  Spool spool(new_spool("twice"), kRoom);
  spool.add(items(0, 3));
  spool.add(items(1, 4));
  EXPECT_EQ(drained(spool), "E0E1E2E3");
}

TEST(TheSpool, DropsTheOldestBeyondItsBoundAndCountsThem) {
  const auto size = static_cast<std::int64_t>(event(0).size());
  Spool spool(new_spool("bound"), 3 * size);
  spool.add(items(0, 5));
  EXPECT_EQ(spool.size(), 3U);
  EXPECT_EQ(spool.dropped(), 2U);
  EXPECT_EQ(drained(spool), "E2E3E4");
  // One that is larger than the bound is kept all the same.
  Spool(new_spool("large"), 1).add(items(0, 1));
}

TEST(TheSpool, PutsADamagedFileAside) {
  const std::string path = new_spool("damaged");
  std::ofstream(path) << std::string(4096, 'x');
  Spool spool(path, kRoom);
  spool.add(items(0, 1));
  EXPECT_EQ(drained(spool), "E0");
}

// Answers as it is told, and then takes everything.
class Fake : public Sender {
 public:
  struct Shared {
    std::mutex mutex;
    std::deque<Delivery::Result> answers;
    std::string taken;
    int tries = 0;
  };
  explicit Fake(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  Delivery send(const std::string& id, const std::string& /*event*/) override {
    const std::lock_guard<std::mutex> lock(shared_->mutex);
    ++shared_->tries;
    Delivery delivery;
    if (!shared_->answers.empty()) {
      delivery.result = shared_->answers.front();
      shared_->answers.pop_front();
    }
    if (delivery.result == Delivery::Result::kTaken) shared_->taken += id;
    return delivery;
  }
  void cancel() override {}

 private:
  std::shared_ptr<Shared> shared_;
};

std::unique_ptr<SpooledOutput> output_of(const std::string& path,
                                         const std::shared_ptr<Fake::Shared>& shared) {
  auto output = std::make_unique<SpooledOutput>(
      SpoolSettings{"test", path, kRoom}, [shared] { return std::make_unique<Fake>(shared); });
  output->start();
  return output;
}

bool has_taken(Fake::Shared& shared, const std::string& ids) {
  return comes_true([&] {
    const std::lock_guard<std::mutex> lock(shared.mutex);
    return shared.taken == ids;
  });
}

TEST(ASpooledOutput, SendsInOrderHoweverOftenItIsPutOff) {
  const auto shared = std::make_shared<Fake::Shared>();
  shared->answers = {Delivery::Result::kLater, Delivery::Result::kTaken, Delivery::Result::kLater};
  const auto output = output_of(new_spool("later"), shared);
  for (int i = 0; i < 3; ++i) output->write(event(i));
  EXPECT_TRUE(has_taken(*shared, "E0E1E2")) << shared->taken;
  EXPECT_TRUE(comes_true([&] { return output->waiting() == 0; }));
  EXPECT_EQ(output->dropped(), 0U);
}

TEST(ASpooledOutput, CountsWhatIsRefusedAndGoesOn) {
  const auto shared = std::make_shared<Fake::Shared>();
  shared->answers = {Delivery::Result::kRefused};
  const auto output = output_of(new_spool("refused"), shared);
  for (int i = 0; i < 2; ++i) output->write(event(i));
  EXPECT_TRUE(has_taken(*shared, "E1")) << shared->taken;
  EXPECT_EQ(output->dropped(), 1U);
}

TEST(ASpooledOutput, HasOnDiskWhatNobodyTook) {
  const std::string path = new_spool("rest");
  const auto away = std::make_shared<Fake::Shared>();
  away->answers.assign(1000, Delivery::Result::kLater);
  {
    const auto output = output_of(path, away);
    for (int i = 0; i < 3; ++i) output->write(event(i));
    EXPECT_TRUE(comes_true([&] { return output->unkept() == 0; }));
    EXPECT_EQ(output->waiting(), 3U);
  }
  const auto there = std::make_shared<Fake::Shared>();
  const auto output = output_of(path, there);
  EXPECT_TRUE(has_taken(*there, "E0E1E2")) << there->taken;
}

TEST(ASpooledOutput, SendsWhatNoDiskTakes) {
  const auto shared = std::make_shared<Fake::Shared>();
  const auto output = output_of("/nowhere/spool.sqlite", shared);
  for (int i = 0; i < 3; ++i) output->write(event(i));
  EXPECT_TRUE(has_taken(*shared, "E0E1E2")) << shared->taken;
  EXPECT_TRUE(comes_true([&] { return output->waiting() == 0; }));
}

TEST(ASpooledOutput, SendsWhatSomebodyElseLeftInItsFile) {
  const std::string path = new_spool("left");
  const auto shared = std::make_shared<Fake::Shared>();
  const auto output = output_of(path, shared);
  output->write(event(0));
  EXPECT_TRUE(has_taken(*shared, "E0")) << shared->taken;
  // The one before it, which ended late.
  Spool(path, kRoom).add(items(1, 3));
  EXPECT_TRUE(has_taken(*shared, "E0E1E2")) << shared->taken;
}

TEST(ASpooledOutput, GoesOnWhereItsFileIsDamagedMeanwhile) {
  const std::string path = new_spool("meanwhile");
  const auto shared = std::make_shared<Fake::Shared>();
  shared->answers.assign(1000, Delivery::Result::kLater);
  const auto output = output_of(path, shared);
  for (int i = 0; i < 500; ++i) output->write(event(i));
  ASSERT_TRUE(comes_true([&] { return output->unkept() == 0; }));
  { Database(path).run("PRAGMA wal_checkpoint(TRUNCATE)"); }
  {
    std::fstream stream(path, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(4096);
    stream << std::string(fs::file_size(path) - 4096, 'x');
  }
  output->write(event(500));
  ASSERT_TRUE(comes_true([&] { return output->dropped() == 500; }));
  {
    const std::lock_guard<std::mutex> lock(shared->mutex);
    shared->answers.clear();
  }
  EXPECT_TRUE(has_taken(*shared, "E500")) << shared->taken;
}

TEST(ASpooledOutput, GivesASignOfLifeThatWaitsForNobody) {
  const auto shared = std::make_shared<Fake::Shared>();
  const auto output = output_of(new_spool("beat"), shared);
  output->beat(event(7));
  EXPECT_TRUE(has_taken(*shared, "E7")) << shared->taken;
  EXPECT_EQ(output->waiting(), 0U);
}

}  // namespace
