#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Each block beside the plain handlers: the tests of the engine on both tiers (but traces, those of
# several vCPUs, and of stale translations, which the sides may forget at different times), then
# Debian's kernel to its shell.
set -eu
build=${BUILD:-build}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for part in 'co*' '[d-o]*' 'r*' 's*' 'tran*' 'v*'; do
	TIER_VERIFY=1 "$build/asan/tests/check" -k "x86/$part"
done
for tier in interp translate; do
	echo "tier=$tier"
	sh tests/guest/lib/boot.sh amd64 append=cryptomgr.notests t=1700 \
		accel="soft,tier=$tier,verify=lockstep" extra="-D $tmp/$tier"
	cat "$tmp/$tier"
	sed -n 's/.*verify: .* \([0-9]*\) blocks compared, \([0-9]*\) left.*/\1 \2/p' \
		"$tmp/$tier" | awk '$1 > 1e8 && $1 > 100 * $2 { ok = 1 } END { exit !ok }' ||
		{ echo "too few blocks were compared" && exit 1; }
done
