#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Linux's floppy driver on the controller's DMA: reads a disk of 1.44M, writes another over it,
# meets a changed one of 720K that is write-protected, and an empty drive; drive B has a disk of
# 2.88M.
# GUEST_DM='qemu-system-x86_64 -accel tcg' runs it on QEMU.
set -eu
BUILD=${BUILD:-build}
guest=$BUILD/guest
dm=${GUEST_DM:-${HVM_DM:-$BUILD/bin/hvm-dm} -accel ${HVM_ACCEL:-soft}}
[ ! -f "$guest/missing-amd64" ] || { cat "$guest/missing-amd64" && exit 77; }
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
command -v socat >/dev/null || { echo "no socat" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
qmp="!sh tests/guest/lib/qmp.sh $dir/qmp"

# disk NAME KIB: of random bytes; its sum in $sum
disk() {
	head -c $(($2 * 1024)) /dev/urandom >"$dir/$1"
	sum=$(sha256sum <"$dir/$1" | cut -d' ' -f1)
}
disk small 720
small=$sum
disk large 2880
large=$sum
disk a 1440
read='<sha256sum /dev/fd0'

# shellcheck disable=SC2086
"$BUILD/bin/talk" -t 280 -n 'Kernel panic' -n 'BUG: ' -n 'Oops' -n 'no module' \
	-n 'floppy timeout' ${GUEST_LOG:+-o "$GUEST_LOG"} \
	'fd0 is 1.44M, fd1 is 2.88M' 'FDC 0 is a' 'init: ready' 'guest# ' \
	"$read" "$sum" 'guest# ' \
	'<sha256sum /dev/fd1' "$large" 'guest# ' \
	'<head -c 1474560 /dev/urandom >/tmp/b; sha256sum /tmp/b' ' /tmp/b' 'guest# ' \
	"<cat /tmp/b >/dev/fd0 && sync && echo 'written' well" 'written well' 'guest# ' \
	"!cp $dir/a $dir/written" \
	"$qmp monitor 'change floppy0 $dir/small raw read-only'" \
	"$read" "$small" 'guest# ' \
	"<true >>/dev/fd0 || echo 'protected' well" 'protected well' 'guest# ' \
	"$qmp monitor 'eject floppy0'" \
	"$read" "can't open" 'guest# ' \
	"$qmp monitor 'change floppy0 $dir/a raw read-write'" \
	"<cat /dev/fd0 | sha256sum >/tmp/1; cat /tmp/b | sha256sum >/tmp/2" 'guest# ' \
	"<[ \"\$(cat /tmp/1)\" = \"\$(cat /tmp/2)\" ] && echo 'same' well" \
	'same well' 'guest# ' '<poweroff -f' \
	-- $dm -m 128 -nodefaults -display none -serial stdio -no-reboot \
	-drive "if=floppy,format=raw,file=$dir/a" -drive "if=floppy,format=raw,file=$dir/large" \
	-kernel "$guest/unpacked-amd64" -initrd "$guest/drivers-amd64.cpio.gz" \
	-append 'console=ttyS0 cryptomgr.notests drivers=floppy' \
	-qmp "unix:$dir/qmp,server=on,wait=off"
cmp "$dir/a" "$dir/written"
[ "$(sha256sum <"$dir/a" | cut -d' ' -f1)" != "$sum" ]
