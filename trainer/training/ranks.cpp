// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/ranks.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include <c10/core/GradMode.h>

#include "base/check.h"
#include "training/rank_group.h"

namespace dfd {
namespace {

// So long a rank that has lost another waits for what the rest have to say: those that notice it by
// themselves do so at once.
constexpr std::chrono::seconds kHearing{3};
constexpr std::chrono::milliseconds kLook{20};

std::string key_of_end(int rank) { return "ended/" + std::to_string(rank); }

// All in one, on the CPU; the tensors' own elements where there is nothing to copy.
at::Tensor flattened(const std::vector<at::Tensor>& tensors) {
  DFD_CHECK(!tensors.empty());
  std::vector<at::Tensor> flat;
  flat.reserve(tensors.size());
  for (const at::Tensor& tensor : tensors) {
    DFD_CHECK(tensor.scalar_type() == tensors[0].scalar_type());
    flat.push_back(tensor.detach().reshape(-1));
  }
  return at::cat(flat).cpu();
}

void unflatten(const at::Tensor& buffer, const std::vector<at::Tensor>& tensors) {
  const c10::NoGradGuard no_grad;
  std::int64_t first = 0;
  for (const at::Tensor& tensor : tensors) {
    tensor.detach().copy_(buffer.narrow(0, first, tensor.numel()).view(tensor.sizes()));
    first += tensor.numel();
  }
}

}  // namespace

Ranks::Ranks() = default;

Ranks::Ranks(const Launch& launch, std::chrono::milliseconds limit) : launch_(launch) {
  DFD_CHECK(launch.size > 1 && launch.rank >= 0 && launch.rank < launch.size);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    group_ = connect_ranks(launch, limit);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kIo) throw;
    throw Error(error.code(), "rank " + std::to_string(launch.rank) + ": " + error.what());
  } catch (const std::exception& error) {
    DFD_REQUIRE(false, ErrorCode::kIo,
                "rank " << launch.rank << " of " << launch.size << " (" << launch.launcher
                        << ") did not meet the others at " << launch.master << " port "
                        << launch.port << ": " << error.what()
                        << "; MASTER_ADDR must name the machine of rank 0, and MASTER_PORT a port "
                           "that is free there");
  }
}

Ranks::~Ranks() = default;

template <typename Call>
void Ranks::complete(Call&& call) {
  DFD_CHECK(!over_);
  std::string why;
  try {
    call();
    return;
  } catch (const std::exception& error) {
    why = error.what();
  }
  lost(why);
}

// Of each rank that says nothing, and of each that says why it ended.
std::string Ranks::who_is_lost() {
  group_->post(key_of_end(launch_.rank), "");
  group_->disconnect();  // Who waits for us shall not wait for long.
  std::vector<std::optional<std::string>> ends(static_cast<std::size_t>(launch_.size));
  const auto until = std::chrono::steady_clock::now() + kHearing;
  bool all = false;
  while (!all) {
    all = true;
    for (int rank = 0; rank < launch_.size; ++rank) {
      auto& end = ends[static_cast<std::size_t>(rank)];
      if (!end) end = group_->posted(key_of_end(rank));
      all = all && end.has_value();
    }
    if (std::chrono::steady_clock::now() >= until) break;
    if (!all) std::this_thread::sleep_for(kLook);
  }
  std::string silent;
  std::string told;
  for (int rank = 0; rank < launch_.size; ++rank) {
    const auto& end = ends[static_cast<std::size_t>(rank)];
    if (!end) silent += (silent.empty() ? "" : ", ") + std::to_string(rank);
    if (end && !end->empty()) told += "; rank " + std::to_string(rank) + " ended: " + *end;
  }
  return (silent.empty() ? "the connection" : "rank " + silent) + told;
}

void Ranks::lost(const std::string& why) {
  over_ = true;
  std::string whom;
  try {
    whom = who_is_lost();
  } catch (const std::exception&) {
    whom = launch_.agent_store ? "the launcher's agent" : "rank 0";
  }
  DFD_REQUIRE(false, ErrorCode::kIo,
              "rank " << launch_.rank << " of " << launch_.size << " lost " << whom << " (" << why
                      << "); start all of them again: --resume goes on from the last checkpoint");
}

void Ranks::sum(const std::vector<at::Tensor>& tensors) {
  if (!group_) return;
  const at::Tensor buffer = flattened(tensors);
  complete([&] { group_->sum(buffer); });
  unflatten(buffer, tensors);
}

void Ranks::broadcast(const std::vector<at::Tensor>& tensors) {
  if (!group_) return;
  const at::Tensor buffer = flattened(tensors);
  complete([&] { group_->broadcast(buffer); });
  if (!first()) unflatten(buffer, tensors);
}

std::string Ranks::broadcast(const std::string& bytes) {
  if (!group_) return bytes;
  const at::Tensor length = at::tensor({static_cast<std::int64_t>(bytes.size())}, at::kLong);
  broadcast({length});
  const at::Tensor buffer = at::empty({length.item<std::int64_t>()}, at::kByte);
  if (first()) std::memcpy(buffer.data_ptr(), bytes.data(), bytes.size());
  if (buffer.numel() > 0) complete([&] { group_->broadcast(buffer); });
  return {static_cast<const char*>(buffer.data_ptr()), buffer.nbytes()};
}

bool Ranks::any(bool mine) {
  const at::Tensor count = at::tensor({static_cast<std::int64_t>(mine ? 1 : 0)}, at::kLong);
  sum({count});
  return count.item<std::int64_t>() > 0;
}

void Ranks::leave(const std::string& why) noexcept {
  if (!group_ || std::exchange(over_, true)) return;
  try {
    group_->post(key_of_end(launch_.rank), why);
    group_->disconnect();
    if (!first() || launch_.agent_store) return;
    // The store is ours, and ends with us.
    const auto until = std::chrono::steady_clock::now() + kHearing;
    for (int rank = 1; rank < launch_.size; ++rank) {
      while (!group_->posted(key_of_end(rank)) && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(kLook);
      }
    }
  } catch (const std::exception&) {
    return;  // Nobody is left to be told.
  }
}

}  // namespace dfd
