#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Register scripts on our device model and on QEMU: equal but for what the scripts annotate, and
# docs/replay-differences.md lists just that.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR="$work"
bad=0

replay() {
	"$BUILD/bin/replay" --ours "$BUILD/bin/hvm-dm" "$@"
}

# wrong WHAT: the script made of stdin has to fail, saying WHAT.
wrong() {
	cat >"$work/wrong.regs"
	if replay "$work/wrong.regs" >"$work/out" 2>&1 || ! grep -q "$1" "$work/out"; then
		echo "this script should have failed with '$1':"
		cat "$work/wrong.regs" "$work/out"
		bad=1
	fi
}

sh tests/replay/differences.sh >"$work/made" || bad=1
if ! cmp -s "$work/made" docs/replay-differences.md; then
	echo 'docs/replay-differences.md is old; it is what tests/replay/differences.sh prints'
	bad=1
fi
if ! command -v qemu-system-x86_64 >/dev/null; then
	[ $bad = 0 ] || exit 1
	echo 'qemu-system-x86_64 is not installed'
	exit 77
fi
replay tests/replay/*.regs || bad=1

wrong 'start/in b 0x00f: qemu 0x00, ours 0x0f' <<'END'
in b 0xf
END
wrong 'start/in b 0x00f: qemu 0x00, ours 0x0f' <<'END'
diff start/in b 0x00f bits 0x07 -- more bits differ than this says
in b 0xf
END
wrong 'nothing differs there any more' <<'END'
diff start/in b 0x021 -- nothing does
in b 0x21
END
wrong 'no such word' <<'END'
inb 0x21
END
exit $bad
