#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of hvm-dm while two writers of its guest make files on ext4, on qcow2 and raw disks with
# cache=writeback and none. Afterwards the image has leaks at worst, the file system is clean once
# its journal was replayed, and every file that the guest was told is safe is there with its sum.
# KILLS=N: how many, each on a new disk and another kind; SEED=N: when.
set -eu
BUILD=${BUILD:-build}
guest=$BUILD/guest kills=${KILLS:-2} drivers=crc32c_generic,ata_piix,sd_mod,ext4
seed=${SEED:-$(date +%s)}
[ ! -f "$guest/missing-amd64" ] || { cat "$guest/missing-amd64" && exit 77; }
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
PATH=$PATH:/sbin:/usr/sbin
for tool in mke2fs e2fsck debugfs; do
	command -v $tool >/dev/null || { echo "no e2fsprogs" && exit 77; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
echo "SEED=$seed"

sh tests/guest/lib/overlay.sh "$dir/initrd" tests/guest/lib/writer.sh

# check_image FORMAT: both programs find leaks at worst (status 3); then it is raw, in disk.raw.
check_image() {
	[ "$1" = qcow2 ] || return 0
	for img in "$BUILD/bin/hvm-img" qemu-img; do
		command -v "$img" >/dev/null || continue
		rc=0
		"$img" check -f qcow2 "$dir/disk.qcow2" || rc=$?
		[ $rc = 0 ] || [ $rc = 3 ] || { echo "$img check: status $rc" && exit 1; }
		"$img" convert -f qcow2 -O raw "$dir/disk.qcow2" "$dir/disk.raw"
	done
}

# The journal is replayed; then there is nothing to repair.
check_files() {
	e2fsck -E journal_only -p "$dir/disk.raw" || [ $? = 1 ]
	e2fsck -fn "$dir/disk.raw" >"$dir/fsck" || {
		cat "$dir/fsck"
		exit 1
	}
	mkdir "$dir/files"
	debugfs -R "rdump / $dir/files" "$dir/disk.raw" 2>/dev/null
	tr -d '\r' <"$dir/serial" | awk '
		/^fsynced .* yes$/ { sum[$2] = $3; n++ }
		/^dropped .* yes$/ { delete sum[$2] }
		END { for (f in sum) print sum[f] "  " f
		      print n " files were safe" >"/dev/stderr" }
	' >"$dir/sums"
	[ "$(wc -l <"$dir/sums")" -ge 3 ] || { echo "too few to tell" && exit 1; }
	(cd "$dir/files" && sha256sum --quiet -c "$dir/sums")
	rm -rf "$dir/files"
}

# kill_one FORMAT CACHE SECONDS
kill_one() {
	echo "---- $1, cache=$2, after $3 s"
	rm -f "$dir/disk.raw" "$dir/disk.qcow2"
	truncate -s 256M "$dir/disk.raw"
	mke2fs -q -t ext4 "$dir/disk.raw"
	[ "$1" = raw ] || "$BUILD/bin/hvm-img" convert -O "$1" "$dir/disk.raw" "$dir/disk.$1"
	"$BUILD/bin/talk" -t 280 -k -o "$dir/serial" -n 'Kernel panic' -n 'BUG: ' -n 'Oops' \
		-n 'no module' -n 'I/O error' -n 'EXT4-fs error' -n 'in vain' \
		'init: ready' 'guest# ' \
		'<mkdir /disk; until [ -b /dev/sda ]; do sleep 1; done' 'guest# ' \
		'<mount -t ext4 /dev/sda /disk && echo "mounted" it' 'mounted it' 'guest# ' \
		'<sh bin/writer.sh a & sh bin/writer.sh b &' \
		'fsynced a/f3' "!sleep $3" \
		-- "$BUILD/bin/hvm-dm" -accel "${HVM_ACCEL:-soft}" \
		-m 256 -display none -nodefaults -serial stdio \
		-no-reboot -kernel "$guest/unpacked-amd64" -initrd "$dir/initrd" \
		-append "console=ttyS0 quiet cryptomgr.notests drivers=$drivers" \
		-drive "file=$dir/disk.$1,format=$1,cache=$2"
	check_image "$1"
	check_files
}

n=0
while [ $n -lt "$kills" ]; do
	case $((n % 4)) in
	0) kind='qcow2 writeback' ;;
	1) kind='raw none' ;;
	2) kind='qcow2 none' ;;
	3) kind='raw writeback' ;;
	esac
	after=$(awk "BEGIN { srand($seed + $n); printf \"%.3f\", rand() * ${LONGEST:-3} }")
	# shellcheck disable=SC2086
	kill_one $kind "$after"
	n=$((n + 1))
done
