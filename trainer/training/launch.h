// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What torchrun, srun and mpirun tell each process that they start: which of how many it is, and
// where the first one listens.

#pragma once

#include <functional>
#include <optional>
#include <string>

namespace dfd {

struct Launch {
  int rank = 0;              // [0, size)
  int size = 1;              // At least 2, where launch_of() gives one.
  int local_rank = 0;        // Among those of this machine; 0 where the launcher does not say.
  std::string master;        // Host name or address of the machine that rank 0 is on.
  int port = 0;              // [1, 65535]; of the store that the ranks meet at.
  bool agent_store = false;  // Nobody needs to open the store: the launcher's agent did.
  int attempt = 0;           // How often an agent has started them anew.
  std::string launcher;      // For messages: "torchrun", "mpirun", "srun" or "mpiexec".
};

// A variable's value, or null where it is not set, as std::getenv.
using Environment = std::function<const char*(const char* name)>;

// The launch that the environment tells of; none for a single process. Looked for in this order,
// since a launcher may run within another's job:
//  - RANK and WORLD_SIZE (torchrun, or by hand), with MASTER_ADDR and MASTER_PORT;
//  - OMPI_COMM_WORLD_* (Open MPI's mpirun);
//  - SLURM_STEP_ID with SLURM_PROCID (srun). A batch script has no step, and is one process;
//  - PMI_RANK and PMI_SIZE (MPICH's and Intel's mpiexec).
// MASTER_ADDR and MASTER_PORT go before what other launchers than torchrun imply: this machine,
// where all ranks are on it; the first of Slurm's list of nodes; a port that depends on the job.
// Throws Error(kInvalidArgument) for a value that cannot be, or one that is missing beside another.
std::optional<Launch> launch_of(const Environment& environment);

// The first machine of a list as Slurm writes it: "gpu[03-07,12],login" gives "gpu03". Throws
// Error(kInvalidArgument).
std::string first_of_nodes(const std::string& nodes);

}  // namespace dfd
