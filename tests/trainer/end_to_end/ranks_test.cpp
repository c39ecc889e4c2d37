// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One training by several processes, as users run it.

#include <sys/wait.h>

#include <string>

#include <gtest/gtest.h>

#include "model/safetensors.h"
#include "model/weights.h"
#include "support/test_model.h"
#include "trainer/end_to_end/trainer_runs.h"
#include "trainer/rank_runs.h"

namespace dfd::test {
namespace {

#ifdef DFD_WITH_GLOO

class OnRanks : public WithSmallData {
 protected:
  // 12 pairs are three groups, which two ranks share unevenly.
  std::string command(const std::string& model, const std::string& more = "--steps 3") const {
    return std::string(DFD_TRAINER) + " train --data '" + data_ +
           "' --split random --backbone new:artifact_cnn --crop square --frames 2 --pairs 12 "
           "--group 8"
           " --validation-pairs 48 --validate-every 1 --precision fp32 --threads 1 --cache '" +
           file("cache") + "' -o '" + file(model) + "' " + more;
  }
  std::string alone(const std::string& model) const {
    int status = -1;
    const std::string said = run("env -u RANK -u WORLD_SIZE " + command(model) + " 2>&1", status);
    EXPECT_EQ(status, 0) << said;
    return said;
  }
  std::string file(const std::string& name) const { return (fs::path(data_) / name).string(); }

  // Of all weights and statistics.
  double largest_difference(const std::string& a, const std::string& b) const {
    const TensorMap left = read_tensors(SafetensorsFile(file(a)));
    const TensorMap right = read_tensors(SafetensorsFile(file(b)));
    EXPECT_EQ(left.size(), right.size());
    double largest = 0;
    for (const auto& [name, tensor] : left) {
      largest = std::max(largest, (tensor - right.at(name)).abs().max().item<double>());
    }
    return largest;
  }
};

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(OnRanks, TwoGiveTheModelOfOne) {
  const std::string said = run_ranks(2, command("two"));
  ASSERT_TRUE(says(said, "0: status 0") && says(said, "1: status 0")) << said;
  EXPECT_EQ(count_of(said, "0: {\"step\""), 3U) << said;
  EXPECT_EQ(count_of("\n" + said, "\n1: "), 1U) << said;  // Its status.
  EXPECT_TRUE(says(said, "on 2 ranks")) << said;
  // Each cut its part of the 16 clips, and none was cut again by one.
  EXPECT_TRUE(says(said, "(8 new) 8/8")) << said;
  EXPECT_TRUE(says(alone("one"), "(0 new)"));
  // Sums are added in another order.
  EXPECT_LT(largest_difference("one", "two"), 1e-4);
}

TEST_F(OnRanks, MpirunGivesItToo) {
  if (!has_mpirun()) GTEST_SKIP() << "mpirun is not there; install openmpi-bin";
  int status = -1;
  const std::string said = run(kMpirunTwo + command("two") + " 2>&1", status);
  ASSERT_EQ(status, 0) << said;
  EXPECT_EQ(count_of(said, "{\"step\""), 3U) << said;
  alone("one");
  EXPECT_LT(largest_difference("one", "two"), 1e-4);
}

TEST_F(OnRanks, AfterARankWasKilledResumeGoesOn) {
  // So many steps that the kill comes before the last, but few checkpoints.
  const auto long_command = [&](const std::string& model, const std::string& more) {
    std::string words = command(model, "--steps 40" + more);
    const std::string each = "--validate-every 1 ";
    return words.replace(words.find(each), each.size(), "--validate-every 10 ");
  };
  const std::string whole = run_ranks(2, long_command("whole", ""));
  ASSERT_TRUE(says(whole, "0: status 0")) << whole;
  // The second rank's process ends when there is a checkpoint.
  const std::string killing = "sh -c 'if [ $RANK = 1 ]; then ( while [ ! -e \"" +
                              file("parts.resume") +
                              "\" ]; do sleep 0.05; done; kill -9 $$ ) & fi; exec \"$@\"' sh ";
  const std::string killed = run_ranks(2, killing + long_command("parts", ""));
  EXPECT_TRUE(says(killed, "1: status 137")) << killed;
  EXPECT_TRUE(says(killed, "0: deepfake-trainer: rank 0 of 2 lost rank 1")) << killed;
  EXPECT_TRUE(says(killed, "--resume goes on")) << killed;
  EXPECT_TRUE(says(killed, "0: status 1")) << killed;
  const std::string rest = run_ranks(2, long_command("parts", " --resume"));
  EXPECT_TRUE(says(rest, "0: resuming after step ")) << rest;
  EXPECT_TRUE(says(rest, "0: status 0")) << rest;
  EXPECT_EQ(bytes_of(file("whole")), bytes_of(file("parts")));
}

TEST_F(OnRanks, StoppedByTimeAndResumedTheyGiveTheSameModel) {
  const std::string whole = run_ranks(2, command("whole", "--steps 2"));
  ASSERT_TRUE(says(whole, "0: status 0")) << whole;
  const std::string limited = run_ranks(2, command("parts", "--steps 2 --time-limit 0.001"));
  EXPECT_TRUE(says(limited, "0: status 4") && says(limited, "1: status 4")) << limited;
  const std::string rest = run_ranks(2, command("parts", "--steps 2 --resume"));
  EXPECT_TRUE(says(rest, "resuming after step 1")) << rest;
  EXPECT_TRUE(says(rest, "0: status 0") && says(rest, "1: status 0")) << rest;
  EXPECT_EQ(bytes_of(file("whole")), bytes_of(file("parts")));
}

TEST_F(OnRanks, MistakesEndAllOfThem) {
  const auto refused = [&](const std::string& of, const std::string& first,
                           const std::string& second) {
    const std::string said = run_ranks(2, of);
    EXPECT_TRUE(says(said, "0: status 1") && says(said, "1: status 1")) << said;
    EXPECT_TRUE(says(said, first) && says(said, second)) << said;
    EXPECT_FALSE(fs::exists(file("model")));
  };
  refused(command("model", "--steps 2 --resume"), "nothing to resume", "rank 0 ended: ");
  std::string few = command("model", "--steps 2");
  few.replace(few.find("--pairs 12"), 10, "--pairs 4");
  refused(few, "0: deepfake-trainer: a step of 4 pairs", "1: deepfake-trainer: a step of 4 pairs");
  refused("sh -c 'exec \"$@\" --rate 0.00$((RANK+1))' sh " + command("model", "--steps 2"),
          "0: deepfake-trainer: rank 0 of 2 lost the connection; rank 1 ended: ",
          "1: deepfake-trainer: rank 1 has other clips");
}

TEST_F(OnRanks, AHeadOnAFrozenBackboneIsTheSameAsOfOne) {
  const auto of_head = [&](const std::string& model, const std::string& more) {
    return std::string(DFD_TRAINER) + " train --data '" + data_ +
           "' --split random --backbone random:1 --frames 2 --epochs 3 --cache '" + file("cache") +
           "' -o '" + file(model) + "' " + more;
  };
  const std::string limited = run_ranks(2, of_head("two", "--time-limit 0.001"));
  EXPECT_TRUE(says(limited, "0: status 4") && says(limited, "1: status 4")) << limited;
  // Each embedded its part of a side's clips, and none was embedded again.
  EXPECT_FALSE(says(limited, "(16 new)")) << limited;
  EXPECT_TRUE(says(limited, "(0 new) ")) << limited;
  EXPECT_EQ(count_of(limited, "0: {\"epoch\""), 1U) << limited;
  EXPECT_EQ(count_of("\n" + limited, "\n1: "), 1U) << limited;  // Its status.
  const std::string rest = run_ranks(2, of_head("two", "--resume"));
  EXPECT_TRUE(says(rest, "0: status 0") && says(rest, "1: status 0")) << rest;
  int status = -1;
  const std::string alone =
      run("env -u RANK -u WORLD_SIZE " + of_head("one", "") + " 2>&1", status);
  ASSERT_EQ(status, 0) << alone;
  EXPECT_EQ(bytes_of(file("one")), bytes_of(file("two")));
}

#endif

}  // namespace
}  // namespace dfd::test
