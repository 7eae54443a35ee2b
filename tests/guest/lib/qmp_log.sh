#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# qmp_log.sh DIR …: one long talk with the QMP socket DIR/qmp; DIR/qmp.log has all that it says.
#   start              begins it
#   ask JSON           has the command carried out: "execute":"stop" and so on, without braces
#   refused TEXT JSON  … which must fail with TEXT
#   wait TEXT N        until N lines of the log have TEXT; more are a failure
set -eu
dir=$1 what=$2
shift 2

die() {
	echo "qmp_log.sh: $*; the last it said:" >&2
	tail -n 5 "$dir/qmp.log" >&2
	exit 1
}

# patience COMMAND…: until it succeeds, for 2 minutes.
patience() {
	i=0
	until "$@"; do
		i=$((i + 1))
		[ $i -lt 2400 ] || die "in vain: $*"
		sleep 0.05
	done
}

# ask JSON: the answer's line in $answer.
ask() {
	id=$(($(wc -l <"$dir/qmp.asked") + 1))
	echo "{\"id\":\"n$id\",$1}" | tee -a "$dir/qmp.asked" >"$dir/qmp.in"
	patience grep -q "\"n$id\"" "$dir/qmp.log"
	answer=$(grep "\"n$id\"" "$dir/qmp.log")
}

has() { [ "$(grep -c -e "$1" "$dir/qmp.log")" -ge "$2" ]; }

case $what in
start)
	mkfifo "$dir/qmp.in"
	: >"$dir/qmp.asked"
	patience test -S "$dir/qmp"
	socat -t 1 - "UNIX-CONNECT:$dir/qmp" <>"$dir/qmp.in" >"$dir/qmp.log" 2>&1 &
	ask '"execute":"qmp_capabilities"'
	;;
ask)
	ask "$1"
	case $answer in *'"error"'*) die "$1: $answer" ;; esac
	;;
refused)
	ask "$2"
	case $answer in *'"error"'*"$1"*) ;; *) die "$2: $answer" ;; esac
	;;
wait)
	patience has "$1" "$2"
	[ "$(grep -c -e "$1" "$dir/qmp.log")" = "$2" ] || die "$1: more than $2 times"
	;;
esac
