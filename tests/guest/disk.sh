#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian boots from a qcow2 disk (tests/guest/lib/disk.sh): SeaBIOS, GRUB, the kernel, a login on
# the screen and on the serial port. Keys typed over VNC log in and write a file, the ACPI power
# button ends it; at the next boot the file is there. Both times the image is clean and the
# kernel's warnings are those of lib/disk.dmesg.
# GUEST_DM='qemu-system-x86_64 -accel tcg' runs it on QEMU.
set -eu
BUILD=${BUILD:-build}
guest=$BUILD/guest
dm=${GUEST_DM:-${HVM_DM:-$BUILD/bin/hvm-dm} -accel ${HVM_ACCEL:-soft}}
for arch in amd64 disk; do
	[ ! -f "$guest/missing-$arch" ] || { cat "$guest/missing-$arch" && exit 77; }
done
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
[ -f /usr/share/seabios/bios-256k.bin ] || { echo "no seabios" && exit 77; }
command -v socat >/dev/null || { echo "no socat" && exit 77; }
[ -x "$BUILD/bin/hvm-vnc" ] || { echo "no libvncserver-dev" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
qmp="!sh tests/guest/lib/qmp.sh $dir/qmp"
screen="$qmp screen"
viewer="!$BUILD/bin/viewer $dir/vnc type"
shown="timeout 10 sh tests/guest/lib/qmp.sh $dir/qmp monitor 'info screen'" # when it fails
[ -z "${GUEST_DM:-}" ] || screen='!:' # QEMU's monitor cannot show the text

"$BUILD/bin/hvm-img" convert -O qcow2 "$guest/disk-amd64.img" "$dir/disk.qcow2"

clean() {
	"$BUILD/bin/hvm-img" check "$dir/disk.qcow2"
	if command -v qemu-img >/dev/null; then
		qemu-img check "$dir/disk.qcow2"
	fi
}

# boots STEP…: up to a shell on the serial port, then the steps, until the machine is off.
boots() {
	# shellcheck disable=SC2086
	"$BUILD/bin/talk" -t 280 -s 0 -o "$dir/serial" -n 'Kernel panic' -n 'BUG: ' -n 'Oops' \
		-n 'WARNING: ' -n 'no module' -n 'rcu: INFO' -f "$shown" \
		'GNU GRUB' "$screen 'GNU GRUB'" 'Linux version' 'Run /init' 'disk login: ' \
		"$screen 'disk login:'" \
		'<root' 'Password: ' '<disk' '# ' "$@" \
		-- $dm -m 512 -nodefaults -vga std -display none -no-reboot \
		-drive "file=$dir/disk.qcow2,format=qcow2" -serial stdio \
		-vnc "unix:$dir/vnc" -qmp "unix:$dir/qmp,server=on,wait=off"
	clean
}

# The kernel's warnings and worse, without their times; "dmesg" ends with the prompt.
warnings() {
	tr -d '\r' <"$dir/serial" | sed -n 's/^<[0-4]>\[ *[0-9.]*\] //p' |
		diff tests/guest/lib/disk.dmesg - && return
	echo "other warnings than in disk.dmesg"
	exit 1
}
dmesg="<dmesg -r | grep '^<[0-4]>'; echo 'warnings' end"

# login throws away what was typed before its prompt, which it does after it has shown it.
boots "$viewer root" "$screen Password:" '!sleep 2' "$viewer disk" "$screen '~ #'" \
	"$viewer 'echo typed text >/kept; sync; echo \"on the serial port\" >/dev/ttyS0'" \
	'on the serial port' "$qmp keys 'echo by a monitor >/dev/ttyS0'" 'by a monitor' \
	'<cat /kept' 'typed text' '# ' "$dmesg" 'warnings end' '# ' \
	"$qmp system_powerdown" 'Power down'
warnings
boots '<cat /kept' 'typed text' '# ' "$dmesg" 'warnings end' '# ' '<poweroff' 'Power down'
warnings
