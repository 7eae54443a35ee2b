#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# 10 million random instructions on the host and interpreted: a million of each mode a run.
set -eu
check=${BUILD:-build}/asan/tests/check
for seed in 101 102 103 104 105; do
	ORACLE_N=1000000 ORACLE_SEED=$seed "$check" -k 'x86/oracle.*'
done
