#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# 4000 writers of qcow2 images killed at any moment: no errors, nothing lost that was flushed. Then
# hvm-dm under a guest that writes, twelve times.
set -eu
check=${BUILD:-build}/asan/tests/check
KILL_ROUNDS=1000 "$check" -k 'block/qcow2_crash.killed*'
KILLS=12 LONGEST=10 sh tests/guest/disk_kill.sh
