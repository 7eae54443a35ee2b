#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# hvm-dm with two QMP monitors and a human one, as a process: a client on the other end of a
# socket that the program connects to, one on a socket that it serves, each in its own words.
set -u
dm=$BUILD/bin/hvm-dm
command -v socat >/dev/null || { echo "no socat"; exit 77; }
[ -x "$dm" ] || { echo "no hvm-dm"; exit 77; }
dir=$(mktemp -d)
trap 'kill $pid $peer 2>/dev/null; rm -rf "$dir"' EXIT
pid= peer=

die() {
	echo "qmp.sh: $*"
	head -c 2000 "$dir"/*.out
	exit 1
}

# has FILE TEXT: waits up to 5 s for it.
has() {
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
		grep -q -F -e "$2" "$dir/$1" 2>/dev/null && return 0
		sleep 0.2
	done
	die "no $2 in $1"
}

# The test suites' way: they listen, the program is the client.
mkfifo "$dir/in"
socat -u UNIX-LISTEN:"$dir/qtest" OPEN:/dev/null &
socat - UNIX-LISTEN:"$dir/q1" <"$dir/in" >"$dir/q1.out" &
peer=$!
exec 3>"$dir/in"
for i in 1 2 3 4 5 6 7 8 9 10; do [ -S "$dir/q1" ] && [ -S "$dir/qtest" ] && break; sleep 0.1; done
"$dm" -machine pc -accel qtest -qtest unix:"$dir/qtest" -qtest-log /dev/null -display none -m 16 \
	-chardev socket,path="$dir/q1",id=char0 -mon chardev=char0,mode=control \
	-qmp unix:"$dir/q2",server=on,wait=off -monitor unix:"$dir/hmp",server=on,wait=off \
	>"$dir/dm.out" 2>&1 &
pid=$!

has q1.out '"QMP": {"version"'
printf '{"execute":"qmp_capabilities"}{"execute":"query-status","id":1}' >&3
has q1.out '{"id": 1, "return": {"status": "running"'
[ "$(tr -cd '\r' <"$dir/q1.out" | wc -c)" = "$(tr -cd '\n' <"$dir/q1.out" | wc -c)" ] ||
	die "lines without CR LF"

# The served one, twice; its commands are seen by the first as events.
for n in 2 3; do
	printf "{'execute':'qmp_capabilities'}{'execute':'stop'}{'execute':'cont','id':[$n]}" |
		socat -t 2 - UNIX-CONNECT:"$dir/q2" >"$dir/q2.out"
	has q2.out "{\"id\": [$n], \"return\": {}}"
done
has q1.out '"event": "STOP"'
has q1.out '"event": "RESUME"'

printf 'info pci\n' | socat -t 2 - UNIX-CONNECT:"$dir/hmp" >"$dir/hmp.out"
has hmp.out 'Host bridge: PCI device 8086:1237'

printf "{'execute':'quit'}" >&3
wait $pid || die "exit status $?"
pid=
has q1.out '"event": "SHUTDOWN", "data": {"guest": false, "reason": "host-qmp-quit"}'
