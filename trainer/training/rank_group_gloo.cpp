// SPDX-License-Identifier: LGPL-2.1-or-later
//
// LibTorch's c10d over Gloo: TCP between CPUs.

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

// The headers declare nothing without it.
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "base/check.h"
#include "training/rank_group.h"

namespace dfd {
namespace {

using Store = c10::intrusive_ptr<c10d::Store>;

// Not in LibTorch 1.13. Since 2.4 it is the default, which Debian's is built without.
template <typename Options>
auto leave_libuv(Options& options, int) -> decltype(options.useLibUV, void()) {
  options.useLibUV = false;
}
template <typename Options>
void leave_libuv(Options&, long) {}

Store open_store(const Launch& launch, std::chrono::milliseconds limit) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(launch.port);
  options.isServer = launch.rank == 0 && !launch.agent_store;
  // An agent counts its own clients.
  options.waitWorkers = !launch.agent_store;
  if (!launch.agent_store) options.numWorkers = static_cast<std::size_t>(launch.size);
  options.timeout = limit;
  leave_libuv(options, 0);
  const Store store = c10::make_intrusive<c10d::TCPStore>(launch.master, options);
  store->setTimeout(limit);
  // An agent's store outlives the ranks that it starts anew; their predecessors' texts are not
  // for them.
  return c10::make_intrusive<c10d::PrefixStore>(
      "deepfake-trainer/" + std::to_string(launch.attempt), store);
}

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }
std::string text_of(const std::vector<std::uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

std::string numeric(const sockaddr* address, socklen_t length) {
  std::array<char, NI_MAXHOST> text{};
  const int error =
      getnameinfo(address, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  DFD_REQUIRE(error == 0, ErrorCode::kIo, "an address cannot be read: " << gai_strerror(error));
  return text.data();
}

// A way to another machine: its address, and that of ours which it is reached from.
struct Route {
  std::string there, here;
};

// Nothing is sent: a datagram's socket only asks the table of routes.
Route route_to(const std::string& host, int port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* all = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &all);
  DFD_REQUIRE(error == 0, ErrorCode::kIo, host << ": " << gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(all, freeaddrinfo);
  for (const addrinfo* one = all; one != nullptr; one = one->ai_next) {
    const int socket_ = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (socket_ < 0) continue;
    sockaddr_storage local = {};
    socklen_t length = sizeof(local);
    auto* const address = reinterpret_cast<sockaddr*>(&local);
    const bool found = connect(socket_, one->ai_addr, one->ai_addrlen) == 0 &&
                       getsockname(socket_, address, &length) == 0;
    close(socket_);
    if (found) return {numeric(one->ai_addr, one->ai_addrlen), numeric(address, length)};
  }
  throw Error(ErrorCode::kIo, host + ": no way leads there from this machine");
}

// The address of this machine that other ranks reach it at. Its own name may mean a loopback
// address, as Debian's installer writes it to /etc/hosts: so the last rank, which is the farthest
// from rank 0, tells all by which address it knows rank 0's machine, and what leads there is it.
std::string own_address(const Launch& launch, c10d::Store& store) {
  const std::string key = "master";
  if (launch.rank == launch.size - 1) {
    store.set(key, bytes_of(route_to(launch.master, launch.port).there));
  }
  return route_to(text_of(store.get(key)), launch.port).here;
}

class GlooGroup : public RankGroup {
 public:
  GlooGroup(const Launch& launch, std::chrono::milliseconds limit)
      : store_(open_store(launch, limit)) {
    auto options = c10d::ProcessGroupGloo::Options::create(limit);
    // As PyTorch does, for machines where only a certain network connects all.
    const char* const interface = std::getenv("GLOO_SOCKET_IFNAME");
    options->devices.push_back(
        interface != nullptr
            ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
            : c10d::ProcessGroupGloo::createDeviceForHostname(own_address(launch, *store_)));
    options->threads = 1;  // One call at a time.
    group_ = c10::make_intrusive<c10d::ProcessGroupGloo>(store_, launch.rank, launch.size,
                                                         std::move(options));
  }

  void sum(at::Tensor buffer) override {
    std::vector<at::Tensor> buffers{std::move(buffer)};
    group_->allreduce(buffers)->wait();
  }

  void broadcast(at::Tensor buffer) override {
    std::vector<at::Tensor> buffers{std::move(buffer)};
    group_->broadcast(buffers)->wait();
  }

  void disconnect() override { group_.reset(); }

  void post(const std::string& key, const std::string& text) override {
    store_->set(key, bytes_of(text));
  }

  std::optional<std::string> posted(const std::string& key) override {
    if (!store_->check({key})) return std::nullopt;
    return text_of(store_->get(key));
  }

 private:
  Store store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
};

}  // namespace

std::unique_ptr<RankGroup> connect_ranks(const Launch& launch, std::chrono::milliseconds limit) {
  return std::make_unique<GlooGroup>(launch, limit);
}

}  // namespace dfd
