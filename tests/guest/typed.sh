#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# typed.sh [LAYOUT]: a VNC viewer types all of printable ASCII by keysym into a Linux guest, through
# its PS/2 keyboard and through a USB one; the evdev codes that arrive are read back with xkb's
# table of that layout [de]. Then it points at a grid of pixels of three modes (text, planar, 32
# bits), and the tablet's numbers are those pixels again in each way of scaling back.
set -eu
layout=${1:-de}
BUILD=${BUILD:-build}
guest=$BUILD/guest
[ ! -f "$guest/missing-amd64" ] || { cat "$guest/missing-amd64" && exit 77; }
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
[ -x "$BUILD/bin/hvm-vnc" ] || { echo "no libvncserver-dev" && exit 77; }
"$BUILD/bin/xkbread" en-us </dev/null >/dev/null || { echo "no libxkbcommon-dev" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
mkfifo "$dir/mon.in" "$dir/mon.out"
cat "$dir/mon.out" >/dev/null &

# The guest with one more program: the kernel takes archives in a row.
mkdir -p "$dir/more/bin"
${CC:-cc} -O2 -std=c11 -D_GNU_SOURCE -static -s -Wall -Wextra -Werror \
	tests/guest/evread/evread.c -o "$dir/more/bin/evread"
(cd "$dir/more" && find . | "${BUSYBOX:-/bin/busybox}" cpio -o -H newc 2>/dev/null) |
	gzip >"$dir/more.gz"
cat "$guest/drivers-amd64.cpio.gz" "$dir/more.gz" >"$dir/initrd"

viewer="$BUILD/bin/viewer $dir/vnc"
typed="!$viewer ascii tap 0xffc9" # and F12, which ends evread
pointed() { echo "!$viewer size $1 grid $2 >>$dir/want"; }

"$BUILD/bin/talk" -t 280 -o "$dir/serial" -n 'Kernel panic' -n 'BUG: ' -n 'Oops' -n 'WARNING: ' \
	-n 'not found' \
	-n 'no module' 'init: ready' 'guest# ' \
	'<evread keys' 'evread: ready' "$typed" 'end from AT ' 'guest# ' \
	"!echo 'device_add usb-kbd,id=k' >$dir/mon.in" 'USB HID v1.11 Keyboard' \
	'<evread keys' 'evread: ready' "$typed" 'end from QEMU QEMU USB Keyboard' 'guest# ' \
	'<evread grid 720 400 56' 'evread: ready' "$(pointed 720x400 8x7)" ' end' 'guest# ' \
	'<evread grid 640 480 56' 'evread: ready' "$(pointed 640x480 8x7)" ' end' 'guest# ' \
	'<evread grid 1280 1024 56' 'evread: ready' "$(pointed 1280x1024 8x7)" ' end' 'guest# ' \
	'<poweroff -f' \
	-- "$BUILD/bin/hvm-dm" -accel "${HVM_ACCEL:-soft}" \
	-m 256 -display none -nodefaults -vga std -serial stdio \
	-no-reboot -kernel "$guest/unpacked-amd64" -initrd "$dir/initrd" \
	-usb -device usb-tablet -vnc "unix:$dir/vnc" -k "$layout" \
	-chardev "pipe,id=mon,path=$dir/mon" -mon chardev=mon,mode=readline \
	-append 'console=ttyS0 cryptomgr.notests drivers=psmouse,evdev,uhci_hcd,usbhid,hid_generic'

awk 'BEGIN { for (c = 32; c < 127; c++) printf "%c", c; print "" }' >"$dir/ascii"
tr -d '\r' <"$dir/serial" >"$dir/lines"
grep '^keys: ' "$dir/lines" | sed 's/^keys: \(.*\) end from .*/\1/' >"$dir/keys"
[ "$(wc -l <"$dir/keys")" = 2 ]
while read -r line; do
	echo "$line" | "$BUILD/bin/xkbread" "$layout" | diff "$dir/ascii" -
done <"$dir/keys"
grep '^grid: ' "$dir/lines" | diff "$dir/want" -
