#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs a build into a folder and uses it from there, as a program of somebody else would.
#
#   tests/checks/install.sh BUILD FOLDER MODEL
#
# MODEL: of full frames.
set -euo pipefail
build=$1 folder=$2 model=$3
source_dir=$(cd "$(dirname "$0")/../.." && pwd)

rm -rf "$folder"
mkdir -p "$folder"
meson install -C "$build" --no-rebuild --destdir "$folder" >"$folder/install.log"
pc=$(find "$folder" -name deepfake-detector.pc)
libdir=$(dirname "$(dirname "$pc")")
plugins=$libdir/gstreamer-1.0
[ -e "$plugins/libgstdeepfakedetect.so" ] && [ -e "$plugins/libgstdeepfakeresults.so" ]

# The .pc files name the prefix; the folder stands before it.
export PKG_CONFIG_PATH=$(dirname "$pc")
sed -i "s|^prefix=|prefix=$folder|" "$PKG_CONFIG_PATH"/*.pc
flags() { pkg-config --cflags --libs "$1"; }

# The detector alone. Of a second of noise it says something, at a folder of its own.
c++ -std=c++17 "$source_dir/docs/examples/verdicts.cpp" $(flags deepfake-detector) \
    -o "$folder/verdicts"
ldd "$folder/verdicts" | grep libdeepfake-detector >/dev/null ||
    { echo "the example does not use the shared library" >&2; exit 1; }
export LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
head -c $((64 * 48 * 3 * 25)) /dev/urandom | "$folder/verdicts" "$model" 64 48 25
if "$folder/verdicts" /nowhere 64 48 25 </dev/null 2>"$folder/error.log"; then
    echo "a missing model is no error" >&2
    exit 1
fi
grep -q "not-found: /nowhere" "$folder/error.log"

# Readers of results.
printf '#include <gst/deepfake/gstdeepfakereport.h>\nint main (void)\n{ return gst_deepfake_reason_from_name ("none") == NULL; }\n' \
    >"$folder/reader.c"
cc "$folder/reader.c" $(flags gstreamer-deepfake-1.0) -o "$folder/reader"
"$folder/reader"

# The elements, found where they were installed and nowhere else.
unset LD_LIBRARY_PATH
export GST_PLUGIN_PATH=$plugins GST_REGISTRY=$folder/registry.bin
gst-launch-1.0 -q videotestsrc num-buffers=25 pattern=snow ! video/x-raw,width=64,height=48 ! \
    deepfakedetect model-file="$model" inference-region=full-frame overlay=banner ! \
    deepfakejsonenc ! filesink location="$folder/verdicts.jsonl"
[ "$(wc -l <"$folder/verdicts.jsonl")" = 25 ]
gst-launch-1.0 -q videotestsrc num-buffers=2 ! deepfakeoverlay ! fakesink
# With the model that was installed: the build tree's is not to be found from here.
env -u DEEPFAKEDETECT_MODEL gst-launch-1.0 -q videotestsrc num-buffers=2 ! deepfakedetect ! fakesink
echo "installed and used"
