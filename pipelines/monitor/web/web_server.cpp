// SPDX-License-Identifier: LGPL-2.1-or-later

#include "web_server.h"

#include <libsoup/soup.h>

#include <atomic>
#include <exception>
#include <list>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/log.h"
#include "web/api.h"
#include "web/connections.h"
#include "web/event_feed.h"
#include "web/page.h"

namespace dfd::monitor {
namespace {

// Events are there that soon, and those who are late are noticed.
constexpr guint kTickMs = 200;

constexpr std::pair<const char*, const char*> kAlways[] = {
    // What a browser makes of it is what we say it is, from here alone, and shown nowhere else.
    {"X-Content-Type-Options", "nosniff"},
    {"Content-Security-Policy",
     "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-store"},
    // libsoup 3.2 keeps the socket of a client that has gone without saying so.
    {"Connection", "close"}};

void respond(SoupServerMessage* message, const HttpResponse& response) {
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  for (const auto& [name, value] : response.headers) {
    soup_message_headers_replace(headers, name.c_str(), value.c_str());
  }
  soup_server_message_set_status(message, static_cast<guint>(response.status), nullptr);
  soup_server_message_set_response(message, response.type.c_str(), SOUP_MEMORY_COPY,
                                   response.body.data(), response.body.size());
}

HttpRequest request_of(SoupServerMessage* message, const char* path, GHashTable* query) {
  HttpRequest request;
  request.method = soup_server_message_get_method(message);
  request.path = path;
  GHashTableIter at;
  gpointer key = nullptr;
  gpointer value = nullptr;
  if (query != nullptr) g_hash_table_iter_init(&at, query);
  while (query != nullptr && g_hash_table_iter_next(&at, &key, &value) != FALSE) {
    request.query[static_cast<const char*>(key)] = static_cast<const char*>(value);
  }
  return request;
}

// Has the thread of `context` do it, even where that is this one never at once. `work` throws
// nothing.
void post(GMainContext* context, std::function<void()> work) {
  GSource* source = g_idle_source_new();
  g_source_set_priority(source, G_PRIORITY_DEFAULT);
  g_source_set_callback(
      source,
      [](gpointer data) {
        (*static_cast<std::function<void()>*>(data))();
        return G_SOURCE_REMOVE;
      },
      new std::function<void()>(std::move(work)),
      [](gpointer data) { delete static_cast<std::function<void()>*>(data); });
  g_source_attach(source, context);
  g_source_unref(source);
}

bool begins_with(const std::string& text, const std::string& beginning) {
  return text.compare(0, beginning.size(), beginning) == 0;
}

// Nothing where the reader has seen nothing yet.
std::optional<std::int64_t> last_event_of(SoupServerMessage* message) {
  const char* text = soup_message_headers_get_one(soup_server_message_get_request_headers(message),
                                                  "Last-Event-ID");
  gint64 number = 0;
  if (text == nullptr || g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, &number, nullptr) == 0) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

// Everything of it on the server's thread, but what is said to be on another.
class WebServer::Shared : public std::enable_shared_from_this<Shared> {
 public:
  Shared(const WebSettings& settings, std::map<std::string, Page> pages, const Board& board)
      : pages_(std::move(pages)),
        api_(board, Reader(settings.state_folder)),
        limits_(settings.limits),
        connections_(limits_),
        feed_(Reader(settings.state_folder), limits_) {}
  ~Shared() {
    if (loop_ != nullptr) g_main_loop_unref(loop_);
    g_main_context_unref(context_);
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  // By the thread that makes it. Returns the address.
  std::string listen(const WebSettings& settings);
  void start();
  void stop();

 private:
  // A page that the main loop is asked for.
  struct Call {
    std::shared_ptr<Shared> shared;
    SoupServerMessage* message = nullptr;
    Page page;
    HttpResponse response;
    Time since;
    // Set on this thread, read on the main loop's.
    std::atomic<bool> done{false};
  };
  using CallPointer = std::shared_ptr<Call>;

  static void on_started(SoupServer* server, SoupServerMessage* message, gpointer data);
  static void on_request(SoupServer* server, SoupServerMessage* message, const char* path,
                         GHashTable* query, gpointer data);
  static void on_finished(SoupServerMessage* message, gpointer data);
  static gboolean on_tick(gpointer data);
  // On the main loop's thread.
  static void on_main_loop(const CallPointer& call);

  void answer(SoupServerMessage* message, const HttpRequest& request);
  void answer_events(SoupServerMessage* message, const HttpRequest& request);
  void ask_main_loop(SoupServerMessage* message, const Page& page);
  void finish(const CallPointer& call, const HttpResponse& response);
  void tick();

  std::map<std::string, Page> pages_;
  Api api_;
  WebLimits limits_;
  // Outlives all who hold messages.
  Connections connections_;
  EventFeed feed_;
  std::list<CallPointer> calls_;
  GMainContext* context_ = g_main_context_new();
  GMainLoop* loop_ = nullptr;
  SoupServer* server_ = nullptr;
  GSource* ticks_ = nullptr;
  std::thread thread_;
};

std::string WebServer::Shared::listen(const WebSettings& settings) {
  // Sources of the server go to the context of the thread that makes it.
  g_main_context_push_thread_default(context_);
  server_ = soup_server_new("server-header", "deepfake-monitor ", "raw-paths", TRUE, nullptr);
  g_signal_connect(server_, "request-started", G_CALLBACK(on_started), this);
  soup_server_add_handler(server_, nullptr, on_request, this, nullptr);
  GSocketAddress* place = g_inet_socket_address_new_from_string(settings.address.c_str(),
                                                                static_cast<guint>(settings.port));
  GError* error = nullptr;
  const bool listens =
      soup_server_listen(server_, place, SoupServerListenOptions(0), &error) != FALSE;
  g_object_unref(place);
  g_main_context_pop_thread_default(context_);
  if (!listens) {
    const std::string what = "listen = \"" + settings.address + ":" +
                             std::to_string(settings.port) + "\" cannot be had: " + error->message;
    g_error_free(error);
    g_object_unref(server_);
    throw std::runtime_error(what);
  }
  GSList* uris = soup_server_get_uris(server_);
  char* text = g_uri_to_string(static_cast<GUri*>(uris->data));
  std::string address = text;
  g_free(text);
  g_slist_free_full(uris, reinterpret_cast<GDestroyNotify>(g_uri_unref));
  // soup ends it with the path of all paths.
  if (address.back() == '/') address.pop_back();
  return address;
}

void WebServer::Shared::start() {
  loop_ = g_main_loop_new(context_, FALSE);
  ticks_ = g_timeout_source_new(kTickMs);
  g_source_set_callback(ticks_, on_tick, this, nullptr);
  g_source_attach(ticks_, context_);
  thread_ = std::thread([this] {
    g_main_context_push_thread_default(context_);
    g_main_loop_run(loop_);
    g_source_destroy(ticks_);
    g_source_unref(ticks_);
    soup_server_disconnect(server_);
    g_object_unref(server_);
    g_main_context_pop_thread_default(context_);
  });
}

void WebServer::Shared::stop() {
  // From within, for a loop that does not run yet would not be stopped.
  post(context_, [this] { g_main_loop_quit(loop_); });
  thread_.join();
  for (const CallPointer& call : calls_) {
    call->done = true;
    g_signal_handlers_disconnect_by_data(call->message, call.get());
    g_clear_object(&call->message);
  }
  calls_.clear();
}

void WebServer::Shared::on_started(SoupServer* /*server*/, SoupServerMessage* message,
                                   gpointer data) {
  static_cast<Shared*>(data)->connections_.add(message);
}

void WebServer::Shared::on_request(SoupServer* /*server*/, SoupServerMessage* message,
                                   const char* path, GHashTable* query, gpointer data) {
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  for (const auto& [name, value] : kAlways) soup_message_headers_replace(headers, name, value);
  // libsoup would answer any number of ranges of anything.
  soup_message_headers_remove(soup_server_message_get_request_headers(message), "Range");
  try {
    static_cast<Shared*>(data)->answer(message, request_of(message, path, query));
  } catch (const std::exception& error) {
    // No exception crosses libsoup's frames.
    log_line(std::string("a request could not be answered: ") + error.what());
    respond(message, error_response(500, "internal", "the log says what is wrong"));
  }
}

void WebServer::Shared::answer(SoupServerMessage* message, const HttpRequest& request) {
  if (Connections::is_too_long(message)) {
    return respond(message, error_response(413, "too_long", "a body may have 64 kB"));
  }
  if (request.path == "/api/v1/events") return answer_events(message, request);
  if (begins_with(request.path, "/api/")) return respond(message, api_.answer(request));
  const auto page = pages_.find(request.path);
  const auto file = page_file(request.path);
  if (page == pages_.end() && !file) {
    return respond(message, error_response(404, "not_found", "there is no such path"));
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return respond(message, method_response("GET, HEAD"));
  }
  if (file) return respond(message, *file);
  ask_main_loop(message, page->second);
}

void WebServer::Shared::answer_events(SoupServerMessage* message, const HttpRequest& request) {
  if (request.method != "GET") return respond(message, method_response("GET"));
  try {
    if (feed_.add(now().steady, message, last_event_of(message))) return;
    HttpResponse full = error_response(503, "too_many_readers", "all places for readers are taken");
    full.headers.emplace_back("Retry-After", "10");
    respond(message, full);
  } catch (const StoreError&) {
    respond(message,
            error_response(503, "store_unavailable", "what is kept cannot be read at present"));
  }
}

void WebServer::Shared::ask_main_loop(SoupServerMessage* message, const Page& page) {
  auto call = std::make_shared<Call>();
  call->shared = shared_from_this();
  call->message = SOUP_SERVER_MESSAGE(g_object_ref(message));
  call->page = page;
  call->since = now().steady;
  g_signal_connect(message, "finished", G_CALLBACK(on_finished), call.get());
  calls_.push_back(call);
  soup_server_message_pause(message);
  post(nullptr, [call] { on_main_loop(call); });
}

void WebServer::Shared::on_main_loop(const CallPointer& call) {
  if (call->done) return;
  try {
    call->response = call->page();
  } catch (const std::exception& error) {
    log_line(std::string("a page could not be made: ") + error.what());
    call->response = error_response(500, "internal", "the log says what is wrong");
  }
  post(call->shared->context_, [call] {
    if (!call->done) call->shared->finish(call, call->response);
  });
}

void WebServer::Shared::on_finished(SoupServerMessage* /*message*/, gpointer data) {
  // Its message is let go of with the next tick.
  static_cast<Call*>(data)->done = true;
}

void WebServer::Shared::finish(const CallPointer& call, const HttpResponse& response) {
  call->done = true;
  respond(call->message, response);
  soup_server_message_unpause(call->message);
}

gboolean WebServer::Shared::on_tick(gpointer data) {
  static_cast<Shared*>(data)->tick();
  return G_SOURCE_CONTINUE;
}

void WebServer::Shared::tick() {
  const Time time = now().steady;
  connections_.update(time);
  feed_.update(time);
  for (const CallPointer& call : calls_) {
    if (call->done || time - call->since < limits_.page) continue;
    finish(call, error_response(503, "busy", "the main loop does not answer"));
  }
  calls_.remove_if([](const CallPointer& call) {
    if (!call->done) return false;
    g_signal_handlers_disconnect_by_data(call->message, call.get());
    g_clear_object(&call->message);
    return true;
  });
}

WebServer::WebServer(const WebSettings& settings, std::map<std::string, Page> pages,
                     const Board& board)
    : shared_(std::make_shared<Shared>(settings, std::move(pages), board)) {
  address_ = shared_->listen(settings);
  shared_->start();
}

WebServer::~WebServer() { shared_->stop(); }

}  // namespace dfd::monitor
