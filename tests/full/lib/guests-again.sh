#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# guests-again.sh N [SCRIPT…]: each guest N times, one after the other, and a table of how often it
# passed and how long that took; those that failed have their words above it. Without SCRIPTs (such
# as full/rescue) all kinds of guest that boot. Hours: no part of make check-full, which has each
# of them once.
set -eu
n=${1:?how often?}
shift
[ $# != 0 ] || set -- guest/disk guest/floppy guest/kernel-rom guest/cdrom guest/pxe guest/gdb \
	guest/input full/guest-boot full/guest-plain32 full/guest-plain64 full/rescue full/modes \
	full/cd-text-amd64 full/cd-text-i386 full/cd-gtk-amd64 full/cd-gtk-i386 \
	full/pxe-e1000 full/pxe-rtl8139
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
rc=0

echo "engine ${HVM_ACCEL:-soft}, each $n times"
for script; do
	[ -f "tests/$script.sh" ] || { echo "no tests/$script.sh" && exit 2; }
	: >"$dir/times"
	i=1
	while [ $i -le "$n" ]; do
		start=$(date +%s.%N)
		out=$(sh tests/run.sh --one "tests/$script.sh")
		case $out in
		'ok '*) echo "$start $(date +%s.%N)" >>"$dir/times" ;;
		*) printf '%s, time %d: %s\n' "$script" $i "$out" && rc=1 ;;
		esac
		i=$((i + 1))
	done
	awk -v what="$script" -v of="$n" -f tests/full/lib/times.awk "$dir/times" |
		tee -a "$dir/table"
done
echo ----
cat "$dir/table"
exit $rc
