#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest of disk_kill.sh. writer.sh NAME: files of random bytes on /disk, for ever. Each is
# told of, with its sum, once fsync said that it is safe; old ones are told of before they go.
set -eu
trap 'echo "in vain: writer.sh $*"' EXIT
dir=/disk/$1 i=0
mkdir "$dir"
while :; do
	i=$((i + 1))
	dd if=/dev/urandom "of=$dir/new" bs=4096 count=$((1 + i * 37 % 61)) conv=fsync 2>/dev/null
	mv "$dir/new" "$dir/f$i"
	sync "$dir/f$i" "$dir"
	sum=$(sha256sum <"$dir/f$i")
	echo "fsynced $1/f$i ${sum%% *} yes"
	[ $i -gt 12 ] || continue
	echo "dropped $1/f$((i - 12)) yes"
	rm "$dir/f$((i - 12))"
done
