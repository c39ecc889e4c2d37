#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs what deepfake-monitor needs, builds it, and watches the streams of a configuration until
# Ctrl-C. Events go where the configuration says, the log to stderr.
#
#   pipelines/monitor.sh [CONFIG]
#
# Without a configuration it watches what pipelines/rtsp-source.sh serves.
#
# Not run by the tests: it installs packages and builds.
set -euo pipefail
[ $# -le 1 ] || { echo "usage: monitor.sh [CONFIG]" >&2; exit 2; }
config=${1:-$(dirname "$0")/monitor/example.toml}
[ -r "$config" ] || { echo "monitor.sh: $config: no such file, or not readable" >&2; exit 2; }
config=$(realpath "$config")
cd "$(dirname "$0")/.."
export BUILD=${BUILD:-build}
PACKAGES="pipelines/packages.txt pipelines/monitor/packages.txt" TARGETS=programs pipelines/setup.sh
. pipelines/common.sh
export GST_REGISTRY=$BUILD/monitor-registry.bin
exec "$BUILD/pipelines/monitor/deepfake-monitor" run "$config"
