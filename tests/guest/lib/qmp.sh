#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# qmp.sh SOCKET …: what tests do to a guest through hvm-dm's QMP socket.
#   keys TEXT      types it (letters, digits, blanks and some punctuation) and Enter
#   press KEY…     presses and lifts the keys of these names together (down; shift a)
#   screen TEXT    waits until the text screen has TEXT
#   picture NAME [OPTION…]   waits until the screen is docs/screens/NAME.png to pngdiff; one that
#                  never is, is left in $BUILD/screens in the form to be kept
# QMP_SECONDS=N    how long to wait [60]
#   monitor LINE   what the human monitor says to that
#   COMMAND        a command without arguments
set -eu
socket=$1
shift

# talk_to JSON…: says it and prints the answers.
talk_to() {
	printf '%s\n' '{"execute":"qmp_capabilities"}' "$@" |
		socat -t "$linger" - "UNIX-CONNECT:$socket" 2>/dev/null
}

# key NAME…: pressed together.
key() {
	printf '{"execute":"send-key","arguments":{"hold-time":20,"keys":['
	comma=
	for name; do
		printf '%s{"type":"qcode","data":"%s"}' "$comma" "$name"
		comma=,
	done
	printf ']}}\n'
}

keys() {
	rest=$1
	while [ -n "$rest" ]; do
		c=${rest%"${rest#?}"}
		rest=${rest#?}
		case $c in
		' ') key spc ;;
		/) key slash ;;
		';') key semicolon ;;
		'>') key shift dot ;;
		[A-Z]) key shift "$(echo "$c" | tr A-Z a-z)" ;;
		[a-z0-9]) key "$c" ;;
		*) echo "qmp.sh: no key for $c" >&2 && exit 2 ;;
		esac
	done
	key ret
}

# monitor LINE: its words.
monitor() {
	talk_to '{"execute":"human-monitor-command","arguments":{"command-line":"'"$1"'"}}' |
		sed 's/\\r\\n/\n/g'
}

has_text() {
	[ -z "${last:-}" ] || echo "qmp.sh: the screen never had: $1"
	monitor 'info screen' | tee "$shown" | grep -q -F -e "$1"
}

is_picture() {
	name=$1
	shift
	dumped=$(realpath "$shown")
	talk_to '{"execute":"screendump","arguments":{"filename":"'"$dumped"'","format":"png"}}' \
		>/dev/null
	"$bin/pngdiff" "$@" "docs/screens/$name.png" "$shown" >"$shown.why" && return
	[ -n "${last:-}" ] || return
	kept=${BUILD:-build}/screens
	mkdir -p "$kept"
	"$bin/pngdiff" -w "$kept/$name.png" "$@" "$shown"
	echo "qmp.sh: the screen, now in $kept/$name.png, never was docs/screens/$name.png:"
	cat "$shown.why"
	monitor 'info screen' >"$shown"
	return 1
}

# await CONDITION ARGUMENT…: tries it until the time is over.
await() {
	linger=0.5
	shown=$(mktemp)
	trap 'rm -f "$shown" "$shown.why"' EXIT
	trap 'exit 1' HUP INT TERM
	end=$(($(date +%s) + ${QMP_SECONDS:-60}))
	until "$@"; do
		sleep "$pause"
		# Each picture takes time of the guest's.
		[ "$1" != is_picture ] || [ "$pause" -ge 10 ] || pause=$((pause + 1))
		[ "$(date +%s)" -gt $end ] || continue
		last=y
		"$@" && return
		cat "$shown"
		exit 1
	done
}

bin=${BUILD:-build}/bin
linger=2 pause=0.5
case $1 in
keys) talk_to "$(keys "$2")" >/dev/null ;;
press)
	shift
	talk_to "$(key "$@")" >/dev/null
	;;
screen) await has_text "$2" ;;
monitor) monitor "$2" ;;
picture)
	shift
	pause=1
	await is_picture "$@"
	;;
*) talk_to "{\"execute\":\"$1\"}" >/dev/null ;;
esac
