#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# hvm-core as a process, alone and with hvm-dm on its socket: device models come, die, and the next
# is served; it ends with status 0 and leaves no socket.
set -eu
BUILD=${BUILD:-build}
core=$BUILD/bin/hvm-core dm=$BUILD/bin/hvm-dm
[ -x "$core" ] && [ -x "$dm" ] || { echo "hvm-core and hvm-dm are not built"; exit 77; }
dir=$(mktemp -d)
pids=
trap 'for p in $pids; do kill -9 $p 2>/dev/null || :; done; rm -rf "$dir"' EXIT

fail() {
	echo "$*"
	for f in core dm; do [ ! -s "$dir/$f" ] || sed "s/^/  $f: /" "$dir/$f"; done
	exit 1
}

# wait_for TEST…: until it holds, 10 s at most.
wait_for() {
	i=0
	until "$@"; do
		i=$((i + 1))
		[ $i -lt 200 ] || fail "never came true: $*"
		sleep 0.05
	done
}

# refused SENTENCE OPTIONS…
refused() {
	want=$1
	shift
	rc=0
	"$core" "$@" >"$dir/core" 2>&1 </dev/null || rc=$?
	[ $rc = 1 ] || fail "$*: status $rc, not 1"
	[ "$(cat "$dir/core")" = "hvm-core: error: $want" ] || fail "$*: not what it should say"
}

start_core() {
	"$core" -m 64 -smp 2 -accel soft,tier=translate -listen "$dir/sock" \
		>"$dir/core" 2>&1 </dev/null &
	core_pid=$!
	pids="$pids $core_pid"
	wait_for [ -S "$dir/sock" ]
}

start_dm() {
	rm -f "$dir/pid"
	"$dm" -core "$dir/sock" -m 64 -smp 2 -S -display none -device rtl8139 -pidfile "$dir/pid" \
		>"$dir/dm" 2>&1 </dev/null &
	dm_pid=$!
	pids="$pids $dm_pid"
	wait_for [ -s "$dir/pid" ]
}

# ends PID STATUS
ends() {
	rc=0
	wait "$1" || rc=$?
	[ $rc = "$2" ] || fail "ended with $rc, not $2"
}

refused '-accel: tier=fast: want interp or translate' -listen x -accel soft,tier=fast
refused '-accel hard,tier=interp: there is soft, and none' -listen x -accel hard,tier=interp
refused '-listen is missing (try -help)'
refused 'unknown option -nonsense (try -help)' -nonsense 1
refused '-m 12x: not a size of memory' -m 12x -listen "$dir/sock"
refused '-m 99999999999G: not a size of memory' -m 99999999999G -listen "$dir/sock"
refused '-smp 129: not a number up to 128' -smp 129 -listen "$dir/sock"
refused "cannot listen on $dir/no/sock: No such file or directory" -listen "$dir/no/sock"
[ ! -e "$dir/sock" ] || fail "a refused start left a socket"
"$core" -help | grep -q '^  -listen PATH' || fail "-help does not name -listen"

for sig in TERM HUP INT; do
	start_core
	kill -$sig $core_pid
	ends $core_pid 0
	[ ! -e "$dir/sock" ] || fail "the socket stays after SIG$sig"
done

start_core
start_dm
kill -TERM $dm_pid
ends $dm_pid 0
wait_for grep -q 'the device model left' "$dir/core"
start_dm
kill -KILL $dm_pid
ends $dm_pid 137
wait_for grep -q 'the domain waits for another: it hung up' "$dir/core"
start_dm
kill -KILL $core_pid
ends $core_pid 137
ends $dm_pid 1
grep -q 'the core is gone' "$dir/dm" || fail "the device model does not say why it ended"
