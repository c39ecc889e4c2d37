#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds and tests the project on Debian 13, in a chroot that is made on first use.
#
#   tests/debian13.sh [ARGUMENTS OF tests/run.sh...]
#
# Root and the package debootstrap are needed. The chroot (4 GB) and the build folder are reused:
#   CHROOT     (/var/tmp/deepfakedetect-debian13)
#   BUILD_DIR  (/var/tmp/deepfakedetect-debian13-build)
# The sources are mounted read-only; all mounts end with the command. Precompiled headers are off, so
# that an include that is missing in a file is noticed.
set -euo pipefail
CHROOT=${CHROOT:-/var/tmp/deepfakedetect-debian13}
BUILD_DIR=${BUILD_DIR:-/var/tmp/deepfakedetect-debian13-build}
source_dir=$(cd "$(dirname "$0")/.." && pwd)

fail() { echo "debian13.sh: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "run as root: it makes a chroot"
command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"

# A private mount namespace, so that no mount is left however the command ends.
if [ -z "${DEBIAN13_INSIDE:-}" ]; then
    exec env DEBIAN13_INSIDE=1 unshare --mount --propagation private -- "$0" "$@"
fi

mkdir -p "$BUILD_DIR" "$(dirname "$CHROOT")"
if [ ! -e "$CHROOT/.made" ]; then
    # The mirror that this machine uses; debootstrap's own without one.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        grep -E '/debian/?$' | head -n 1)
    rm -rf --one-file-system "$CHROOT"
    debootstrap --variant=minbase --include=ca-certificates trixie "$CHROOT" \
        ${mirror:+"$mirror"} >&2
    printf '#!/bin/sh\nexit 101\n' >"$CHROOT/usr/sbin/policy-rc.d"  # Starts no services.
    chmod +x "$CHROOT/usr/sbin/policy-rc.d"
    for file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*prox*; do
        [ ! -e "$file" ] || cp "$file" "$CHROOT/etc/apt/apt.conf.d/"
    done
    printf 'APT::Sandbox::User "root";\n' >"$CHROOT/etc/apt/apt.conf.d/90sandbox"
    touch "$CHROOT/.made"
fi
cp -L /etc/resolv.conf /etc/hosts "$CHROOT/etc/"

mkdir -p "$CHROOT/src" "$CHROOT/build"
mount -t proc proc "$CHROOT/proc"
mount --rbind /dev "$CHROOT/dev"
mount -t tmpfs tmpfs "$CHROOT/run"
mount -t tmpfs tmpfs "$CHROOT/tmp"
mount --bind "$source_dir" "$CHROOT/src"
mount -o remount,bind,ro "$CHROOT/src"
mount --bind "$BUILD_DIR" "$CHROOT/build"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 BUILD=/build \
    XDG_CACHE_HOME=/build/.cache CCACHE_DIR=/build/.ccache \
    ${http_proxy:+http_proxy="$http_proxy"} \
    chroot "$CHROOT" /bin/sh -c '/src/pipelines/setup.sh -Db_pch=false && exec /src/tests/run.sh "$@"' \
    run.sh "$@"
