#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# overlay.sh OUT FILE…: the initramfs with our devices' drivers, and FILEs in its /bin.
set -eu
out=$1
shift
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir "$tree/bin"
cp "$@" "$tree/bin/"
(cd "$tree" && find . | "${BUSYBOX:-/bin/busybox}" cpio -o -H newc 2>/dev/null) >"$out"
cat "${BUILD:-build}/guest/drivers-amd64.cpio.gz" >>"$out"
