// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The connection to a NATS server, and what a queue is made of there.

#pragma once

#include <nats/nats.h>

#include <memory>
#include <string>

#include "scan/queue_address.h"

namespace dfd::monitor {

template <auto kDestroy>
struct NatsDestroy {
  template <typename T>
  void operator()(T* object) const {
    kDestroy(object);
  }
};
using NatsMessage = std::unique_ptr<natsMsg, NatsDestroy<natsMsg_Destroy>>;
using NatsSubscription = std::unique_ptr<natsSubscription, NatsDestroy<natsSubscription_Destroy>>;
using NatsConsumerInfo = std::unique_ptr<jsConsumerInfo, NatsDestroy<jsConsumerInfo_Destroy>>;

// Throws std::runtime_error with `what` and the library's own words where it is no success.
void require(natsStatus status, const std::string& what);

// Once it stands it comes back whenever it is lost, for ever, with growing waits; that is said.
class QueueLink {
 public:
  // Throws std::runtime_error where there is no such server, or it has no JetStream.
  explicit QueueLink(const QueueAddress& address);

  bool is_connected() const;
  // It does not come back: why. Else empty.
  std::string end_reason() const;
  jsCtx* jetstream() const { return jetstream_.get(); }
  natsConnection* connection() const { return connection_.get(); }

  // Makes the stream where it is missing, and gives the subject that files are put under. Throws.
  std::string ensure_stream();
  // Makes the consumer where it is missing. Throws where it is there and of no use.
  NatsConsumerInfo ensure_consumer();
  // Null where it is not known now. Throws where the server says that it is gone.
  NatsConsumerInfo consumer() const;

 private:
  void connect();

  QueueAddress address_;
  std::unique_ptr<natsConnection, NatsDestroy<natsConnection_Destroy>> connection_;
  std::unique_ptr<jsCtx, NatsDestroy<jsCtx_Destroy>> jetstream_;
};

}  // namespace dfd::monitor
