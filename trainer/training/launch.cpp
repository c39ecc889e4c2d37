// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/launch.h"

#include <cctype>
#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/check.h"

namespace dfd {
namespace {

constexpr const char* kThisMachine = "127.0.0.1";
constexpr int kMostPorts = 65535;

// The variables, and what is said of those that are wrong.
class Variables {
 public:
  explicit Variables(const Environment& environment) : environment_(environment) {}

  bool has(const char* name) const { return environment_(name) != nullptr; }

  // beside: the variable that makes this one necessary.
  std::string text(const char* name, const char* beside) const {
    const char* const value = environment_(name);
    DFD_REQUIRE(value != nullptr, ErrorCode::kInvalidArgument,
                beside << " is set, but " << name
                       << " is not; start the processes with torchrun, srun or mpirun, or unset "
                       << beside << " for a single process");
    const std::string found = value;
    DFD_REQUIRE(!found.empty(), ErrorCode::kInvalidArgument, name << " is set to nothing");
    return found;
  }

  // In [least, most].
  int number(const char* name, const char* beside, int least, int most) const {
    const std::string found = text(name, beside);
    int value = 0;
    const char* const end = found.data() + found.size();
    const auto parsed = std::from_chars(found.data(), end, value);
    DFD_REQUIRE(parsed.ec == std::errc() && parsed.ptr == end && found[0] != '-' &&
                    value >= least && value <= most,
                ErrorCode::kInvalidArgument,
                name << ": \"" << found << "\": a whole number from " << least << " to " << most
                     << " expected");
    return value;
  }

  int number_or(const char* name, int least, int most, int otherwise) const {
    return has(name) ? number(name, name, least, most) : otherwise;
  }

 private:
  const Environment& environment_;
};

// The names that a launcher gives its variables.
struct Names {
  const char* launcher;
  const char* rank;
  const char* size;
  const char* local_rank;
  const char* local_size;
};

// Either may be the one that was forgotten.
const char* told(const Names& names, const Variables& variables) {
  if (variables.has(names.rank)) return names.rank;
  return variables.has(names.size) ? names.size : nullptr;
}

constexpr Names kTorchrun{"torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"};
constexpr Names kOpenMpi{"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
                         "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE"};
constexpr Names kSlurm{"srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", nullptr};
constexpr const char* kSlurmStep = "SLURM_STEP_ID";
constexpr Names kPmi{"mpiexec", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"};

// beside: a variable that says that there was a launch.
Launch read(const Names& names, const char* beside, const Variables& variables) {
  constexpr int kMost = std::numeric_limits<int>::max();
  Launch launch;
  launch.launcher = names.launcher;
  launch.size = variables.number(names.size, beside, 1, kMost);
  launch.rank = variables.number(names.rank, beside, 0, kMost);
  DFD_REQUIRE(launch.rank < launch.size, ErrorCode::kInvalidArgument,
              names.rank << " is " << launch.rank << ", but " << names.size << " is " << launch.size
                         << ": ranks count from 0");
  launch.local_rank = variables.number_or(names.local_rank, 0, launch.size - 1, 0);
  return launch;
}

// Below 32768, where Linux begins to give ports to connections: two jobs of one machine should not
// meet, nor find the port taken.
int port_of(const std::string& job) {
  constexpr int kFirst = 20000;
  constexpr std::uint32_t kPorts = 12000;
  std::uint32_t hash = 2166136261U;  // FNV-1a's, of 32 bits.
  for (const char byte : job) hash = (hash ^ static_cast<unsigned char>(byte)) * 16777619U;
  return kFirst + static_cast<int>(hash % kPorts);
}

// implied: the machine of rank 0 where nobody says another one; empty: unknown.
void find_master(const Variables& variables, const std::string& implied, const std::string& job,
                 Launch& launch) {
  const char* const address = "MASTER_ADDR";
  const char* const port = "MASTER_PORT";
  DFD_REQUIRE(variables.has(address) || !implied.empty(), ErrorCode::kInvalidArgument,
              launch.launcher << " started " << launch.size
                              << " processes on several machines, but MASTER_ADDR does not say "
                                 "which one rank 0 is on; set it for all of them (mpirun -x "
                                 "MASTER_ADDR=HOST)");
  launch.master = variables.has(address) ? variables.text(address, address) : implied;
  launch.port = variables.number_or(port, 1, kMostPorts, port_of(job));
}

std::string value_or(const Environment& environment, const char* name, const char* otherwise) {
  const char* const value = environment(name);
  return value != nullptr ? value : otherwise;
}

Launch by_torchrun(const Variables& variables, const Environment& environment) {
  Launch launch = read(kTorchrun, told(kTorchrun, variables), variables);
  if (launch.size == 1) return launch;
  launch.master = variables.text("MASTER_ADDR", kTorchrun.rank);
  launch.port = variables.number("MASTER_PORT", kTorchrun.rank, 1, kMostPorts);
  const char* const agent = "TORCHELASTIC_USE_AGENT_STORE";
  const std::string store = value_or(environment, agent, "False");
  // As Python prints them.
  DFD_REQUIRE(store == "True" || store == "False", ErrorCode::kInvalidArgument,
              agent << ": \"" << store << "\": True or False expected");
  launch.agent_store = store == "True";
  if (launch.agent_store) {
    launch.attempt =
        variables.number("TORCHELASTIC_RESTART_COUNT", agent, 0, std::numeric_limits<int>::max());
  }
  return launch;
}

// Of Open MPI and PMI, which do not say where rank 0 is.
Launch by_mpi(const Names& names, const std::string& job, const Variables& variables) {
  Launch launch = read(names, told(names, variables), variables);
  if (launch.size == 1) return launch;
  const bool here = variables.number_or(names.local_size, 1, launch.size, 1) == launch.size;
  find_master(variables, here ? kThisMachine : "", job, launch);
  return launch;
}

Launch by_slurm(const Variables& variables) {
  Names names = kSlurm;
  if (!variables.has(names.size)) names.size = "SLURM_NTASKS";  // Of old versions.
  Launch launch = read(names, kSlurmStep, variables);
  if (launch.size == 1) return launch;
  std::string first;
  if (!variables.has("MASTER_ADDR")) {
    const char* const list =
        variables.has("SLURM_STEP_NODELIST") ? "SLURM_STEP_NODELIST" : "SLURM_NODELIST";
    const std::string nodes = variables.text(list, kSlurmStep);
    first = first_of_nodes(nodes);
    // Names of nodes need not be names of the network; of a single one nobody has to find it.
    if (first == nodes) first = kThisMachine;
  }
  const std::string job =
      variables.text("SLURM_JOB_ID", kSlurmStep) + '.' + variables.text(kSlurmStep, kSlurmStep);
  find_master(variables, first, job, launch);
  return launch;
}

}  // namespace

std::optional<Launch> launch_of(const Environment& environment) {
  const Variables variables(environment);
  Launch launch;
  if (told(kTorchrun, variables) != nullptr) {
    launch = by_torchrun(variables, environment);
  } else if (told(kOpenMpi, variables) != nullptr) {
    launch = by_mpi(kOpenMpi, value_or(environment, "PMIX_NAMESPACE", ""), variables);
  } else if (variables.has(kSlurmStep)) {
    launch = by_slurm(variables);
  } else if (told(kPmi, variables) != nullptr) {
    launch = by_mpi(kPmi, "", variables);
  }
  if (launch.size == 1) return std::nullopt;
  return launch;
}

std::string first_of_nodes(const std::string& nodes) {
  const auto require = [&](bool good) {
    DFD_REQUIRE(good, ErrorCode::kInvalidArgument,
                "\"" << nodes
                     << "\" is no list of nodes as Slurm writes it; set MASTER_ADDR to "
                        "the machine that rank 0 is on");
  };
  std::string first;
  for (std::size_t i = 0; i < nodes.size() && nodes[i] != ',';) {
    const char next = nodes[i];
    if (next != '[') {
      const auto byte = static_cast<unsigned char>(next);
      require(std::isalnum(byte) != 0 || next == '-' || next == '.' || next == '_');
      first += next;
      ++i;
      continue;
    }
    const std::size_t end = nodes.find(']', i);
    require(end != std::string::npos);
    const std::size_t digits = nodes.find_first_not_of("0123456789", i + 1);
    // The first number, as it is written: node names have leading zeros.
    require(digits > i + 1 && digits != std::string::npos &&
            std::string("-,]").find(nodes[digits]) != std::string::npos);
    first += nodes.substr(i + 1, digits - i - 1);
    i = end + 1;
  }
  require(!first.empty());
  return first;
}

}  // namespace dfd
