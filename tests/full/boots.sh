#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's 64- and 32-bit kernels to selfcheck's end, BOOTS times each [20] on 1, 2 and 4 vCPUs:
# every time, or this fails, once all have run, with what each boot that failed last wrote.
# CPUS="4 8" and ARCHS=amd64 pick some; arguments go to tests/guest/lib/boot.sh (kernel=unpacked).
# Seconds: 7200
set -eu
boots=${BOOTS:-20}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
failed=0

# boot ARCH CPUS SETTING…: one; how long it took goes to the list, or its words are shown.
boot() {
	arch=$1 cpus=$2
	shift 2
	end=acpi
	[ "$arch" = amd64 ] || end="exit"
	start=$(date +%s.%N) rc=0
	GUEST_LOG=$dir/serial sh tests/guest/lib/boot.sh "$arch" cpus="$cpus" \
		append=cryptomgr.notests end=$end "$@" >"$dir/out" 2>&1 || rc=$?
	[ $rc != 77 ] || { cat "$dir/out" && exit 77; }
	if [ $rc = 0 ]; then
		echo "$start $(date +%s.%N)" >>"$dir/times"
		return
	fi
	echo "---- $arch, $cpus vCPUs, boot $i: status $rc"
	grep '^talk: ' "$dir/out" || tail -n 3 "$dir/out"
	tail -n 60 "$dir/serial" 2>/dev/null || :
	echo ----
	failed=$((failed + 1))
}

echo "engine ${HVM_ACCEL:-soft}, $boots boots of each"
for arch in ${ARCHS:-amd64 i386}; do
	for cpus in ${CPUS:-1 2 4}; do
		: >"$dir/times"
		i=1
		while [ $i -le "$boots" ]; do
			boot "$arch" "$cpus" "$@"
			i=$((i + 1))
		done
		awk -v what="$arch, $cpus vCPUs" -v of="$boots" -f tests/full/lib/times.awk \
			"$dir/times"
	done
done
echo "$failed failed"
[ $failed = 0 ]
