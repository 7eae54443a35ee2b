#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# hvm-dm and hvm-core as processes in their jails, under keeper: what they hold, what the broker
# does for them, what is an error, and that nobody outlives who started it.
set -eu
BUILD=${BUILD:-build}
bin=$BUILD/bin
command -v socat >/dev/null || { echo "no socat"; exit 77; }
dir=$(mktemp -d)
keeper=
trap '[ -z "$keeper" ] || kill -9 $keeper 2>/dev/null || :; rm -rf "$dir"' EXIT

. tests/dm/lib/wait.sh

# ask JSON: hvm-dm's answer.
ask() {
	printf '{"execute":"qmp_capabilities"}\n%s\n' "$1" |
		socat -t 5 - "UNIX-CONNECT:$dir/qmp" | sed 1,2d | grep -E '"(return|error)"'
}

# answers TEXT JSON: TEXT is in it.
answers() {
	ask "$2" >"$dir/answer" || fail "$2: no answer"
	grep -q -F -e "$1" "$dir/answer" || fail "$2: $(cat "$dir/answer")"
}

change() {
	echo '{"execute":"blockdev-change-medium","arguments":{"device":"cd","filename":"'"$1"'"}}'
}

# child NAME: the process of that name that keeper started; none: status 1.
child() {
	for pid in $(cat /proc/$keeper/task/$keeper/children); do
		[ "$(cat /proc/$pid/comm 2>/dev/null)" != "$1" ] || { echo $pid && return; }
	done
	return 1
}

# jailed NAME: each of its threads is.
jailed() {
	pid=$(child "$1") || fail "keeper has no $1"
	for task in /proc/$pid/task/*; do
		grep -q '^NoNewPrivs:	1$' $task/status || fail "$1: it may gain privileges"
		grep -q '^CapEff:	0*$' $task/status || fail "$1: it has capabilities"
		! grep -q '^Seccomp:	0$' $task/status || [ -z "$seccomp" ] ||
			fail "$1: $(cat $task/comm) calls what it likes"
		! grep -q "^Uid:	0	" $task/status || fail "$1 is root"
	done
}

replaced() {
	new=$(child hvm-vnc) && [ "$new" != "$vnc" ]
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

seccomp=
! grep -q CONFIG_SECCOMP config.h || seccomp=y

# ---- under a supervisor
truncate -s 2M "$dir/a.iso" "$dir/b.iso"
KEEPER_LOG=$dir/log "$bin/keeper" -m 32 -smp 2 -accel soft -nodefaults -vga std -S -display none \
	-vnc "unix:$dir/vnc" -qmp "unix:$dir/qmp,server=on,wait=off" -monitor pty \
	-drive "if=ide,media=cdrom,id=cd,file=$dir/a.iso,format=raw" \
	</dev/null >"$dir/out" 2>"$dir/err" &
keeper=$!
wait_for [ -S "$dir/qmp" ]
wait_for grep -q '^Seccomp:	[12]' "/proc/$(child hvm-dm)/status"
jailed hvm-dm
jailed hvm-core
[ "$(ls "/proc/$(child hvm-core)/task" | wc -l)" -ge 3 ] || fail "the core has no vCPU's thread"

# What was open works on: the disk, the pseudo-terminal, who connects.
answers '"return": [' '{"execute":"query-block"}'
pty=$(ask '{"execute":"query-chardev"}' | sed -n 's/.*"pty:\([^"]*\)".*/\1/p')
printf 'info name\rinfo status\r' | socat -t 1 - "$pty,raw,echo=0" | grep -q 'VM status' ||
	fail "the monitor at $pty does not answer"

# What is opened later, the broker opens; a helper that ends is started again by it.
answers '"return": {}' "$(change "$dir/b.iso")"
grep -q -x "open $dir/b.iso 0" "$dir/log" || fail "the broker was not asked"
answers "No such file" "$(change "$dir/none")"
answers '"return": {}' '{"execute":"screendump","arguments":{"filename":"'"$dir/screen"'"}}'
[ -s "$dir/screen" ] || fail "no picture"
if vnc=$(child hvm-vnc); then
	kill -9 "$vnc"
	wait_for replaced
fi

# What cannot be made in a jail is refused with a sentence.
for backend in '{"type":"pty","data":{}}' \
	'{"type":"socket","data":{"addr":{"type":"unix","data":{"path":"'"$dir/new"'"}}}}'; do
	[ -z "$seccomp" ] || answers 'Operation not permitted' \
		'{"execute":"chardev-add","arguments":{"id":"x","backend":'"$backend"'}}'
done
[ ! -e "$dir/new" ] || fail "a jailed hvm-dm made a socket"

# Nobody outlives it.
dm=$(child hvm-dm) core=$(child hvm-core)
kill -9 $keeper
for pid in $dm $core ${new:-}; do
	wait_for gone "$pid"
done
wait $keeper 2>/dev/null || :
keeper=

# ---- without one
refused() {
	want=$1
	shift
	rc=0
	"$@" >"$dir/out" 2>"$dir/err" </dev/null || rc=$?
	[ $rc = 1 ] && grep -q -F -e "$want" "$dir/err" || fail "$*: status $rc"
}

refused "the parent has ended" "$bin/hvm-dm" -machine none -parent 1
refused "the parent has ended" "$bin/hvm-core" -listen "$dir/x" -parent 1
refused "'shut': want off, try or require" "$bin/hvm-dm" -jail shut
refused "'shut': want off, try or require" "$bin/hvm-core" -jail shut
refused "is no packet socket" "$bin/hvm-dm" -machine none -broker fd=77
refused "-broker: '' is not a number" "$bin/hvm-dm" -machine none -broker 3
rm -f "$dir/qmp"
"$bin/hvm-dm" -accel qtest -nodefaults -display none -jail try \
	-qmp "unix:$dir/qmp,server=on,wait=off" -drive if=ide,media=cdrom,id=cd \
	</dev/null 2>"$dir/err" &
keeper=$!
wait_for [ -S "$dir/qmp" ]
answers "a jailed hvm-dm opens no files and has no broker" "$(change "$dir/b.iso")"
answers '"return": {}' '{"execute":"quit"}'
wait $keeper || fail "it ends with $?"
keeper=
