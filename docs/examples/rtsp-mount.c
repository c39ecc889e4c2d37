/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A mount of gst-rtsp-server that watches a video and sends it on with the verdicts inside: SEI messages in
 * its H.264, which deepfakeseiextract and others read (docs/in-stream.md).
 *
 *   cc rtsp-mount.c -o rtsp-mount $(pkg-config --cflags --libs gstreamer-rtsp-server-1.0)
 *   ./rtsp-mount clip.mp4 18555 &
 *   gst-launch-1.0 -q rtspsrc location=rtsp://127.0.0.1:18555/watched ! rtph264depay ! h264parse \
 *       ! deepfakeseiextract ! deepfakejsonenc ! fdsink
 *
 * A source of another kind takes the place of filesrc and decodebin. Without the third argument, a model
 * file, the model that comes with the plugin is used.
 */

#include <gst/rtsp-server/rtsp-server.h>

#define LINE \
  "( filesrc location=\"%s\" ! decodebin ! clocksync ! videoconvert ! deepfakedetect %s%s%s " \
  "! video/x-raw,format=I420 ! x264enc tune=zerolatency speed-preset=veryfast key-int-max=25 " \
  "! deepfakeseiinsert ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )"

int
main (int argc, char *argv[])
{
  GstRTSPServer *server;
  GstRTSPMountPoints *mounts;
  GstRTSPMediaFactory *factory;
  GMainLoop *loop;
  const char *model;
  char *line;

  gst_init (&argc, &argv);
  if (argc < 3) {
    g_printerr ("usage: rtsp-mount VIDEO PORT [MODEL]\n");
    return 2;
  }
  model = argc > 3 ? argv[3] : NULL;

  server = gst_rtsp_server_new ();
  gst_rtsp_server_set_address (server, "127.0.0.1");
  gst_rtsp_server_set_service (server, argv[2]);

  /* One pipeline for all who watch, and one analysis. */
  factory = gst_rtsp_media_factory_new ();
  line = g_strdup_printf (LINE, argv[1], model ? "model-file=\"" : "",
      model ? model : "", model ? "\"" : "");
  gst_rtsp_media_factory_set_launch (factory, line);
  gst_rtsp_media_factory_set_shared (factory, TRUE);
  g_free (line);

  mounts = gst_rtsp_server_get_mount_points (server);
  gst_rtsp_mount_points_add_factory (mounts, "/watched", factory);
  g_object_unref (mounts);

  if (gst_rtsp_server_attach (server, NULL) == 0) {
    g_printerr ("rtsp-mount: port %s cannot be had\n", argv[2]);
    return 1;
  }
  g_print ("rtsp://127.0.0.1:%s/watched\n", argv[2]);
  loop = g_main_loop_new (NULL, FALSE);
  g_main_loop_run (loop);
  return 0;
}
