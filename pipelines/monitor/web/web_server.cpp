// SPDX-License-Identifier: LGPL-2.1-or-later

#include "web_server.h"

#include <libsoup/soup.h>
#include <sys/socket.h>

#include <atomic>
#include <exception>
#include <list>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/log.h"
#include "web/api.h"
#include "web/change_request.h"
#include "web/connections.h"
#include "web/event_feed.h"
#include "web/file_feed.h"
#include "web/gate.h"
#include "web/page.h"
#include "web/soup_message.h"

namespace dfd::monitor {
namespace {

// Events are there that soon, and those who are late are noticed.
constexpr guint kTickMs = 200;

bool begins_with(const std::string& text, const std::string& beginning) {
  return text.compare(0, beginning.size(), beginning) == 0;
}

// Nothing where the reader has seen nothing yet.
std::optional<std::int64_t> last_event_of(const HttpRequest& request) {
  const std::string text = request.header("last-event-id");
  gint64 number = 0;
  if (g_ascii_string_to_signed(text.c_str(), 10, 0, G_MAXINT64, &number, nullptr) == FALSE) {
    return std::nullopt;
  }
  return number;
}

// /api/v1/alarms/ID/evidence/NAME
bool is_evidence_path(const std::string& path) {
  constexpr std::size_t kParts = 7;
  const std::vector<std::string> parts = split(path, '/');
  return parts.size() == kParts && parts[3] == "alarms" && parts[5] == "evidence";
}

// Of evidence; browsers are told to take nothing for something else.
std::string type_of(const std::string& name) {
  const std::map<std::string, std::string> types = {{".mp4", "video/mp4"},
                                                    {".ts", "video/mp2t"},
                                                    {".jpg", "image/jpeg"},
                                                    {".json", "application/json"}};
  const std::size_t dot = name.rfind('.');
  const auto found = types.find(dot == std::string::npos ? "" : name.substr(dot));
  return found == types.end() ? "application/octet-stream" : found->second;
}

HttpResponse store_unavailable() {
  return error_response(503, "store_unavailable", "what is kept cannot be read at present");
}

// Of those who are not let in yet. GLib's has ten places, and whoever finds none tries again a
// second later: pages that ask for many pictures at once would.
void lengthen_queue(SoupServer* server) {
  GSList* listeners = soup_server_get_listeners(server);
  for (GSList* one = listeners; one != nullptr; one = one->next) {
    listen(g_socket_get_fd(static_cast<GSocket*>(one->data)), SOMAXCONN);
  }
  g_slist_free(listeners);
}

GateSettings gate_of(const WebSettings& settings) {
  return {!settings.tls_key.empty(), settings.behind_proxy, settings.tokens};
}

}  // namespace

// Everything of it on the server's thread, but what is said to be on another.
class WebServer::Shared : public std::enable_shared_from_this<Shared> {
 public:
  Shared(const WebSettings& settings, std::map<std::string, Page> pages, const Board& board,
         Wish wish)
      : pages_(std::move(pages)),
        board_(&board),
        wish_(std::move(wish)),
        gate_(gate_of(settings)),
        folder_(settings.state_folder),
        reader_(settings.state_folder),
        api_(board, reader_),
        limits_(settings.limits),
        connections_(limits_),
        feed_(reader_, limits_) {}
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
  // On any thread.
  void set_tokens(std::vector<WebToken> tokens);

 private:
  // An answer that comes from another thread.
  struct Call {
    std::shared_ptr<Shared> shared;
    SoupServerMessage* message = nullptr;
    Time since;
    // Set on this thread, read on any.
    std::atomic<bool> done{false};
  };
  using CallPointer = std::shared_ptr<Call>;

  static void on_started(SoupServer* server, SoupServerMessage* message, gpointer data);
  static void on_request(SoupServer* server, SoupServerMessage* message, const char* path,
                         GHashTable* query, gpointer data);
  static void on_finished(SoupServerMessage* message, gpointer data);
  static gboolean on_tick(gpointer data);
  // On the main loop's thread.
  static void on_main_loop(const CallPointer& call, const Page& page);
  // On any thread.
  static void on_result(const CallPointer& call, const Change& change, const ChangeResult& result);

  void answer(SoupServerMessage* message, const HttpRequest& request);
  void answer_api(SoupServerMessage* message, const HttpRequest& request);
  void answer_events(SoupServerMessage* message, const HttpRequest& request);
  void answer_evidence(SoupServerMessage* message, const HttpRequest& request);
  void change(SoupServerMessage* message, const HttpRequest& request, const WebUser& user);
  CallPointer begin_call(SoupServerMessage* message);
  void finish(const CallPointer& call, const HttpResponse& response);
  void tick();

  std::map<std::string, Page> pages_;
  const Board* board_;
  Wish wish_;
  Gate gate_;
  std::string folder_;
  Reader reader_;
  Api api_;
  WebLimits limits_;
  // Outlives all who hold messages.
  Connections connections_;
  EventFeed feed_;
  FileFeed files_;
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
  server_ = soup_server_new("server-header", "deepfake-monitor", "raw-paths", TRUE, nullptr);
  g_signal_connect(server_, "request-started", G_CALLBACK(on_started), this);
  soup_server_add_handler(server_, nullptr, on_request, this, nullptr);
  GSocketAddress* place = g_inet_socket_address_new_from_string(settings.address.c_str(),
                                                                static_cast<guint>(settings.port));
  GError* error = nullptr;
  bool listens = true;
  SoupServerListenOptions options{};
  if (!settings.tls_key.empty()) {
    GTlsCertificate* certificate = g_tls_certificate_new_from_files(
        settings.tls_certificate.c_str(), settings.tls_key.c_str(), &error);
    listens = certificate != nullptr;
    soup_server_set_tls_certificate(server_, certificate);
    g_clear_object(&certificate);
    options = SOUP_SERVER_LISTEN_HTTPS;
  }
  listens = listens && soup_server_listen(server_, place, options, &error) != FALSE;
  g_object_unref(place);
  g_main_context_pop_thread_default(context_);
  if (!listens) {
    const std::string what = "listen = \"" + settings.address + ":" +
                             std::to_string(settings.port) + "\" cannot be had: " + error->message;
    g_error_free(error);
    g_object_unref(server_);
    throw std::runtime_error(what);
  }
  lengthen_queue(server_);
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

void WebServer::Shared::set_tokens(std::vector<WebToken> tokens) {
  post(context_,
       [self = shared_from_this(), made = std::move(tokens)] { self->gate_.set_tokens(made); });
}

void WebServer::Shared::on_started(SoupServer* /*server*/, SoupServerMessage* message,
                                   gpointer data) {
  static_cast<Shared*>(data)->connections_.add(message);
}

void WebServer::Shared::on_request(SoupServer* /*server*/, SoupServerMessage* message,
                                   const char* path, GHashTable* query, gpointer data) {
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
  if (const auto refused = gate_.refuse(request)) return respond(message, *refused);
  if (const auto known = gate_.answer(now().steady, request)) return respond(message, *known);
  if (begins_with(request.path, "/api/")) return answer_api(message, request);
  const auto page = pages_.find(request.path);
  const auto file = page_file(request.path);
  if (page == pages_.end() && !file) {
    return respond(message, error_response(404, "not_found", "there is no such path"));
  }
  if (!request.is_get()) return respond(message, method_response("GET, HEAD"));
  if (file) return respond(message, *file);
  const CallPointer call = begin_call(message);
  post(nullptr, [call, made = page->second] { on_main_loop(call, made); });
}

void WebServer::Shared::answer_api(SoupServerMessage* message, const HttpRequest& request) {
  std::optional<HttpResponse> denied;
  const WebUser user = gate_.user(now().steady, request, denied);
  if (denied) return respond(message, *denied);
  if (request.path == "/api/v1/events") return answer_events(message, request);
  if (is_change_path(request.path)) return change(message, request, user);
  if (is_evidence_path(request.path)) return answer_evidence(message, request);
  respond(message, api_.answer(request));
}

void WebServer::Shared::answer_evidence(SoupServerMessage* message, const HttpRequest& request) {
  if (!request.is_get()) return respond(message, method_response("GET, HEAD"));
  const std::vector<std::string> path = split(request.path, '/');
  try {
    const auto row = reader_.evidence(path[4], path[6]);
    StateFile file(folder_, row ? row->path : "");
    if (file.is_open()) {
      return files_.add(message, request, std::move(file), type_of(row->name), row->sha256);
    }
    respond(message, error_response(404, "not_found", "there is no such evidence"));
  } catch (const StoreError&) {
    respond(message, store_unavailable());
  }
}

void WebServer::Shared::change(SoupServerMessage* message, const HttpRequest& request,
                               const WebUser& user) {
  std::optional<HttpResponse> fault;
  const Change change = read_change(request, user, *board_, now().wall, fault);
  if (fault) return respond(message, *fault);
  const CallPointer call = begin_call(message);
  wish_(change, [call, change](const ChangeResult& result) { on_result(call, change, result); });
}

void WebServer::Shared::on_result(const CallPointer& call, const Change& change,
                                  const ChangeResult& result) {
  post(call->shared->context_, [call, change, result] {
    if (call->done) return;
    const auto fault = fault_of(result);
    call->shared->finish(call, fault ? *fault : call->shared->api_.changed(change));
  });
}

void WebServer::Shared::answer_events(SoupServerMessage* message, const HttpRequest& request) {
  if (request.method != "GET") return respond(message, method_response("GET"));
  const auto may_read = [this, request](Time time) {
    std::optional<HttpResponse> denied;
    gate_.user(time, request, denied);
    return !denied;
  };
  try {
    if (feed_.add(now().steady, message, last_event_of(request), may_read)) return;
    HttpResponse full = error_response(503, "too_many_readers", "all places for readers are taken");
    full.headers.emplace_back("Retry-After", "10");
    respond(message, full);
  } catch (const StoreError&) {
    respond(message, store_unavailable());
  }
}

WebServer::Shared::CallPointer WebServer::Shared::begin_call(SoupServerMessage* message) {
  auto call = std::make_shared<Call>();
  call->shared = shared_from_this();
  call->message = SOUP_SERVER_MESSAGE(g_object_ref(message));
  call->since = now().steady;
  g_signal_connect(message, "finished", G_CALLBACK(on_finished), call.get());
  calls_.push_back(call);
  soup_server_message_pause(message);
  return call;
}

void WebServer::Shared::on_main_loop(const CallPointer& call, const Page& page) {
  if (call->done) return;
  HttpResponse response;
  try {
    response = page();
  } catch (const std::exception& error) {
    log_line(std::string("a page could not be made: ") + error.what());
    response = error_response(500, "internal", "the log says what is wrong");
  }
  post(call->shared->context_, [call, response] {
    if (!call->done) call->shared->finish(call, response);
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
  try {
    static_cast<Shared*>(data)->tick();
  } catch (const std::exception& error) {
    log_line(std::string("HTTP: ") + error.what());
  }
  return G_SOURCE_CONTINUE;
}

void WebServer::Shared::tick() {
  const Time time = now().steady;
  connections_.update(time);
  feed_.update(time);
  files_.update();
  for (const CallPointer& call : calls_) {
    if (call->done || time - call->since < limits_.page) continue;
    finish(call, error_response(503, "busy", "no answer came in time"));
  }
  calls_.remove_if([](const CallPointer& call) {
    if (!call->done) return false;
    g_signal_handlers_disconnect_by_data(call->message, call.get());
    g_clear_object(&call->message);
    return true;
  });
}

WebServer::WebServer(const WebSettings& settings, std::map<std::string, Page> pages,
                     const Board& board, Wish wish)
    : shared_(std::make_shared<Shared>(settings, std::move(pages), board, std::move(wish))) {
  address_ = shared_->listen(settings);
  shared_->start();
}

WebServer::~WebServer() { shared_->stop(); }

void WebServer::set_tokens(std::vector<WebToken> tokens) { shared_->set_tokens(std::move(tokens)); }

}  // namespace dfd::monitor
