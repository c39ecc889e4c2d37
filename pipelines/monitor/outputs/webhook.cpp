// SPDX-License-Identifier: LGPL-2.1-or-later

#include "webhook.h"

#include <ctime>
#include <optional>

#include "base/secrets.h"

namespace dfd::monitor {
namespace {

// Of what is answered nothing but the status counts. So much is read, so that the connection of who
// says little can be used again.
constexpr gsize kMostAnswer = 4096;

std::string base64(const guint8* bytes, gsize size) {
  gchar* made = g_base64_encode(bytes, size);
  std::string text = made;
  g_free(made);
  return text;
}

bool is_refusal(guint status) {
  return status == SOUP_STATUS_BAD_REQUEST || status == SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE ||
         status == SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE || status == SOUP_STATUS_UNPROCESSABLE_ENTITY;
}

}  // namespace

std::string webhook_signature(const std::string& secret, const std::string& id,
                              const std::string& timestamp, const std::string& body) {
  const std::string text = id + "." + timestamp + "." + body;
  GHmac* hmac =
      g_hmac_new(G_CHECKSUM_SHA256, reinterpret_cast<const guchar*>(secret.data()), secret.size());
  g_hmac_update(hmac, reinterpret_cast<const guchar*>(text.data()),
                static_cast<gssize>(text.size()));
  guint8 digest[32];
  gsize size = sizeof(digest);
  g_hmac_get_digest(hmac, digest, &size);
  g_hmac_unref(hmac);
  return "v1," + base64(digest, size);
}

Webhook::Webhook(const WebhookConfig& config, std::chrono::milliseconds limit)
    : config_(config),
      limit_(limit),
      // What the session does is done by this thread, not by the main loop's.
      context_(g_main_context_new()),
      cancellable_(g_cancellable_new()) {
  g_main_context_push_thread_default(context_);
  session_ = soup_session_new_with_options("user-agent", "deepfake-monitor/" DFD_VERSION, nullptr);
  if (config_.tls_authorities.empty()) return;
  GTlsDatabase* database = g_tls_file_database_new(config_.tls_authorities.c_str(), nullptr);
  // Read with the configuration; were it gone since, no certificate would be trusted.
  soup_session_set_tls_database(session_, database);
  if (database != nullptr) g_object_unref(database);
}

Webhook::~Webhook() {
  soup_session_abort(session_);
  g_object_unref(session_);
  g_object_unref(cancellable_);
  g_main_context_pop_thread_default(context_);
  g_main_context_unref(context_);
}

SoupMessage* Webhook::make_message(const std::string& id, const std::string& event) const {
  SoupMessage* message = soup_message_new(SOUP_METHOD_POST, config_.url.c_str());
  if (message == nullptr) return nullptr;
  soup_message_add_flags(message, SOUP_MESSAGE_NO_REDIRECT);
  GBytes* body = g_bytes_new(event.data(), event.size());
  soup_message_set_request_body_from_bytes(message, "application/cloudevents+json", body);
  g_bytes_unref(body);
  SoupMessageHeaders* headers = soup_message_get_request_headers(message);
  const std::string timestamp = std::to_string(std::time(nullptr));
  soup_message_headers_replace(headers, "webhook-id", id.c_str());
  soup_message_headers_replace(headers, "webhook-timestamp", timestamp.c_str());
  if (!config_.secret.empty()) {
    soup_message_headers_replace(headers, "webhook-signature",
                                 webhook_signature(config_.secret, id, timestamp, event).c_str());
  }
  const Credentials& credentials = config_.credentials;
  if (!credentials.user.empty() || !credentials.password.empty()) {
    const std::string both = credentials.user + ":" + credentials.password;
    const auto* bytes = reinterpret_cast<const guint8*>(both.data());
    soup_message_headers_replace(headers, "Authorization",
                                 ("Basic " + base64(bytes, both.size())).c_str());
  }
  return message;
}

// One event and its answer, by the session's context, which waits for both with one limit.
struct Webhook::Exchange {
  Exchange(GMainContext* context, GCancellable* all, std::chrono::milliseconds longest)
      : loop(g_main_loop_new(context, FALSE)) {
    chained = g_cancellable_connect(all, G_CALLBACK(on_cancelled), cancellable, nullptr);
    cancelled_with = all;
    limit = g_timeout_source_new(static_cast<guint>(longest.count()));
    g_source_set_callback(limit, on_limit, this, nullptr);
    g_source_attach(limit, context);
  }
  ~Exchange() {
    g_source_destroy(limit);
    g_source_unref(limit);
    g_cancellable_disconnect(cancelled_with, chained);
    g_object_unref(cancellable);
    g_main_loop_unref(loop);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  static void on_cancelled(GCancellable* /*all*/, gpointer data) {
    g_cancellable_cancel(static_cast<GCancellable*>(data));
  }
  static gboolean on_limit(gpointer data) {
    auto* self = static_cast<Exchange*>(data);
    self->too_late = true;
    g_cancellable_cancel(self->cancellable);
    return G_SOURCE_CONTINUE;
  }
  static void on_answer(GObject* session, GAsyncResult* result, gpointer data);
  static void on_body(GObject* body, GAsyncResult* result, gpointer data);

  GMainLoop* loop;
  GSource* limit = nullptr;
  GCancellable* const cancellable = g_cancellable_new();
  GCancellable* cancelled_with = nullptr;
  gulong chained = 0;
  bool too_late = false;
  std::optional<std::string> error;
  char rest[kMostAnswer];
};

void Webhook::Exchange::on_answer(GObject* session, GAsyncResult* result, gpointer data) {
  auto* self = static_cast<Exchange*>(data);
  GError* error = nullptr;
  GInputStream* body = soup_session_send_finish(SOUP_SESSION(session), result, &error);
  if (body == nullptr) {
    self->error = self->too_late ? "no answer came in time" : masked(error->message);
    g_error_free(error);
    g_main_loop_quit(self->loop);
    return;
  }
  g_input_stream_read_all_async(body, self->rest, sizeof(self->rest), G_PRIORITY_DEFAULT,
                                self->cancellable, on_body, self);
  g_object_unref(body);
}

void Webhook::Exchange::on_body(GObject* body, GAsyncResult* result, gpointer data) {
  auto* self = static_cast<Exchange*>(data);
  g_input_stream_read_all_finish(G_INPUT_STREAM(body), result, nullptr, nullptr);
  g_main_loop_quit(self->loop);
}

Delivery Webhook::send(const std::string& id, const std::string& event) {
  SoupMessage* message = make_message(id, event);
  if (message == nullptr) return {Delivery::Result::kLater, "its url is none"};
  Exchange exchange(context_, cancellable_, limit_);
  soup_session_send_async(session_, message, G_PRIORITY_DEFAULT, exchange.cancellable,
                          Exchange::on_answer, &exchange);
  g_main_loop_run(exchange.loop);
  const guint status = soup_message_get_status(message);
  g_object_unref(message);
  if (exchange.error) return {Delivery::Result::kLater, *exchange.error};
  if (SOUP_STATUS_IS_SUCCESSFUL(status)) return {};
  const std::string text = "it answers " + std::to_string(status);
  return {is_refusal(status) ? Delivery::Result::kRefused : Delivery::Result::kLater, text};
}

}  // namespace dfd::monitor
