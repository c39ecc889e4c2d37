// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/work_queue.h"

#include <glib.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "scan/queue_link.h"
#include "scan/queue_message.h"

namespace dfd::monitor {
namespace {

using Milliseconds = std::chrono::milliseconds;

// What the server is told of a file.
enum class Answer {
  kDone,
  // For good: it is not tried again.
  kFailed,
  // Somebody may have it, after a while.
  kLater,
  // Somebody may have it at once.
  kReturned,
};

// In hand: from its coming until the server has its answer.
struct Claim {
  NatsMessage message;
  std::uint64_t deliveries = 1;
  std::optional<Answer> answer;
};

// All that is said to the server is said by a thread of its own.
class WorkQueue : public Work {
 public:
  WorkQueue(const QueueAddress& address, unsigned jobs, bool until_empty);
  ~WorkQueue() override;
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  std::string text() const override;
  std::optional<std::size_t> size() const override { return std::nullopt; }
  std::optional<Task> next() override;
  bool is_over() const override;
  bool takes_back(const Task& task, const FileError& error) override;
  void settle(const Task& task, bool failed) override;
  void stop() override;
  void end(Totals& totals) override;

 private:
  using Number = std::uint64_t;
  using Lock = std::unique_lock<std::mutex>;

  // Of the main loop's thread.
  void answer(Number number, Answer answer);
  void leave();

  // Of the thread.
  void serve();
  bool serve_once();
  void extend_claims();
  void send_answers();
  bool send_answer(natsMsg* message, const Claim& claim);
  bool wants_more();
  void fetch();
  void take(NatsMessage message);
  std::optional<ListedFile> file_of(natsMsg* message, std::uint64_t deliveries);
  void look_at_rest();
  void pause();
  bool has_left();

  QueueAddress address_;
  unsigned jobs_;
  bool until_empty_;
  QueueLink link_;
  NatsSubscription subscription_;
  // A claim that is not renewed for so long goes to somebody else.
  Duration ack_wait_{};
  // What may be tried so often; the next time it is given up.
  std::uint64_t tries_ = 0;

  // Guards all below but the thread. Never held while the server is spoken to.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  std::map<Number, Claim> claims_;
  std::deque<Task> waiting_;
  bool asked_ = false;
  bool stopping_ = false;
  std::optional<Time> leave_by_;
  bool is_empty_ = false;
  std::uint64_t refused_ = 0;
  std::string trouble_;

  // Of the thread alone.
  Time renewed_{};
  std::thread thread_;
};

WorkQueue::WorkQueue(const QueueAddress& address, unsigned jobs, bool until_empty)
    : address_(address), jobs_(jobs), until_empty_(until_empty), link_(address) {
  const std::string subject = link_.ensure_stream();
  const NatsConsumerInfo info = link_.ensure_consumer();
  ack_wait_ = std::chrono::nanoseconds(info->Config->AckWait);
  constexpr std::uint64_t kTries = 5;
  const std::int64_t most = info->Config->MaxDeliver;
  tries_ = most < 1 ? kTries : std::max<std::uint64_t>(1, static_cast<std::uint64_t>(most) - 1);
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = address_.stream.c_str();
  options.Consumer = address_.consumer.c_str();
  natsSubscription* subscription = nullptr;
  require(js_PullSubscribe(&subscription, link_.jetstream(), nullptr, nullptr, nullptr, &options,
                           nullptr),
          "consumer " + address_.consumer);
  subscription_.reset(subscription);
  thread_ = std::thread([this] { serve(); });
}

WorkQueue::~WorkQueue() { leave(); }

std::string WorkQueue::text() const {
  return "files from the queue at " + address_.server + ", stream " + address_.stream +
         ", consumer " + address_.consumer;
}

std::optional<Task> WorkQueue::next() {
  const Lock lock(mutex_);
  if (!trouble_.empty()) throw std::runtime_error(trouble_);
  asked_ = true;
  if (waiting_.empty() || stopping_) return std::nullopt;
  Task task = std::move(waiting_.front());
  waiting_.pop_front();
  return task;
}

bool WorkQueue::is_over() const {
  const Lock lock(mutex_);
  return is_empty_ && waiting_.empty();
}

void WorkQueue::answer(Number number, Answer answer) {
  const Lock lock(mutex_);
  claims_.at(number).answer = answer;
  woken_ = true;
  changed_.notify_one();
}

bool WorkQueue::takes_back(const Task& task, const FileError& error) {
  // What may be the machine's fault. All else is the file's.
  if (error.reason != "unreadable" && error.reason != "error") return false;
  {
    const Lock lock(mutex_);
    if (claims_.at(task.number).deliveries >= tries_) return false;
  }
  answer(task.number, Answer::kLater);
  return true;
}

void WorkQueue::settle(const Task& task, bool failed) {
  answer(task.number, failed ? Answer::kFailed : Answer::kDone);
}

void WorkQueue::stop() {
  const Lock lock(mutex_);
  stopping_ = true;
  for (const Task& task : waiting_) claims_.at(task.number).answer = Answer::kReturned;
  waiting_.clear();
  woken_ = true;
  changed_.notify_one();
}

void WorkQueue::leave() {
  // A server that is there has all answers within a moment.
  constexpr Duration kLongest = std::chrono::seconds(10);
  if (!thread_.joinable()) return;
  stop();
  {
    const Lock lock(mutex_);
    for (auto& [number, claim] : claims_) {
      if (!claim.answer) claim.answer = Answer::kReturned;
    }
    leave_by_ = now().steady + kLongest;
    woken_ = true;
    changed_.notify_one();
  }
  thread_.join();
  if (claims_.empty()) return;
  log_line("scan: the queue is away; so it will have " + std::to_string(claims_.size()) +
           (claims_.size() == 1 ? " file" : " files") + " judged again");
}

void WorkQueue::end(Totals& totals) {
  leave();
  totals.refused = refused_;
  totals.elsewhere = true;
}

void WorkQueue::serve() {
  try {
    while (serve_once()) {
    }
  } catch (const std::exception& error) {
    const Lock lock(mutex_);
    trouble_ = error.what();
  }
  // The server hears what was said last before the connection ends.
  if (link_.is_connected())
    natsConnection_FlushTimeout(link_.connection(), Milliseconds(1000).count());
  g_main_context_wakeup(nullptr);
}

bool WorkQueue::serve_once() {
  if (const std::string reason = link_.end_reason(); !reason.empty()) {
    throw std::runtime_error("the queue at " + address_.server + " is lost: " + reason);
  }
  if (has_left()) return false;
  // Questions that nobody hears are kept by the library and asked later, when nobody waits for
  // what they bring.
  if (!link_.is_connected()) {
    pause();
    return true;
  }
  extend_claims();
  send_answers();
  if (has_left()) return false;
  if (wants_more()) {
    fetch();
  } else {
    pause();
  }
  return true;
}

bool WorkQueue::has_left() {
  const Lock lock(mutex_);
  return leave_by_ && (claims_.empty() || now().steady >= *leave_by_);
}

void WorkQueue::extend_claims() {
  // Two may be lost on the way.
  const Time time = now().steady;
  if (time - renewed_ < ack_wait_ / 3) return;
  renewed_ = time;
  // Claims are taken away by this thread alone, so messages stay.
  std::vector<natsMsg*> messages;
  {
    const Lock lock(mutex_);
    for (const auto& [number, claim] : claims_) messages.push_back(claim.message.get());
  }
  for (natsMsg* message : messages) natsMsg_InProgress(message, nullptr);
}

void WorkQueue::send_answers() {
  std::vector<std::pair<Number, const Claim*>> answered;
  {
    const Lock lock(mutex_);
    for (const auto& [number, claim] : claims_) {
      if (claim.answer) answered.emplace_back(number, &claim);
    }
  }
  for (const auto& [number, claim] : answered) {
    if (!send_answer(claim->message.get(), *claim)) continue;
    const Lock lock(mutex_);
    claims_.erase(number);
  }
}

bool WorkQueue::send_answer(natsMsg* message, const Claim& claim) {
  switch (*claim.answer) {
    case Answer::kDone: {
      // The server confirms it: then nobody judges it again.
      jsOptions options;
      jsOptions_Init(&options);
      options.Wait = std::chrono::duration_cast<Milliseconds>(ack_wait_ / 6).count() + 1;
      return natsMsg_AckSync(message, &options, nullptr) == NATS_OK;
    }
    case Answer::kFailed:
      return natsMsg_Term(message, nullptr) == NATS_OK;
    case Answer::kReturned:
      return natsMsg_Nak(message, nullptr) == NATS_OK;
    case Answer::kLater:
      break;
  }
  // Each time it is waited for longer: what a machine lacks may come.
  const auto delay = std::chrono::duration_cast<Milliseconds>(ack_wait_) * claim.deliveries;
  return natsMsg_NakWithDelay(message, delay.count(), nullptr) == NATS_OK;
}

bool WorkQueue::wants_more() {
  std::uint64_t come = 0;
  natsSubscription_QueuedMsgs(subscription_.get(), &come);
  const Lock lock(mutex_);
  // What comes too late to be asked for is given back at once, and never left to grow old.
  return come > 0 || (asked_ && !stopping_ && trouble_.empty() && claims_.size() < jobs_);
}

void WorkQueue::fetch() {
  // Claims and answers wait for it.
  constexpr Milliseconds kLongest(1000);
  const auto wait =
      std::min(kLongest, std::chrono::duration_cast<Milliseconds>(ack_wait_ / 6) + Milliseconds(1));
  natsMsgList list{};
  const natsStatus status =
      natsSubscription_Fetch(&list, subscription_.get(), 1, wait.count(), nullptr);
  if (status == NATS_OK && list.Count > 0) {
    NatsMessage message(std::exchange(list.Msgs[0], nullptr));
    natsMsgList_Destroy(&list);
    take(std::move(message));
  } else if (status == NATS_TIMEOUT) {
    if (until_empty_) look_at_rest();
  } else {
    look_at_rest();
    pause();
  }
}

// Also whether there is anything to wait for.
void WorkQueue::look_at_rest() {
  const NatsConsumerInfo info = link_.consumer();
  if (!info || !until_empty_) return;
  const Lock lock(mutex_);
  is_empty_ = claims_.empty() && info->NumPending == 0 && info->NumAckPending == 0;
  if (is_empty_) g_main_context_wakeup(nullptr);
}

std::optional<ListedFile> WorkQueue::file_of(natsMsg* message, std::uint64_t deliveries) {
  const std::string_view text(natsMsg_GetData(message),
                              static_cast<std::size_t>(natsMsg_GetDataLength(message)));
  try {
    ListedFile file = read_queue_message(text);
    if (deliveries > tries_) {
      file.error = "given up: " + std::to_string(tries_) + " tries came to no end";
    }
    return file;
  } catch (const std::invalid_argument& error) {
    // Enough to find it by.
    constexpr std::size_t kShown = 200;
    log_line(printable("scan: a message of the queue is refused: " + std::string(error.what()) +
                       ": " + utf8(std::string(text.substr(0, kShown)))));
    return std::nullopt;
  }
}

void WorkQueue::take(NatsMessage message) {
  jsMsgMetaData* found = nullptr;
  if (natsMsg_GetMetaData(&found, message.get()) != NATS_OK) return;
  const Number number = found->Sequence.Stream;
  const std::uint64_t deliveries = found->NumDelivered;
  jsMsgMetaData_Destroy(found);
  std::optional<ListedFile> file = file_of(message.get(), deliveries);
  const Lock lock(mutex_);
  is_empty_ = false;
  if (const auto mine = claims_.find(number); mine != claims_.end()) {
    // The server was away, and takes us for dead: the claim goes on under its new name.
    mine->second.message = std::move(message);
    return;
  }
  Claim& claim = claims_[number];
  claim.message = std::move(message);
  claim.deliveries = deliveries;
  if (!file) {
    ++refused_;
    claim.answer = Answer::kFailed;
  } else if (stopping_ || claims_.size() > jobs_) {
    claim.answer = Answer::kReturned;
  } else {
    waiting_.push_back({std::move(*file), number});
    g_main_context_wakeup(nullptr);
  }
}

void WorkQueue::pause() {
  // Answers wake it up; claims are renewed in time.
  constexpr Duration kLongest = std::chrono::milliseconds(500);
  Lock lock(mutex_);
  changed_.wait_for(lock, std::min<Duration>(kLongest, ack_wait_ / 6), [this] { return woken_; });
  woken_ = false;
}

}  // namespace

std::unique_ptr<Work> open_work_queue(const QueueAddress& address, unsigned jobs,
                                      bool until_empty) {
  return std::make_unique<WorkQueue>(address, jobs, until_empty);
}

}  // namespace dfd::monitor
