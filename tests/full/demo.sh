#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# `make demo SCREENSHOT=x.png`: it comes to its end by itself, the picture has the login prompt of
# docs/login.png, cell by cell, and nothing is left behind.
set -eu
BUILD=${BUILD:-build}
for arch in amd64 disk; do
	[ ! -f "$BUILD/guest/missing-$arch" ] || { cat "$BUILD/guest/missing-$arch" && exit 77; }
done
[ -f "$BUILD/guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
command -v socat >/dev/null || { echo "no socat" && exit 77; }
[ -x "$BUILD/bin/hvm-vnc" ] || { echo "no libvncserver-dev" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$dir/tmp"

TMPDIR=$dir/tmp sh tests/demo.sh "$dir/login.png" </dev/null

# Above are the kernel's words, with their times; behind the prompt the cursor blinks.
"$BUILD/bin/pngdiff" -m 0,0,720,352 -m 108,384,9,16 docs/login.png "$dir/login.png"
left=$(ls -A "$dir/tmp")
[ -z "$left" ] || { echo "left behind: $left" && exit 1; }
left=$(grep -lsz "^HVM_RUN_DIR=$dir" /proc/[0-9]*/environ || :)
[ -z "$left" ] || { echo "left running: $left" && exit 1; }
