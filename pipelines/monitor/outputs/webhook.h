// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Events by HTTP POST, signed as Standard Webhooks (www.standardwebhooks.com) are.

#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

#include <chrono>
#include <string>

#include "config/config.h"
#include "outputs/sender.h"

namespace dfd::monitor {

// "v1," and the base64 of HMAC-SHA256 with `secret` over "ID.TIMESTAMP.BODY".
std::string webhook_signature(const std::string& secret, const std::string& id,
                              const std::string& timestamp, const std::string& body);

class Webhook : public Sender {
 public:
  // `limit`: for all of an answer. A receiver that only puts an event aside needs far less.
  explicit Webhook(const WebhookConfig& config,
                   std::chrono::milliseconds limit = std::chrono::seconds(10));
  ~Webhook() override;

  // Taken is what is answered with 2xx, whatever comes behind it. Refused are 400, 413, 415 and
  // 422: such an event is never taken. All else may be set right over there; redirects are not
  // followed.
  Delivery send(const std::string& id, const std::string& event) override;
  void cancel() override { g_cancellable_cancel(cancellable_); }

 private:
  struct Exchange;

  SoupMessage* make_message(const std::string& id, const std::string& event) const;

  WebhookConfig config_;
  std::chrono::milliseconds limit_;
  GMainContext* context_;
  SoupSession* session_;
  GCancellable* cancellable_;
};

}  // namespace dfd::monitor
