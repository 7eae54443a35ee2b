#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# qmp.sh SOCKET …: what tests do to a guest through hvm-dm's QMP socket.
#   keys TEXT      types it (letters, digits, blanks and some punctuation) and Enter
#   screen TEXT    waits up to 60 s until the text screen has TEXT
#   COMMAND        a command without arguments
set -eu
socket=$1
shift

# talk_to JSON…: says it and prints the answers.
talk_to() {
	printf '%s\n' '{"execute":"qmp_capabilities"}' "$@" |
		socat -t "$linger" - "UNIX-CONNECT:$socket"
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

linger=2
case $1 in
keys) talk_to "$(keys "$2")" >/dev/null ;;
screen)
	linger=0.5
	show='{"execute":"human-monitor-command","arguments":{"command-line":"info screen"}}'
	i=0
	until talk_to "$show" | grep -q -F -e "$2"; do
		i=$((i + 1))
		if [ $i = 60 ]; then
			echo "qmp.sh: the screen never had: $2"
			talk_to "$show" | sed 's/\\r\\n/\n/g'
			exit 1
		fi
		sleep 0.5
	done
	;;
*) talk_to "{\"execute\":\"$1\"}" >/dev/null ;;
esac
