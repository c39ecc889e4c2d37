#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs the Debian packages that are missing of the lists in $PACKAGES (default:
# pipelines/packages.txt) and builds the project into $BUILD (default: build), or of it what $TARGETS
# names. Extra arguments go to meson setup. Repeated runs do only
# what is left to do.
set -euo pipefail
cd "$(dirname "$0")/.."
# One at a time: neither apt-get nor ninja bears another one beside it.
exec 9<pipelines/setup.sh
flock 9
BUILD=${BUILD:-build}

say() { printf '== %s\n' "$*" >&2; }

missing_packages() {
    grep -hv '^#' ${PACKAGES:-pipelines/packages.txt} | while read -r package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            printf '%s\n' "$package"
    done
}

missing=$(missing_packages)
if [ -n "$missing" ]; then
    say "installing $(wc -w <<<"$missing") Debian packages:" $missing
    sudo=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null ||
            { echo "setup.sh: run as root or install sudo; missing:" $missing >&2; exit 1; }
        sudo=sudo
    fi
    $sudo apt-get update -q >&2
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
        $missing >&2
fi

if [ ! -e "$BUILD/build.ninja" ]; then
    say "configuring $BUILD"
    # Names and lines for stack traces, without variables: GCC then needs half the time.
    CXXFLAGS="-g1 ${CXXFLAGS:-}" meson setup "$BUILD" "$@" >&2
elif [ $# -gt 0 ] || [ -n "$missing" ]; then
    # With other options, or with parts that were left out for want of packages.
    meson setup --reconfigure "$BUILD" "$@" >&2
fi
# A plugin of an older build, which would be found beside the new ones.
rm -rf "$BUILD/gst/plugin"
say "building"
# ccache keeps nothing that uses a precompiled header, unless it is told that their dates may differ.
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}
ninja -C "$BUILD" ${TARGETS:-} >&2
