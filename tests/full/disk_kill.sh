#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# 4000 writers of qcow2 images killed at any moment: no errors, nothing lost that was flushed.
set -eu
check=${BUILD:-build}/asan/tests/check
KILL_ROUNDS=1000 "$check" -k 'block/qcow2_crash.killed*'
