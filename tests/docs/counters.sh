#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# docs/engine.md has each counter of the engine, in order, in the words of hypervisor/x86/stats.h.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^\tX(\([a-z_]*\), [A-Z]*, "\(.*\)").*/\1 \2/p' hypervisor/x86/stats.h >"$tmp/code"
awk '/^## / { on = /Counters/ } on' docs/engine.md |
	sed -n 's/^| `\([a-z_]*\)` | [^|]* | \(.*\) |$/\1 \2/p' >"$tmp/page"
grep -q '^instructions ' "$tmp/code" || { echo "no counters in stats.h" && exit 1; }
diff "$tmp/code" "$tmp/page"
