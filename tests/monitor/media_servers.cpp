// SPDX-License-Identifier: LGPL-2.1-or-later

#include "monitor/media_servers.h"

#include <libsoup/soup.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace dfd::monitor::test {
namespace {

constexpr const char* kEncoder =
    "video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! "
    "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! "
    "h264parse name=parse config-interval=-1 ! ";

GstElement* launch(const std::string& line) {
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch(line.c_str(), &error);
  if (error != nullptr) throw std::runtime_error(line + ": " + error->message);
  return pipeline;
}

// nginx hands on what is named only.
std::string environment() {
  std::string lines = "env BUILD=" DFD_TEST_SCRATCH "/..;\n";
  for (const char* name : {"GST_PLUGIN_PATH", "GST_REGISTRY", "GST_REGISTRY_FORK",
                           "LD_LIBRARY_PATH", "DEEPFAKEDETECT_MODEL", "PATH"}) {
    lines += std::string("env ") + name + ";\n";
  }
  return lines;
}

}  // namespace

std::string free_port(GSocketType type) {
  GSocket* socket = g_socket_new(G_SOCKET_FAMILY_IPV4, type, G_SOCKET_PROTOCOL_DEFAULT, nullptr);
  GSocketAddress* any = g_inet_socket_address_new_from_string("127.0.0.1", 0);
  g_socket_bind(socket, any, FALSE, nullptr);
  GSocketAddress* bound = g_socket_get_local_address(socket, nullptr);
  const int port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
  g_object_unref(bound);
  g_object_unref(any);
  g_object_unref(socket);
  return std::to_string(port);
}

Sender::Sender(const std::string& tail, GstClockTime first_time)
    : pipeline_(launch(std::string("videotestsrc name=picture is-live=true horizontal-speed=3 ! ") +
                       kEncoder + tail)) {
  GstElement* parse = gst_bin_get_by_name(GST_BIN(pipeline_), "parse");
  GstPad* pad = gst_element_get_static_pad(parse, "src");
  gst_pad_set_offset(pad, static_cast<gint64>(first_time));
  gst_object_unref(pad);
  gst_object_unref(parse);
  gst_element_set_state(pipeline_, GST_STATE_PLAYING);
}

Sender::~Sender() {
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  gst_object_unref(pipeline_);
}

void Sender::go_black() {
  GstElement* picture = gst_bin_get_by_name(GST_BIN(pipeline_), "picture");
  gst_util_set_object_arg(G_OBJECT(picture), "pattern", "black");
  gst_object_unref(picture);
}

void write_clip(const std::string& path, const std::string& muxer, int pictures) {
  GstElement* pipeline =
      launch("videotestsrc horizontal-speed=3 num-buffers=" + std::to_string(pictures) + " ! " +
             kEncoder + muxer + " ! filesink location=" + path);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  GstMessage* message = gst_bus_timed_pop_filtered(
      bus, 60 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
  const bool written = message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
  if (message != nullptr) gst_message_unref(message);
  gst_object_unref(bus);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
  if (!written) throw std::runtime_error(path + " cannot be written");
}

void write_transport_stream(const std::string& path, const std::vector<Piece>& pieces) {
  const std::string one = path + ".piece";
  std::ofstream all(path, std::ios::binary);
  for (const Piece piece : pieces) {
    std::string muxer = "mpegtsmux name=mux";
    if (piece == Piece::kWithSound) {
      muxer = "mux. audiotestsrc num-buffers=43 ! voaacenc ! aacparse ! mux. " + muxer;
    } else if (piece == Piece::kWithData) {
      muxer =
          "mux. fakesrc num-buffers=1 format=time filltype=pattern sizetype=fixed sizemax=19 ! "
          "meta/x-klv,parsed=true ! mux. " +
          muxer;
    }
    write_clip(one, muxer, 25);
    all << std::ifstream(one, std::ios::binary).rdbuf();
  }
  std::filesystem::remove(one);
}

FileSender::FileSender(const std::string& path, const std::string& port, double seconds) {
  // Seven packets of a transport stream.
  constexpr double kPiece = 1316;
  const double pieces = static_cast<double>(std::filesystem::file_size(path)) / kPiece;
  const auto pause_us = static_cast<int>(seconds * 1e6 / pieces);
  pipeline_ = launch("filesrc location=" + path +
                     " blocksize=1316 ! identity sleep-time=" + std::to_string(pause_us) +
                     " ! udpsink host=127.0.0.1 sync=false port=" + port);
  gst_element_set_state(pipeline_, GST_STATE_PLAYING);
}

FileSender::~FileSender() {
  gst_element_set_state(pipeline_, GST_STATE_NULL);
  gst_object_unref(pipeline_);
}

struct FolderServer::Shared {
  static void on_request(SoupServer* server, SoupServerMessage* message, const char* path,
                         GHashTable* query, gpointer data);
  static gboolean on_user(SoupAuthDomain* domain, SoupServerMessage* message, const char* user,
                          const char* password, gpointer data);
  void protect();

  std::string folder;
  std::string user;
  std::string password;
  GMainContext* context = g_main_context_new();
  GMainLoop* loop = g_main_loop_new(context, FALSE);
  SoupServer* server = soup_server_new(nullptr, nullptr);
  std::thread thread;
};

void FolderServer::Shared::on_request(SoupServer* /*server*/, SoupServerMessage* message,
                                      const char* path, GHashTable* /*query*/, gpointer data) {
  const auto& self = *static_cast<Shared*>(data);
  std::ifstream stream(self.folder + path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(stream), {}};
  soup_server_message_set_status(message, content.empty() ? 404 : 200, nullptr);
  soup_server_message_set_response(message, "application/octet-stream", SOUP_MEMORY_COPY,
                                   content.data(), content.size());
}

gboolean FolderServer::Shared::on_user(SoupAuthDomain* /*domain*/, SoupServerMessage* /*message*/,
                                       const char* user, const char* password, gpointer data) {
  const auto& self = *static_cast<Shared*>(data);
  return self.user == user && self.password == password;
}

void FolderServer::Shared::protect() {
  SoupAuthDomain* domain = soup_auth_domain_basic_new("realm", "pictures", nullptr);
  soup_auth_domain_add_path(domain, "/");
  soup_auth_domain_basic_set_auth_callback(domain, on_user, this, nullptr);
  soup_server_add_auth_domain(server, domain);
  g_object_unref(domain);
}

FolderServer::FolderServer(const std::string& folder, const std::string& user,
                           const std::string& password, const std::string& port)
    : shared_(std::make_unique<Shared>()) {
  shared_->folder = folder;
  shared_->user = user;
  shared_->password = password;
  if (!user.empty()) shared_->protect();
  soup_server_add_handler(shared_->server, nullptr, Shared::on_request, shared_.get(), nullptr);
  // Its sources belong to the context that is the thread's at that time.
  g_main_context_push_thread_default(shared_->context);
  const bool listens =
      soup_server_listen_local(shared_->server, static_cast<guint>(std::stoi(port)),
                               SOUP_SERVER_LISTEN_IPV4_ONLY, nullptr) != FALSE;
  g_main_context_pop_thread_default(shared_->context);
  if (!listens) throw std::runtime_error("the HTTP server cannot have a port");
  shared_->thread = std::thread([this] {
    g_main_context_push_thread_default(shared_->context);
    g_main_loop_run(shared_->loop);
    soup_server_disconnect(shared_->server);
    g_main_context_pop_thread_default(shared_->context);
  });
}

FolderServer::~FolderServer() {
  // From within: a loop that has not begun yet would not notice.
  g_main_context_invoke_full(
      shared_->context, G_PRIORITY_LOW,
      [](gpointer loop) -> gboolean {
        g_main_loop_quit(static_cast<GMainLoop*>(loop));
        return G_SOURCE_REMOVE;
      },
      shared_->loop, nullptr);
  shared_->thread.join();
  g_object_unref(shared_->server);
  g_main_loop_unref(shared_->loop);
  g_main_context_unref(shared_->context);
}

std::string FolderServer::port() const {
  const std::string text = uri();
  const std::size_t colon = text.rfind(':');
  return text.substr(colon + 1, text.size() - colon - 2);
}

std::string FolderServer::uri() const {
  GSList* uris = soup_server_get_uris(shared_->server);
  gchar* text = g_uri_to_string(static_cast<GUri*>(uris->data));
  std::string result = text;
  g_free(text);
  g_slist_free_full(uris, reinterpret_cast<GDestroyNotify>(g_uri_unref));
  return result;
}

RtmpServer::RtmpServer(const std::string& folder, const std::string& port,
                       const std::string& exec_push) {
  std::filesystem::create_directories(folder);
  const std::string config = folder + "/nginx.conf";
  std::ofstream(config) << "load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;\n"
                        << "daemon off;\nmaster_process off;\npid nginx.pid;\n"
                        << "error_log stderr error;\nevents {}\n"
                        << environment()  //
                        << "rtmp { server { listen 127.0.0.1:" << port
                        << "; access_log off; application live { live on; "
                        << (exec_push.empty() ? "" : "exec_push " + exec_push + "; ")
                        << "} application watched { live on; } } }\n";
  GError* error = nullptr;
  process_ = g_subprocess_new(G_SUBPROCESS_FLAGS_STDERR_SILENCE, &error, "/usr/sbin/nginx", "-p",
                              folder.c_str(), "-c", config.c_str(), nullptr);
  if (process_ == nullptr) throw std::runtime_error(error->message);
  // A sender that comes before it listens does not come again.
  GSocketClient* client = g_socket_client_new();
  const std::string address = "127.0.0.1:" + port;
  GSocketConnection* connection = nullptr;
  constexpr int kTries = 2000;  // 20 s.
  for (int i = 0; i < kTries && connection == nullptr; ++i) {
    connection = g_socket_client_connect_to_host(client, address.c_str(), 0, nullptr, nullptr);
    if (connection == nullptr) g_usleep(10000);
  }
  g_object_unref(client);
  if (connection == nullptr) throw std::runtime_error("nginx does not listen on " + address);
  g_object_unref(connection);
}

RtmpServer::~RtmpServer() {
  g_subprocess_force_exit(process_);
  g_subprocess_wait(process_, nullptr, nullptr);
  g_object_unref(process_);
}

}  // namespace dfd::monitor::test
