#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What is typed and pointed arrives as evdev events in a Linux guest: PS/2 keyboard and mouse, USB
# tablet, and a USB keyboard that comes and goes. An event is shown as 48 hex digits, the last 16
# of them type, code and value, little-endian.
set -eu
guest=${BUILD:-build}/guest
[ ! -f "$guest/missing-amd64" ] || { cat "$guest/missing-amd64" && exit 77; }
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkfifo "$work/mon.in" "$work/mon.out"
cat "$work/mon.out" >"$work/said" &

# key NAME CODE…: steps that type NAME and see these go down and up again (codes as "1e00").
steps=0
add() {
	steps=$((steps + 1))
	printf '%s\n' "$1" >"$work/step$steps"
}
hmp() {
	add "!echo '$1' >$work/mon.in"
}
key() {
	hmp "sendkey $1 30"
	shift
	for code; do add "0100${code}01000000"; done
	for code; do last=$code; done
	add "0100${last}00000000"
}
watch() {
	add "<until [ -e /dev/input/event$1 ]; do sleep 1; done; echo th''ere"
	add 'there'
	add 'guest# '
	add "<busybox hexdump -v -e '24/1 \"%02x\" \"\\n\"' /dev/input/event$1 &"
	add 'guest# '
	add '<sleep 2; echo op""en' # usbhid drops what comes within 50 ms of an open
	add 'open'
	add 'guest# '
}

add 'init: ready'
add 'guest# '
watch 0 # keyboard
watch 1 # mouse
watch 2 # tablet
key a 1e00
key shift-b 2a00 3000
key up 6700
key kp_enter 6000
key print 6300
key pause 7700
key f12 5800
key less 5600
hmp 'sendkey caps_lock 30'
add '01003a0001000000'
add '1100010001000000' # the LED, on
hmp 'mouse_move 5 -7'
add '0200000005000000'
add '02000100f9ffffff'
hmp 'mouse_button 2'
add '0100110101000000' # BTN_RIGHT
hmp 'mouse_button 0'
add '0100110100000000'
hmp 'mouse_move 0 0 1'
add '0200080001000000' # REL_WHEEL
hmp 'device_add usb-kbd,id=k'
add 'USB HID v1.11 Keyboard'
watch 3
key q 1000
key ctrl_r-henkan 6100 5c00
hmp 'device_del k'
add 'USB disconnect'
key w 1100
add '<cat /proc/bus/input/devices'
add 'QEMU USB Tablet'
add 'guest# '
add '<poweroff -f'

set --
i=0
while [ $i -lt $steps ]; do
	i=$((i + 1))
	set -- "$@" "$(cat "$work/step$i")"
done
"${BUILD:-build}/bin/talk" -t 200 -n 'Kernel panic' -n 'BUG: ' -n 'Oops' -n 'WARNING: ' \
	-n 'no module' "$@" -- \
	${HVM_DM:-"${BUILD:-build}/bin/hvm-dm"} -accel "${HVM_ACCEL:-soft}" -m 256 -display none \
	-nodefaults -serial stdio -no-reboot -kernel "$guest/unpacked-amd64" \
	-initrd "$guest/drivers-amd64.cpio.gz" -usb -device usb-tablet \
	-chardev pipe,id=mon,path="$work/mon" -mon chardev=mon,mode=readline -append \
	'console=ttyS0 cryptomgr.notests drivers=psmouse,evdev,uhci_hcd,usbhid,hid_generic'
