#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest's disk image grows until its file system on the host is full: the machine stands still
# (werror=enospc, the default) until there is more room and somebody says `cont`; the guest has not
# noticed, and all it wrote is there. Then its TRIM gives the space back (discard=unmap).
# GUEST_DM='qemu-system-x86_64 -accel tcg' runs it on QEMU.
set -eu
BUILD=${BUILD:-build}
guest=$BUILD/guest
dm=${GUEST_DM:-${HVM_DM:-$BUILD/bin/hvm-dm} -accel ${HVM_ACCEL:-soft}}
[ ! -f "$guest/missing-amd64" ] || { cat "$guest/missing-amd64" && exit 77; }
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
command -v socat >/dev/null || { echo "no socat" && exit 77; }
# A small file system of its own, where the system gives namespaces away.
[ "$(id -u)" = 0 ] && kinds=-m || kinds=-rm
if [ -z "${IN_NAMESPACE:-}" ]; then
	unshare "$kinds" true 2>/dev/null || { echo "no namespaces for a small tmpfs" && exit 77; }
	IN_NAMESPACE=1 exec unshare "$kinds" sh "$0"
fi
dir=$(mktemp -d)
trap 'umount "$dir/small" 2>/dev/null || :; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$dir/small"
mount -t tmpfs -o size=4M tmpfs "$dir/small"
"$BUILD/bin/hvm-img" create -q -f qcow2 "$dir/small/disk.qcow2" 64M
truncate -s 32M "$dir/disk.raw" # told apart by its size: their names come by chance
qmp="!sh tests/guest/lib/qmp_log.sh $dir"

# shellcheck disable=SC2086
"$BUILD/bin/talk" -t 500 -s 0 -o "$dir/serial" -n 'Kernel panic' -n 'BUG: ' -n 'Oops' \
	-n 'no module' -n 'I/O error' 'init: ready' 'guest# ' "$qmp start" \
	'<until [ -b /dev/sda ] && [ -b /dev/sdb ]; do sleep 1; done' 'guest# ' \
	'<read -r n </sys/block/sda/size; [ $n = 65536 ] && q=sdb r=sda || q=sda r=sdb' 'guest# ' \
	'<dd if=/dev/urandom of=/tmp/a bs=65536 count=160; sha256sum </tmp/a' '  -' 'guest# ' \
	'<dd if=/tmp/a of=/dev/$q bs=65536 conv=fsync && echo "written" out' \
	"$qmp wait BLOCK_IO_ERROR 1" "$qmp wait '\"nospace\": true' 1" "$qmp wait '\"STOP\"' 1" \
	"$qmp ask '\"execute\":\"cont\"'" "$qmp wait BLOCK_IO_ERROR 2" "$qmp wait '\"STOP\"' 2" \
	"!mount -o remount,size=100M '$dir/small'" "$qmp ask '\"execute\":\"cont\"'" \
	'written out' 'guest# ' "$qmp wait BLOCK_IO_ERROR 2" \
	'<echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/$q bs=65536 count=160 | sha256sum' '  -' \
	'guest# ' \
	'<dd if=/tmp/a of=/dev/$r bs=65536 conv=fsync && echo "written" too' 'written too' \
	'guest# ' '<busybox blkdiscard /dev/$q && echo "thrown" away' 'thrown away' 'guest# ' \
	'<busybox blkdiscard -o 65536 /dev/$r && echo "thrown" too' 'thrown too' 'guest# ' \
	'<sync; poweroff -f' \
	-- $dm -m 256 -display none -nodefaults -serial stdio -no-reboot \
	-kernel "$guest/unpacked-amd64" -initrd "$guest/drivers-amd64.cpio.gz" \
	-append 'console=ttyS0 quiet cryptomgr.notests drivers=ata_piix,sd_mod' \
	-drive "file=$dir/small/disk.qcow2,format=qcow2,discard=unmap" \
	-drive "file=$dir/disk.raw,format=raw,discard=unmap" \
	-qmp "unix:$dir/qmp,server=on,wait=off"

sums=$(tr -d '\r' <"$dir/serial" | grep -c -x -E "$(tr -d '\r' <"$dir/serial" |
	grep -m 1 -x -E '[0-9a-f]{64}  -')")
[ "$sums" = 2 ] || { echo "the sums differ" && exit 1; }
for file in small/disk.qcow2 disk.raw; do
	set -- "$(stat -c %b "$dir/$file")"
	echo "$file takes $1 blocks"
	[ "$1" -lt 4096 ]
done
"$BUILD/bin/hvm-img" check "$dir/small/disk.qcow2"
! command -v qemu-img >/dev/null || qemu-img check "$dir/small/disk.qcow2"
