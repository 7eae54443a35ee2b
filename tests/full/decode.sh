#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# 10 million random byte strings through our decoder and Zydis, a million a run.
set -eu
check=${BUILD:-build}/asan/tests/check
for seed in 1 2 3 4 5 6 7 8 9 10; do
	DECODE_N=1000000 DECODE_SEED=$seed "$check" -v -k 'x86/decode_zydis.same_on_random_bytes' \
		>"${TMPDIR:-/tmp}/decode.$$" 2>&1 || {
		cat "${TMPDIR:-/tmp}/decode.$$"
		rm -f "${TMPDIR:-/tmp}/decode.$$"
		exit 1
	}
	skipped=$(grep '^skip' "${TMPDIR:-/tmp}/decode.$$" || true)
	cat "${TMPDIR:-/tmp}/decode.$$"
	rm -f "${TMPDIR:-/tmp}/decode.$$"
	if [ -n "$skipped" ]; then
		echo "built without libzydis-dev"
		exit 77
	fi
done
