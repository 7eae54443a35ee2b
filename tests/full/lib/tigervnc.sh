#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tigervnc.sh DIR VERB …: a person with TigerVNC's viewer, as tests/full/viewers.sh wants one.
set -eu
dir=$1
verb=$2
shift 2
[ ! -s "$dir/number" ] || export DISPLAY=":$(cat "$dir/number")"

window() { xdotool search --onlyvisible --name 'TigerVNC' | tail -n 1; }

# wait_for COMMAND…: till it prints something.
wait_for() {
	for _ in $(seq 60); do
		[ -z "$("$@" 2>/dev/null)" ] || return 0
		sleep 0.5
	done
	echo "tigervnc.sh: in vain: $*"
	exit 1
}

case $verb in
missing)
	command -v xtigervncviewer >/dev/null || echo tigervnc-viewer
	command -v Xvfb >/dev/null || echo xvfb
	command -v xdotool >/dev/null || echo xdotool
	command -v import >/dev/null || echo imagemagick
	;;
open) # HOST PORT
	Xvfb -displayfd 3 -screen 0 800x480x24 -nolisten tcp 3>"$dir/number" >"$dir/xvfb" 2>&1 &
	echo $! >"$dir/pids"
	wait_for cat "$dir/number"
	export DISPLAY=":$(cat "$dir/number")"
	xtigervncviewer -SecurityTypes None -Shared "$1::$2" >"$dir/log" 2>&1 &
	echo $! >>"$dir/pids"
	wait_for window
	;;
type) # FILE: its line, then Enter
	xdotool windowfocus "$(window)"
	xdotool type --delay 40 "$(cat "$1")"
	xdotool key Return
	;;
click) # X Y of the guest
	xdotool mousemove --window "$(window)" "$1" "$2"
	sleep 0.5
	xdotool click 1
	;;
picture) # FILE: all; FILE.guest: the guest's screen
	w=$(window)
	[ -n "$w" ] || { echo "the viewer has gone"; cat "$dir/log"; exit 1; }
	import -window root "png:$1"
	import -window "$w" "png:$1.guest"
	;;
close)
	while read -r pid; do kill "$pid" || :; done <"$dir/pids"
	rm -f "$dir/pids"
	;;
esac
