#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Translated code that makes room all the time: built with regions of 288 KiB. A block may need
# 96, so code takes 84 KiB of each at most and ways out 12: a thirtieth of theirs and less. The
# tests of both tiers; then Debian to selfcheck's end, BOOTS times [5] on each number of vCPUs of
# CPUS [1 4].
# smp.sh is not for so slow a guest: docs/testing.md says what stress-ng says then, and why.
# Seconds: 1800
set -eu
build=${BUILD:-build}
small=$build/evict
make -s BUILD="$small" USER_CFLAGS=-DTR_REGION_KIB=288 programs tools "$small/asan/tests/check"
"$small/asan/tests/check" -k 'x86/*'
ARCHS=amd64 BOOTS=${BOOTS:-5} CPUS=${CPUS:-1 4} HVM_DM=$small/bin/hvm-dm \
	sh tests/full/boots.sh kernel=unpacked
