// SPDX-License-Identifier: LGPL-2.1-or-later

#include <gst/gst.h>

#include <gtest/gtest.h>

#include "support/test_model.h"

int main(int argc, char** argv) {
  gst_init(nullptr, nullptr);
  // The programs that tests run keep embeddings there, and a run finds none of the run before.
  g_setenv("XDG_CACHE_HOME", dfd::test::scratch_folder("trainer_cache").c_str(), TRUE);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
