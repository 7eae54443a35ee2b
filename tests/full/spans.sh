#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# 300,000 random programs whose operands lie near each other, interpreted and translated.
set -eu
for seed in 101 102 103; do
	SPAN_N=100000 SPAN_SEED=$seed "${BUILD:-build}/asan/tests/check" -k 'x86/span_random.*'
done
