#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Translated code that makes room all the time: built with a fifth of the memory for it. The tests
# of both tiers; Debian to selfcheck's end, BOOTS times [5] on each number of vCPUs of CPUS [1 4];
# and smp.sh's compilations and sums there, to the byte. Its stressors are not for so slow a guest.
# Seconds: 3600
set -eu
build=${BUILD:-build}
small=$build/evict
make -s BUILD="$small" USER_CFLAGS=-DTR_REGION_KIB=384 programs tools "$small/asan/tests/check"
command -v socat >/dev/null || { echo "no socat" && exit 77; }
dir=$(mktemp -d)
watcher=
trap '[ -z "$watcher" ] || kill $watcher 2>/dev/null || :; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

# How often room was made so far, as long as there is somebody to ask.
watch() {
	while sleep 1; do
		echo info jit | socat -t 2 - "UNIX-CONNECT:$dir/monitor" 2>/dev/null |
			tr -d '\r' | awk '$1 == "evictions" { print $2 }' >>"$dir/evictions"
	done
}

export HVM_DM="$small/bin/hvm-dm -monitor unix:$dir/monitor,server=on,wait=off"
"$small/asan/tests/check" -k 'x86/*'
ARCHS=amd64 BOOTS=${BOOTS:-5} CPUS=${CPUS:=1 4} sh tests/full/boots.sh kernel=unpacked
for cpus in $CPUS; do
	: >"$dir/evictions"
	watch &
	watcher=$!
	rc=0
	CPUS=$cpus PROJECTS=1 STRESS=0 sh tests/full/smp.sh || rc=$?
	kill $watcher
	watcher=
	[ $rc = 0 ] || exit $rc
	echo "$cpus vCPUs: room was made $(tail -n 1 "$dir/evictions") times"
	[ "$(tail -n 1 "$dir/evictions")" -gt 1000 ] || { echo "too seldom" && exit 1; }
done
