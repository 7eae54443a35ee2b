#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# 10 million random instructions on the host, beside the interpreter and beside translated code:
# five seeds, each with its own segments, 670,000 of each of the three modes and two tiers.
set -eu
check=${BUILD:-build}/asan/tests/check
for seed in 101 102 103 104 105; do
	ORACLE_N=670000 ORACLE_SEED=$seed "$check" -k 'x86/oracle.*'
done
