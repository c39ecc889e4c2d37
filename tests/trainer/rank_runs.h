// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Several processes of a test, as a launcher would start them.

#pragma once

#include <string>

namespace dfd::test {

// Of this machine; nobody listens at it.
std::string free_port();

// What a shell sets for one process of so many.
std::string rank_environment(int rank, int size, const std::string& port);

// Runs the command as so many processes. What they say, each line with its rank before it, and
// last "status N": "0: hello\n0: status 0\n1: hello\n...".
std::string run_ranks(int size, const std::string& command);

// Is Open MPI's launcher there? begin: of a command that starts two processes with it.
bool has_mpirun();
extern const char* const kMpirunTwo;

}  // namespace dfd::test
