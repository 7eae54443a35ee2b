#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# 240,000 programs that change themselves, of four kinds of code, interpreted and translated.
set -eu
check=${BUILD:-build}/asan/tests/check
for seed in 101 102 103 104 105; do
	SMC_N=6000 SMC_SEED=$seed "$check" -k 'x86/smc.*'
done
