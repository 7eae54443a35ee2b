#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's kernels in other machines than those of tests/guest/: memory above 4 GiB, other numbers
# of processors and clocks, 32-bit programs under the 64-bit kernel.
set -u
BUILD=${BUILD:-build}
n=0 skipped=0

boot() {
	n=$((n + 1))
	sh tests/guest/lib/boot.sh "$@"
	case $? in
	0) ;;
	77) skipped=$((skipped + 1)) ;;
	*) exit 1 ;;
	esac
}

quick=append=cryptomgr.notests
boot amd64 $quick kernel=unpacked mem=512 cpus=1
boot amd64 $quick kernel=unpacked mem=6144 cpus=1 end=exit
boot amd64 $quick kernel=unpacked mem=1024 cpus=4
[ -f "$BUILD/guest/missing-i386" ] ||
	boot amd64 $quick kernel=unpacked cpus=2 check=selfcheck32
boot amd64 $quick" nokaslr noapic" kernel=unpacked
boot amd64 $quick" nolapic" kernel=unpacked
boot amd64 $quick" acpi=off" kernel=unpacked end=exit
boot amd64 $quick" notsc hpet=disable" kernel=unpacked
boot amd64 $quick kernel=unpacked mem=6144 cpus=2
boot i386 $quick kernel=unpacked mem=512 cpus=2
boot i386 $quick kernel=unpacked mem=6144 cpus=1
boot i386 $quick kernel=unpacked mem=6144 cpus=2
boot i386 $quick kernel=unpacked mem=64 cpus=1 end=exit
echo "$skipped of $n not booted"
[ $skipped -lt $n ] || exit 77
