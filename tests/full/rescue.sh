#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Rescue media of Debian's packages at their first screens, and a step beyond: memtest86+ in 64 and
# 32 bits, on two processors, to the last of its tests; grub-rescue's CD and, with its
# prompt, its floppy disk.
set -eu
BUILD=${BUILD:-build}
dm=${GUEST_DM:-${HVM_DM:-$BUILD/bin/hvm-dm} -accel ${HVM_ACCEL:-soft}}
memtest=$(sed -n 's/^DEB_MEMTEST := //p' config.mk)
rescue=/usr/lib/grub-rescue
[ -f "$memtest" ] || { echo "no memtest86+" && exit 77; }
[ -d $rescue ] || { echo "no grub-rescue-pc" && exit 77; }
[ -f /usr/share/seabios/bios-256k.bin ] || { echo "no seabios" && exit 77; }
command -v socat >/dev/null || { echo "no socat" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
dpkg-deb --fsys-tarfile "$memtest" | tar -xC "$dir" ./usr/lib/memtest86+
qmp="!sh tests/guest/lib/qmp.sh $dir/qmp"
export QMP_SECONDS=250

# boots -cdrom|-fda IMAGE OPTION… -- STEP…
boots() {
	options=
	while [ "$1" != -- ]; do
		options="$options $1"
		shift
	done
	shift
	# shellcheck disable=SC2086
	"$BUILD/bin/talk" -t 280 -k "$@" -- $dm -nodefaults -vga std -display none -serial stdio \
		-no-reboot -boot ad $options -qmp "unix:$dir/qmp,server=on,wait=off"
}

# Around the menu stand the processor's speed and how far a test has come, when the key came late.
for bits in x64 ia32; do
	boots -cdrom "$dir/usr/lib/memtest86+/memtest86+$bits.iso" -m 24 -smp 2 -- \
		"$qmp screen '<F1>'" "$qmp press f1" \
		"$qmp picture memtest86-$bits -m 0,16,190,368 -m 531,0,189,384 -m 254,16,277,32" \
		"$qmp press f10" "$qmp press ret" "$qmp screen '2 Cores 2 Threads'" \
		"$qmp screen 'Test #10'" "$qmp screen 'Errors: 0'"
done
boots -cdrom $rescue/grub-rescue-cdrom.iso -m 64 -- "$qmp screen 'GNU GRUB'" "$qmp press down" \
	 "$qmp picture grub-rescue -m 0,16,720,16"
cp $rescue/grub-rescue-floppy.img "$dir/floppy.img"
boots -fda "$dir/floppy.img" -m 64 -- "$qmp screen 'GNU GRUB'" "$qmp press c" \
	"$qmp screen 'grub>'" "$qmp keys ls" "$qmp screen '(fd0)'" \
	"$qmp picture grub-rescue-floppy -m 54,160,9,16"
