#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make demo with a person at a terminal: Ctrl-] leaves the console and the guest goes on; another
# `make demo` comes back to it, and tidies up when the guest has ended meanwhile.
# tests/full/demo.sh lets it boot its disk; here there is nothing on it.
set -eu
BUILD=${BUILD:-build}
hvm=$BUILD/bin/hvm
[ -f /usr/share/seabios/bios-256k.bin ] || { echo "no seabios" && exit 77; }
[ -x "$BUILD/bin/hvm-vnc" ] || { echo "no libvncserver-dev" && exit 77; }
for arch in amd64 disk; do
	[ ! -f "$BUILD/guest/missing-$arch" ] || { cat "$BUILD/guest/missing-$arch" && exit 77; }
done
dir=$(mktemp -d)
export HVM_RUN_DIR="$dir/run" HVM_LOG_DIR="$dir/log"
export DEMO_DISK="$dir/disk.img" DEMO_FILES="$dir/files"
trap '"$hvm" destroy demo >"$dir/out" 2>&1 || :; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
truncate -s 1M "$dir/disk.img"
escape=$(printf '\035')

# terminal STEP…: with make demo on a terminal (script is its other end).
terminal() {
	"$BUILD/bin/talk" -t 60 "$@" -- script -qefc 'sh tests/demo.sh' /dev/null
}

terminal 'demo is guest 1' 'VNC at 127.0.0.1:59' 'Ctrl-] leaves it' "<$escape" 'The guest goes on'
[ "$("$hvm" domid demo)" = 1 ] || { echo "the guest does not go on" && exit 1; }
terminal -n 'demo is guest' 'Ctrl-] leaves it' "<$escape" 'The guest goes on'
terminal 'Ctrl-] leaves it' '!sleep 0.5' "!$hvm destroy demo" 'console has closed'
[ ! -e "$dir/files" ] || { echo "its files are still there" && exit 1; }

# Nobody, and nobody wanted.
rc=0
sh tests/demo.sh </dev/null >"$dir/said" 2>&1 || rc=$?
[ $rc = 1 ] && grep -q 'no terminal; make demo SCREENSHOT=' "$dir/said" || {
	echo "without a terminal: status $rc: $(cat "$dir/said")"
	exit 1
}
