// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/queue_link.h"

#include <glib.h>

#include <mutex>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "streams/backoff.h"

namespace dfd::monitor {
namespace {

using Options = std::unique_ptr<natsOptions, NatsDestroy<natsOptions_Destroy>>;
using StreamInfo = std::unique_ptr<jsStreamInfo, NatsDestroy<jsStreamInfo_Destroy>>;

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

void on_error(natsConnection* /*connection*/, natsSubscription* /*subscription*/, natsStatus status,
              void* /*data*/) {
  // The library's own way would be to print it, unmasked.
  log_line(std::string("scan: the queue: ") + natsStatus_GetText(status));
}

// What the library's threads use until the connection is closed for good, which is after its owner
// has let it go.
struct Comeback {
  static int64_t wait_ms(natsConnection* connection, int attempts, void* data);
  static void on_lost(natsConnection* connection, void* data);
  static void on_back(natsConnection* connection, void* data);
  static void on_closed(natsConnection* connection, void* data);

  std::string server;
  std::mutex mutex;
  Backoff backoff{BackoffConfig(), [] { return g_random_double(); }};
};

int64_t Comeback::wait_ms(natsConnection* /*connection*/, int /*attempts*/, void* data) {
  auto* self = static_cast<Comeback*>(data);
  const std::lock_guard<std::mutex> lock(self->mutex);
  return std::chrono::duration_cast<std::chrono::milliseconds>(self->backoff.next(false)).count();
}

void Comeback::on_lost(natsConnection* connection, void* data) {
  if (natsConnection_IsClosed(connection)) return;
  log_line("scan: the queue at " + static_cast<Comeback*>(data)->server +
           " is away, and is waited for");
}

void Comeback::on_back(natsConnection* /*connection*/, void* data) {
  auto* self = static_cast<Comeback*>(data);
  log_line("scan: the queue at " + self->server + " is back");
  const std::lock_guard<std::mutex> lock(self->mutex);
  self->backoff.reset();
}

// The last call of all.
void Comeback::on_closed(natsConnection* /*connection*/, void* data) {
  delete static_cast<Comeback*>(data);
}

}  // namespace

void require(natsStatus status, const std::string& what) {
  if (status == NATS_OK) return;
  std::string text = what + ": " + natsStatus_GetText(status);
  // Behind the place in the library's source: "(FILE:LINE): DETAIL".
  const char* last = nats_GetLastError(nullptr);
  const std::string_view detail = last == nullptr ? "" : last;
  const std::size_t place = detail.find("): ");
  const std::string_view own = place == std::string_view::npos ? detail : detail.substr(place + 3);
  if (!own.empty() && own != natsStatus_GetText(status)) text.append(" (").append(own).append(")");
  throw std::runtime_error(text);
}

QueueLink::QueueLink(const QueueAddress& address) : address_(address) {
  connect();
  jsCtx* context = nullptr;
  require(natsConnection_JetStream(&context, connection_.get(), nullptr), "JetStream");
  jetstream_.reset(context);
}

void QueueLink::connect() {
  natsOptions* made = nullptr;
  require(natsOptions_Create(&made), "libnats");
  const Options options(made);
  // A host that is gone without a word is missed after two of these.
  constexpr std::int64_t kPing_ms = 10'000;
  constexpr std::int64_t kConnect_ms = 5'000;
  auto* comeback = new Comeback;
  comeback->server = address_.server;
  const Credentials& who = address_.credentials;
  natsOptions_SetURL(made, address_.server.c_str());
  natsOptions_SetName(made, "deepfake-monitor");
  natsOptions_SetTimeout(made, kConnect_ms);
  natsOptions_SetPingInterval(made, kPing_ms);
  natsOptions_SetMaxReconnect(made, -1);
  natsOptions_SetFailRequestsOnDisconnect(made, true);
  natsOptions_SetCustomReconnectDelay(made, Comeback::wait_ms, comeback);
  natsOptions_SetDisconnectedCB(made, Comeback::on_lost, comeback);
  natsOptions_SetReconnectedCB(made, Comeback::on_back, comeback);
  natsOptions_SetClosedCB(made, Comeback::on_closed, comeback);
  natsOptions_SetErrorHandler(made, on_error, nullptr);
  if (!address_.credentials_file.empty()) {
    require(natsOptions_SetUserCredentialsFromFiles(made, address_.credentials_file.c_str(),
                                                    /*seedFile=*/nullptr),
            "credentials");
  } else if (who.user.empty() && !who.password.empty()) {
    natsOptions_SetToken(made, who.password.c_str());
  } else if (!who.user.empty()) {
    natsOptions_SetUserInfo(made, who.user.c_str(), who.password.c_str());
  }
  if (address_.tls) require(natsOptions_SetSecure(made, true), "TLS");
  natsConnection* connection = nullptr;
  require(natsConnection_Connect(&connection, made), "the queue at " + address_.server);
  connection_.reset(connection);
}

bool QueueLink::is_connected() const {
  return natsConnection_Status(connection_.get()) == NATS_CONN_STATUS_CONNECTED;
}

std::string QueueLink::end_reason() const {
  if (!natsConnection_IsClosed(connection_.get())) return "";
  const char* text = nullptr;
  natsConnection_GetLastError(connection_.get(), &text);
  return text == nullptr || *text == '\0' ? "the connection is closed" : text;
}

std::string QueueLink::ensure_stream() {
  const std::string what = "stream " + address_.stream;
  jsStreamInfo* found = nullptr;
  natsStatus status =
      js_GetStreamInfo(&found, jetstream(), address_.stream.c_str(), nullptr, nullptr);
  if (status == NATS_NO_RESPONDERS) {
    throw std::runtime_error("the server at " + address_.server +
                             " has no JetStream: start it with -js");
  }
  if (status == NATS_NOT_FOUND) {
    // Whoever runs the same command again, for it was stopped, puts no file there twice.
    constexpr std::int64_t kDuplicates = 3600 * kNanosecondsPerSecond;
    const char* subject = address_.stream.c_str();
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = subject;
    config.Subjects = &subject;
    config.SubjectsLen = 1;
    config.Retention = js_WorkQueuePolicy;
    config.Storage = js_FileStorage;
    config.Duplicates = kDuplicates;
    status = js_AddStream(&found, jetstream(), &config, nullptr, nullptr);
  }
  require(status, what);
  const StreamInfo info(found);
  const jsStreamConfig& config = *info->Config;
  const std::string subject = config.SubjectsLen > 0 ? config.Subjects[0] : "";
  if (subject.empty() || subject.find_first_of("*>") != std::string::npos) {
    throw std::runtime_error(what + " has no subject of its own that files could be put under");
  }
  return subject;
}

NatsConsumerInfo QueueLink::ensure_consumer() {
  const std::string what = "consumer " + address_.consumer + " of stream " + address_.stream;
  jsConsumerInfo* found = nullptr;
  natsStatus status = js_GetConsumerInfo(&found, jetstream(), address_.stream.c_str(),
                                         address_.consumer.c_str(), nullptr, nullptr);
  if (status == NATS_NOT_FOUND) {
    // So long nobody else gets what a worker had that died.
    constexpr std::int64_t kAckWait = 30 * kNanosecondsPerSecond;
    // Five tries, and once more for the line that says so.
    constexpr std::int64_t kMaxDeliver = 6;
    jsConsumerConfig config;
    jsConsumerConfig_Init(&config);
    config.Durable = address_.consumer.c_str();
    config.AckPolicy = js_AckExplicit;
    config.AckWait = kAckWait;
    config.MaxDeliver = kMaxDeliver;
    status =
        js_AddConsumer(&found, jetstream(), address_.stream.c_str(), &config, nullptr, nullptr);
  }
  require(status, what);
  NatsConsumerInfo info(found);
  const jsConsumerConfig& config = *info->Config;
  if (config.DeliverSubject != nullptr || config.AckPolicy != js_AckExplicit) {
    throw std::runtime_error(what + " must be a pull consumer with explicit acknowledgements");
  }
  return info;
}

NatsConsumerInfo QueueLink::consumer() const {
  jsConsumerInfo* found = nullptr;
  const natsStatus status = js_GetConsumerInfo(&found, jetstream(), address_.stream.c_str(),
                                               address_.consumer.c_str(), nullptr, nullptr);
  if (status == NATS_NOT_FOUND) {
    throw std::runtime_error("consumer " + address_.consumer + " of stream " + address_.stream +
                             " is gone");
  }
  return NatsConsumerInfo(found);
}

}  // namespace dfd::monitor
