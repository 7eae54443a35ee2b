#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What the boot tests show with the core in hvm-dm, with hvm-core in a process of its own too.
set -eu
export HVM_DM=${BUILD:-build}/bin/keeper
for test in disk debian32 input floppy cdrom network; do
	echo "== $test.sh"
	sh tests/guest/$test.sh
done
