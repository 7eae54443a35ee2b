#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Translated code that makes room all the time: built with a tenth of the memory for it. The tests
# of both tiers; then Debian to selfcheck's end, BOOTS times [5] on each number of vCPUs of CPUS
# [1 4]. What compiles or goes by the clock (smp.sh) is not for so slow a guest.
# Seconds: 1800
set -eu
build=${BUILD:-build}
small=$build/evict
make -s BUILD="$small" USER_CFLAGS=-DTR_REGION_KIB=192 programs tools "$small/asan/tests/check"
"$small/asan/tests/check" -k 'x86/*'
ARCHS=amd64 BOOTS=${BOOTS:-5} CPUS=${CPUS:-1 4} HVM_DM=$small/bin/hvm-dm \
	sh tests/full/boots.sh kernel=unpacked
