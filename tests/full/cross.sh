#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Code that one vCPU changes while the other runs it, interpreted and translated: 200,000 stores
# each.
set -eu
for seed in 101 102; do
	CROSS_N=100000 CROSS_SEED=$seed "${BUILD:-build}/asan/tests/check" -k 'x86/cross.*'
done
