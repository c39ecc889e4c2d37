// SPDX-License-Identifier: LGPL-2.1-or-later

#include "monitor/rtsp_server.h"

#include <gst/rtsp-server/rtsp-server.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace dfd::monitor::test {

struct RtspServer::Shared {
  static void on_media(GstRTSPMediaFactory* factory, GstRTSPMedia* media, gpointer data);
  static GstRTSPFilterResult drop_client(GstRTSPServer* server, GstRTSPClient* client,
                                         gpointer data);
  void protect(GstRTSPMediaFactory* factory, const std::string& user, const std::string& password);

  GMainContext* context = g_main_context_new();
  GMainLoop* loop = g_main_loop_new(context, FALSE);
  GstRTSPServer* server = gst_rtsp_server_new();
  std::mutex mutex;
  GstElement* media = nullptr;
  std::thread thread;
};

void RtspServer::Shared::on_media(GstRTSPMediaFactory* /*factory*/, GstRTSPMedia* media,
                                  gpointer data) {
  auto* self = static_cast<Shared*>(data);
  const std::lock_guard<std::mutex> lock(self->mutex);
  if (self->media != nullptr) gst_object_unref(self->media);
  self->media = gst_rtsp_media_get_element(media);
}

GstRTSPFilterResult RtspServer::Shared::drop_client(GstRTSPServer* /*server*/,
                                                    GstRTSPClient* /*client*/, gpointer /*data*/) {
  return GST_RTSP_FILTER_REMOVE;
}

void RtspServer::Shared::protect(GstRTSPMediaFactory* factory, const std::string& user,
                                 const std::string& password) {
  GstRTSPAuth* auth = gst_rtsp_auth_new();
  GstRTSPToken* token =
      gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "viewer", nullptr);
  gchar* basic = gst_rtsp_auth_make_basic(user.c_str(), password.c_str());
  gst_rtsp_auth_add_basic(auth, basic, token);
  g_free(basic);
  gst_rtsp_token_unref(token);
  gst_rtsp_server_set_auth(server, auth);
  g_object_unref(auth);
  gst_rtsp_media_factory_add_role(factory, "viewer", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS,
                                  G_TYPE_BOOLEAN, TRUE, GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT,
                                  G_TYPE_BOOLEAN, TRUE, nullptr);
}

RtspServer::RtspServer(const std::string& launch, const std::string& user,
                       const std::string& password, const std::string& port)
    : shared_(std::make_unique<Shared>()) {
  gst_rtsp_server_set_address(shared_->server, "127.0.0.1");
  gst_rtsp_server_set_service(shared_->server, port.c_str());
  GstRTSPMediaFactory* factory = gst_rtsp_media_factory_new();
  gst_rtsp_media_factory_set_launch(factory, launch.c_str());
  gst_rtsp_media_factory_set_shared(factory, TRUE);
  if (launch.find("name=depay0") != std::string::npos) {
    gst_rtsp_media_factory_set_transport_mode(factory, GST_RTSP_TRANSPORT_MODE_RECORD);
  }
  g_signal_connect(factory, "media-configure", G_CALLBACK(Shared::on_media), shared_.get());
  if (!user.empty()) shared_->protect(factory, user, password);
  GstRTSPMountPoints* mounts = gst_rtsp_server_get_mount_points(shared_->server);
  gst_rtsp_mount_points_add_factory(mounts, "/live", factory);
  g_object_unref(mounts);
  if (gst_rtsp_server_attach(shared_->server, shared_->context) == 0) {
    throw std::runtime_error("the RTSP server cannot have a port");
  }
  shared_->thread = std::thread([this] {
    g_main_context_push_thread_default(shared_->context);
    g_main_loop_run(shared_->loop);
    g_main_context_pop_thread_default(shared_->context);
  });
}

RtspServer::~RtspServer() {
  gst_rtsp_server_client_filter(shared_->server, Shared::drop_client, nullptr);
  // From within: a loop that has not begun yet would not notice.
  g_main_context_invoke_full(
      shared_->context, G_PRIORITY_LOW,
      [](gpointer loop) -> gboolean {
        g_main_loop_quit(static_cast<GMainLoop*>(loop));
        return G_SOURCE_REMOVE;
      },
      shared_->loop, nullptr);
  shared_->thread.join();
  if (shared_->media != nullptr) gst_object_unref(shared_->media);
  g_object_unref(shared_->server);
  g_main_loop_unref(shared_->loop);
  g_main_context_unref(shared_->context);
}

std::string RtspServer::port() const {
  return std::to_string(gst_rtsp_server_get_bound_port(shared_->server));
}

std::string RtspServer::uri() const { return "rtsp://127.0.0.1:" + port() + "/live"; }

void RtspServer::freeze() {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  if (shared_->media == nullptr) return;
  GstElement* valve = gst_bin_get_by_name(GST_BIN(shared_->media), "valve");
  if (valve == nullptr) return;
  g_object_set(valve, "drop", TRUE, nullptr);
  gst_object_unref(valve);
}

std::string RtspServer::test_picture(const std::string& more) {
  return "( videotestsrc is-live=true pattern=smpte horizontal-speed=3 ! "
         "video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! " +
         more +
         " valve name=valve ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! "
         "rtph264pay name=pay0 pt=96 config-interval=-1 )";
}

std::string RtspServer::looped(const std::string& clip) {
  return "( multifilesrc loop=true location=" + clip +
         " ! h264parse ! avdec_h264 ! clocksync ! videoconvert ! video/x-raw,format=I420 ! "
         "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! "
         "rtph264pay name=pay0 pt=96 config-interval=-1 )";
}

}  // namespace dfd::monitor::test
