#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# demo.sh [PICTURE]: make demo. Debian, from a qcow2 disk that `make guests` made, in a guest that
# `hvm create` makes; this terminal becomes its serial console until Ctrl-]. The guest goes on then,
# and the next `make demo` comes back to it.
# With PICTURE nobody is needed: once the login prompt is on the screen, PICTURE shows it, the login
# is typed over VNC, the shell has to answer, `hvm shutdown -w` ends it. Nothing is left behind.
# Tests set DEMO_DISK=FILE, another raw image, and DEMO_FILES=FOLDER, where a person's demo has it.
set -eu
BUILD=${BUILD:-build}
hvm=$BUILD/bin/hvm
picture=${1:-}
image=${DEMO_DISK:-$BUILD/guest/disk-amd64.img}
files=${DEMO_FILES:-$BUILD/demo}
began=$(date +%s)
run=      # a folder of running guests that we made up
said=$hvm # how a person calls it

die() {
	echo "demo: $*" >&2
	exit 1
}

for what in amd64 disk; do
	[ ! -f "$BUILD/guest/missing-$what" ] ||
		die "$(cat "$BUILD/guest/missing-$what"): ./configure --install-deps"
done
[ -x "$BUILD/bin/hvm-vnc" ] || die "no libvncserver-dev: ./configure --install-deps"
[ -n "$picture" ] || [ -t 0 ] ||
	die "the standard input is no terminal; make demo SCREENSHOT=x.png needs none"
[ -z "$picture" ] || [ -w "$(dirname "$picture")" ] || die "cannot write $picture"
[ -z "$picture" ] || command -v socat >/dev/null || die "no socat: ./configure --install-deps"

# ---- the guest

# make_files FOLDER: its disk and its configuration.
make_files() {
	mkdir -p "$1"
	"$BUILD/bin/hvm-img" convert -q -O qcow2 "$image" "$1/disk.qcow2"
	cat >"$1/demo.cfg" <<-END
		# Written by make demo. hvm create FILE makes a guest of such a file.
		name = "demo"
		type = "hvm"
		memory = 512
		vcpus = 2
		disk = [ "$(realpath "$1")/disk.qcow2,qcow2,hda,w" ]
		boot = "c"
		vga = "stdvga"
		vnc = 1
		serial = "pty"
		usb = 1
		usbdevice = "tablet"
		vif = [ "model=e1000" ]
	END
}

is_there() { "$hvm" domid demo >/dev/null 2>&1; }
vnc() { VNCVIEWER=echo "$hvm" vncviewer demo; }

# The store of a folder of guests ends some seconds after the last of them, and takes its socket
# along.
remove_run() {
	for _ in $(seq 200); do
		[ -S "$run/store/socket" ] || break
		sleep 0.1
	done
	rm -rf "$run"
}

# ---- by itself

step() { echo "demo: $(($(date +%s) - began)) s: $*"; }

tidy() {
	! is_there || "$hvm" destroy demo || :
	remove_run
}

by_itself() {
	run=$(mktemp -d)
	export HVM_RUN_DIR="$run" HVM_LOG_DIR="$run/log"
	trap tidy EXIT
	trap 'exit 1' HUP INT TERM
	make_files "$run/files"
	"$hvm" create "$run/files/demo.cfg"
	where=$(vnc)
	step "its screen is at $where"
	qmp="$HVM_RUN_DIR/$("$hvm" domid demo)/qmp"
	on_screen() { sh tests/guest/lib/qmp.sh "$qmp" screen "$1" || die "$(cat "$run/log/"*)"; }
	type_line() { "$BUILD/bin/viewer" "$where" type "$1"; }

	QMP_SECONDS=400 on_screen 'disk login:'
	"$hvm" screenshot demo "$picture"
	step "the login prompt is on the screen and in $picture"
	type_line root
	on_screen 'Password:'
	sleep 2 # login forgets what was typed until it has switched the echo off
	type_line disk
	on_screen '~ #'
	type_line 'echo the shell answers $((6 * 7))'
	on_screen 'the shell answers 42'
	step "logged in over VNC; the shell answers"
	"$hvm" shutdown -w demo
	! is_there || die "the guest is still there"
	step "shut down"
}

# ---- with a person

# hvm needs a folder for what runs, and has one for root and in a user's session.
choose_run() {
	[ -z "${HVM_RUN_DIR:-}${XDG_RUNTIME_DIR:-}" ] || return 0
	[ "$(id -u)" != 0 ] || return 0
	run=${TMPDIR:-/tmp}/hvm-$(id -u)
	export HVM_RUN_DIR="$run"
	said="HVM_RUN_DIR=$run $hvm"
}

with_person() {
	choose_run
	if ! is_there; then
		make_files "$files"
		"$hvm" create "$files/demo.cfg"
	fi
	where=$(vnc)
	cat <<-END

		The screen    VNC at ${where%:*}:$((5900 + ${where##*:})): vncviewer $where
		To log in     root, password disk
		This terminal is the serial console; Ctrl-] leaves it. Enter shows the prompt.
		Another terminal may say: $said help

	END
	"$hvm" console demo || :
	for _ in 1 2 3 4 5; do # one that ends is there a little longer than its console
		! is_there || sleep 0.2
	done
	if is_there; then
		cat <<-END

			The guest goes on.
			Back here     make demo (or $said console demo)
			Its end       $said shutdown -w demo

		END
	else
		rm -rf "$files"
		[ -z "$run" ] || remove_run
	fi
}

if [ -n "$picture" ]; then
	by_itself
else
	with_person
fi
