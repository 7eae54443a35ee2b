#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Each of the 55 hard cases of docs/engine.md has its line, each test that a line names is there,
# and each test that is named after a case is in the table.
set -eu
export LC_ALL=C
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
"$BUILD/asan/tests/check" -l |
	sed -n '/^x86\//{s///; s/\[.*//; s/^corner_[a-z]*\.//; p;}' | sort -u >"$tmp/there"
sed -n '/^## Hard cases/,/^## Missing/p' docs/engine.md >"$tmp/section"
sed -n 's/^| \([0-9][0-9]*\) |.*/\1/p' "$tmp/section" >"$tmp/cases"
seq 55 | diff - "$tmp/cases" || { echo "docs/engine.md: a case is missing or twice" && exit 1; }
grep '^| [0-9]' "$tmp/section" | grep -v 'an interpreter pins none' | grep -v '`' &&
	echo "docs/engine.md: a case without a test" && exit 1
grep '^| [0-9]' "$tmp/section" | grep -o '`[^`]*`' | tr -d '`' | sort -u >"$tmp/named"
comm -23 "$tmp/named" "$tmp/there" >"$tmp/lost"
[ ! -s "$tmp/lost" ] || { echo "no such test:" && cat "$tmp/lost" && exit 1; }
grep '^corner_' "$tmp/there" | comm -13 "$tmp/named" - >"$tmp/unnamed"
[ ! -s "$tmp/unnamed" ] || { echo "not in docs/engine.md:" && cat "$tmp/unnamed" && exit 1; }
