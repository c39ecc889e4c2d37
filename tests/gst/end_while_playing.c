/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Plays a pipeline and ends while it plays, as programs do that care for nothing:
 *
 *   end_while_playing LINE MILLISECONDS
 *
 * after the first message of deepfakedetect and the time. */

#include <gst/gst.h>
#include <stdlib.h>

int
main (int argc, char **argv)
{
  GError *error = NULL;
  gst_init (&argc, &argv);
  GstElement *pipeline = gst_parse_launch (argv[1], &error);
  if (error != NULL) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (bus, 120 * GST_SECOND,
      (GstMessageType) (GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT));
  if (message == NULL || GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_printerr ("no message of the element\n");
    return 2;
  }
  gst_message_unref (message);
  gst_object_unref (bus);
  g_usleep (1000 * (gulong) atoi (argv[2]));
  return 0;
}
