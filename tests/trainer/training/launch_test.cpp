// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/launch.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "detector/error.h"

namespace dfd {
namespace {

using Values = std::map<std::string, std::string>;

std::optional<Launch> launched(const Values& values) {
  return launch_of([&](const char* name) -> const char* {
    const auto found = values.find(name);
    return found == values.end() ? nullptr : found->second.c_str();
  });
}

// As the launchers set them.
const Values kTorchrun{{"RANK", "1"},
                       {"WORLD_SIZE", "4"},
                       {"LOCAL_RANK", "1"},
                       {"LOCAL_WORLD_SIZE", "2"},
                       {"MASTER_ADDR", "gpu01"},
                       {"MASTER_PORT", "29500"},
                       {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                       {"TORCHELASTIC_RESTART_COUNT", "2"}};
const Values kMpirun{{"OMPI_COMM_WORLD_RANK", "1"},       {"OMPI_COMM_WORLD_SIZE", "2"},
                     {"OMPI_COMM_WORLD_LOCAL_RANK", "1"}, {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
                     {"PMIX_NAMESPACE", "701825025"},     {"PMIX_RANK", "1"}};
const Values kSrun{{"SLURM_PROCID", "3"},
                   {"SLURM_LOCALID", "1"},
                   {"SLURM_NTASKS", "4"},
                   {"SLURM_STEP_NUM_TASKS", "4"},
                   {"SLURM_JOB_ID", "17"},
                   {"SLURM_STEP_ID", "0"},
                   {"SLURM_LAUNCH_NODE_IPADDR", "10.0.0.1"},
                   {"SLURM_NODELIST", "gpu[03-04]"},
                   {"SLURM_STEP_NODELIST", "gpu[03-04]"}};
const Values kMpiexec{
    {"PMI_RANK", "0"}, {"PMI_SIZE", "2"}, {"MPI_LOCALRANKID", "0"}, {"MPI_LOCALNRANKS", "2"}};

Values with(Values values, const Values& others) {
  for (const auto& [name, value] : others) values[name] = value;
  return values;
}

Values without(Values values, const std::string& name) {
  EXPECT_EQ(values.erase(name), 1U) << name;
  return values;
}

// The text of the error.
std::string refused(const Values& values) {
  try {
    launched(values);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  ADD_FAILURE() << "taken";
  return "";
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Launch, NothingSetIsASingleProcess) { EXPECT_FALSE(launched({})); }

TEST(Launch, TorchrunSaysAll) {
  const auto launch = launched(kTorchrun);
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->rank, 1);
  EXPECT_EQ(launch->size, 4);
  EXPECT_EQ(launch->local_rank, 1);
  EXPECT_EQ(launch->master, "gpu01");
  EXPECT_EQ(launch->port, 29500);
  EXPECT_TRUE(launch->agent_store);
  EXPECT_EQ(launch->attempt, 2);
  EXPECT_EQ(launch->launcher, "torchrun");
}

TEST(Launch, ByHandRankZeroOpensTheStore) {
  const auto launch =
      launched({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "::1"}, {"MASTER_PORT", "1"}});
  ASSERT_TRUE(launch);
  EXPECT_FALSE(launch->agent_store);
  EXPECT_EQ(launch->local_rank, 0);
  EXPECT_EQ(launch->master, "::1");
}

TEST(Launch, MpirunOfOneMachineNeedsNoMaster) {
  const auto launch = launched(kMpirun);
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->rank, 1);
  EXPECT_EQ(launch->size, 2);
  EXPECT_EQ(launch->local_rank, 1);
  EXPECT_EQ(launch->master, "127.0.0.1");
  EXPECT_EQ(launch->launcher, "mpirun");
}

TEST(Launch, MpirunOfSeveralMachinesNeedsAMaster) {
  const Values several = with(kMpirun, {{"OMPI_COMM_WORLD_LOCAL_SIZE", "1"}});
  EXPECT_TRUE(says(refused(several), "MASTER_ADDR"));
  EXPECT_EQ(launched(with(several, {{"MASTER_ADDR", "a"}}))->master, "a");
  EXPECT_TRUE(says(refused(without(kMpirun, "OMPI_COMM_WORLD_LOCAL_SIZE")), "MASTER_ADDR"));
}

TEST(Launch, SrunsFirstNodeHasRankZero) {
  const auto launch = launched(kSrun);
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->rank, 3);
  EXPECT_EQ(launch->size, 4);
  EXPECT_EQ(launch->local_rank, 1);
  EXPECT_EQ(launch->master, "gpu03");
  EXPECT_EQ(launch->launcher, "srun");
}

TEST(Launch, ASingleNodeOfSlurmIsThisMachine) {
  EXPECT_EQ(launched(with(kSrun, {{"SLURM_STEP_NODELIST", "gpu03"}}))->master, "127.0.0.1");
}

// srun -n 2 in a job of 4 tasks.
TEST(Launch, AStepsTasksCountNotTheJobs) {
  EXPECT_EQ(launched(with(kSrun, {{"SLURM_NTASKS", "8"}}))->size, 4);
  EXPECT_EQ(launched(without(kSrun, "SLURM_STEP_NUM_TASKS"))->size, 4);
}

// It has SLURM_PROCID, and would wait for others for ever.
TEST(Launch, ABatchScriptOfSlurmIsASingleProcess) {
  EXPECT_FALSE(launched(without(with(kSrun, {{"SLURM_PROCID", "0"}}), "SLURM_STEP_ID")));
}

TEST(Launch, MpiexecsSizesAreTaken) {
  const auto launch = launched(kMpiexec);
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->master, "127.0.0.1");
  EXPECT_EQ(launch->launcher, "mpiexec");
}

TEST(Launch, ALauncherWithinAnotherIsTheOneThatCounts) {
  EXPECT_EQ(launched(with(kSrun, kTorchrun))->launcher, "torchrun");
  EXPECT_EQ(launched(with(kSrun, kMpirun))->launcher, "mpirun");
  EXPECT_EQ(launched(with(kSrun, kMpiexec))->launcher, "srun");
}

TEST(Launch, OneOfOneIsASingleProcessAndNeedsNoMaster) {
  EXPECT_FALSE(launched({{"RANK", "0"}, {"WORLD_SIZE", "1"}}));
  EXPECT_FALSE(launched({{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "1"}}));
  EXPECT_FALSE(
      launched({{"SLURM_STEP_ID", "0"}, {"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}}));
}

TEST(Launch, AddressAndPortGoBeforeWhatIsImplied) {
  for (const Values& values : {kMpirun, kSrun, kMpiexec}) {
    const auto launch = launched(with(values, {{"MASTER_ADDR", "a"}, {"MASTER_PORT", "65535"}}));
    EXPECT_EQ(launch->master, "a");
    EXPECT_EQ(launch->port, 65535);
  }
}

TEST(Launch, PortsDependOnTheJobAlone) {
  const auto port = [](const Values& values) {
    const int found = launched(values)->port;
    EXPECT_GE(found, 1024);
    EXPECT_LT(found, 32768);
    return found;
  };
  EXPECT_EQ(port(kSrun), port(with(kSrun, {{"SLURM_PROCID", "0"}})));
  EXPECT_NE(port(kSrun), port(with(kSrun, {{"SLURM_JOB_ID", "18"}})));
  EXPECT_NE(port(kSrun), port(with(kSrun, {{"SLURM_STEP_ID", "1"}})));
  EXPECT_NE(port(kMpirun), port(with(kMpirun, {{"PMIX_NAMESPACE", "701825026"}})));
}

TEST(Launch, WhatIsMissingIsNamed) {
  for (const char* name :
       {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RESTART_COUNT"}) {
    EXPECT_TRUE(says(refused(without(kTorchrun, name)), name)) << name;
  }
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}) {
    EXPECT_TRUE(says(refused(without(kMpirun, name)), name)) << name;
  }
  for (const char* name : {"SLURM_PROCID", "SLURM_JOB_ID"}) {
    EXPECT_TRUE(says(refused(without(kSrun, name)), name)) << name;
  }
  EXPECT_TRUE(says(refused(without(without(kSrun, "SLURM_STEP_NODELIST"), "SLURM_NODELIST")),
                   "SLURM_NODELIST"));
  EXPECT_TRUE(says(refused(without(without(kSrun, "SLURM_STEP_NUM_TASKS"), "SLURM_NTASKS")),
                   "SLURM_NTASKS"));
  EXPECT_TRUE(says(refused({{"SLURM_STEP_ID", "0"}}), "SLURM_STEP_ID is set"));
  for (const char* name : {"PMI_RANK", "PMI_SIZE"}) {
    EXPECT_TRUE(says(refused(without(kMpiexec, name)), name)) << name;
  }
}

TEST(Launch, WhatIsNoNumberIsRefused) {
  const Values numbers[] = {
      with(kTorchrun, {{"MASTER_PORT", "29500"}}), with(kMpirun, {{"MASTER_PORT", "29500"}}),
      with(kSrun, {{"MASTER_PORT", "29500"}}), with(kMpiexec, {{"MASTER_PORT", "29500"}})};
  const char* const names[][4] = {
      {"RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_PORT"},
      {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK", "MASTER_PORT"},
      {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "MASTER_PORT"},
      {"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MASTER_PORT"}};
  for (std::size_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(launched(numbers[i]));
    for (const char* name : names[i]) {
      for (const char* value : {"", " 1", "1 ", "+1", "-1", "-0", "0x1", "1e0", "1.0", "1\n", "one",
                                "1,2", "99999999999", "2147483648", "\xff"}) {
        const std::string said = refused(with(numbers[i], {{name, value}}));
        EXPECT_TRUE(says(said, name)) << name << " \"" << value << "\": " << said;
      }
    }
  }
  EXPECT_TRUE(says(refused(with(kTorchrun, {{"MASTER_ADDR", ""}})), "MASTER_ADDR"));
  EXPECT_TRUE(says(refused(with(kTorchrun, {{"TORCHELASTIC_USE_AGENT_STORE", "1"}})),
                   "TORCHELASTIC_USE_AGENT_STORE"));
}

TEST(Launch, WhatIsOutOfRangeIsRefused) {
  for (const Values& wrong : {Values{{"RANK", "4"}}, Values{{"WORLD_SIZE", "0"}},
                              Values{{"WORLD_SIZE", "1"}}, Values{{"LOCAL_RANK", "4"}},
                              Values{{"MASTER_PORT", "0"}}, Values{{"MASTER_PORT", "65536"}}}) {
    EXPECT_TRUE(says(refused(with(kTorchrun, wrong)),
                     wrong.begin()->first == "WORLD_SIZE" ? "RANK" : wrong.begin()->first) ||
                says(refused(with(kTorchrun, wrong)), wrong.begin()->first));
  }
  EXPECT_TRUE(says(refused(with(kMpirun, {{"OMPI_COMM_WORLD_LOCAL_SIZE", "3"}})), "LOCAL_SIZE"));
}

TEST(Launch, ListsOfNodesAreReadToTheirFirst) {
  EXPECT_EQ(first_of_nodes("vm"), "vm");
  EXPECT_EQ(first_of_nodes("a,b"), "a");
  EXPECT_EQ(first_of_nodes("gpu[03-07,12],login"), "gpu03");
  EXPECT_EQ(first_of_nodes("gpu[5]"), "gpu5");
  EXPECT_EQ(first_of_nodes("gpu[007,009]"), "gpu007");
  EXPECT_EQ(first_of_nodes("rack[1-2]node[08-09]-ib.example.org"), "rack1node08-ib.example.org");
}

TEST(Launch, WhatIsNoListOfNodesIsRefused) {
  for (const char* list : {"", ",", ",a", "a[", "a[]", "a[-3]", "a[1", "a[x]", "a[1x]", "a]", "a b",
                           "a[[1]]", "(null)", "a;reboot", "\xc3\xa4"}) {
    EXPECT_THROW(first_of_nodes(list), Error) << list;
    EXPECT_THROW(launched(with(kSrun, {{"SLURM_STEP_NODELIST", list}})), Error) << list;
  }
}

}  // namespace
}  // namespace dfd
