#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# People's viewers: TigerVNC under Xvfb, then noVNC in headless Chromium by hvm-vnc's WebSockets,
# on one guest that GRUB starts. Each shows the guest's screen to the pixel; what is typed in it
# (capitals, digits, all punctuation) comes out at the serial port, and a click where it was made.
# KEEP=DIR keeps the pictures.
set -eu
BUILD=${BUILD:-build}
guest=$BUILD/guest
for arch in amd64 disk; do
	[ ! -f "$guest/missing-$arch" ] || { cat "$guest/missing-$arch" && exit 77; }
done
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
PATH=$PATH:/sbin:/usr/sbin
dir=$(mktemp -d)
lib=tests/full/lib
missing=$(sh $lib/tigervnc.sh "$dir" missing && sh $lib/novnc.sh "$dir" missing)
[ -z "$missing" ] || {
	rmdir "$dir"
	echo "no $(echo $missing) (./configure --install-deps=full)"
	exit 77
}
end() {
	for v in tigervnc novnc; do
		[ ! -f "$dir/$v/pids" ] || sh $lib/$v.sh "$dir/$v" close >/dev/null 2>&1 || :
	done
	rm -rf "$dir"
}
trap end EXIT
trap 'exit 1' HUP INT TERM
mkdir "$dir/tigervnc" "$dir/novnc"

# The test disk, with GRUB starting the guest that has drivers and a shell on the screen.
cp --sparse=always "$guest/disk-amd64.img" "$dir/disk.img"
cat >"$dir/grub.cfg" <<END
linux /boot/vmlinuz console=ttyS0 console=tty0 cryptomgr.notests vt.global_cursor_default=0 \
	drivers=psmouse,evdev,uhci_hcd,usbhid,hid_generic
initrd /boot/initrd
boot
END
printf '%s\n' 'rm /boot/initrd' 'rm /boot/grub/grub.cfg' \
	"write $guest/drivers-amd64.cpio.gz /boot/initrd" \
	"write $dir/grub.cfg /boot/grub/grub.cfg" >"$dir/edit"
debugfs -w -f "$dir/edit" "$dir/disk.img?offset=1048576" >"$dir/edited" 2>&1

# same VIEWER: waits until what it shows is the guest's screen.
cat >"$dir/same" <<END
for _ in \$(seq 20); do
	sh $lib/\$1.sh "$dir/\$1" picture "$dir/\$1.png" || exit 1
	printf '{"execute":"qmp_capabilities"}\n{"execute":"screendump","arguments":
		{"filename":"%s","format":"png"}}\n' "$dir/\$1.dump" |
		socat -t 0.5 - UNIX-CONNECT:$dir/qmp >/dev/null
	! "$BUILD/bin/pngdiff" "$dir/\$1.dump" "$dir/\$1.png.guest" >"$dir/why" || exit 0
	sleep 0.5
done
cat "$dir/why"
exit 1
END

steps=0
add() {
	steps=$((steps + 1))
	printf '%s\n' "$1" >"$dir/step$steps"
}
# types VIEWER LINE
types() {
	printf '%s\n' "$2" >"$dir/line$steps"
	add "!sh $lib/$1.sh $dir/$1 type $dir/line$steps"
}
# axis PIXEL SIZE: what a tablet says for it, as 8 digits of a hexdump.
axis() {
	v=$((($1 * 32767 + $2 - 2) / ($2 - 1)))
	printf '%02x%02x0000' $((v & 255)) $((v >> 8))
}

# person VIEWER PORT X Y
person() {
	text='Quick BROWN fox (1+2)*3 = [9]; ~!@#$%^&_-{}|\<>,./?`"'
	add "!sh $lib/$1.sh $dir/$1 open 127.0.0.1 $2"
	add "!sh $dir/same $1"
	types "$1" "echo '$text' $1\\'s >/dev/ttyS0"
	add "$text $1's"
	types "$1" "busybox hexdump -v -e '24/1 \"%02x\" \"\\n\"' /dev/input/event2 >/dev/ttyS0 &"
	add "!sleep 3; sh $lib/$1.sh $dir/$1 click $3 $4"
	add '0100100100000000' # BTN_LEFT is up; before that, in one report or in several:
	add "!grep -q 0100100101000000 $dir/serial"
	add "!grep -q 03000000$(axis "$3" 720) $dir/serial"
	add "!grep -q 03000100$(axis "$4" 400) $dir/serial"
	types "$1" 'kill $!; clear; echo "This is $(uname -sr), seen by a person."'
	add "!sleep 2; sh $dir/same $1"
}

n=$((2000 + $$ % 20000))
add 'USB HID v1.11 Mouse'
add "!sh tests/guest/lib/qmp.sh $dir/qmp screen 'guest#'"
person tigervnc $((5900 + n)) 360 200
person novnc $((5700 + n)) 719 0
types novnc 'poweroff -f'
set --
i=0
while [ $i -lt $steps ]; do
	i=$((i + 1))
	set -- "$@" "$(cat "$dir/step$i")"
done
"$BUILD/bin/talk" -t 400 -o "$dir/serial" -n 'Kernel panic' -n 'BUG: ' -n 'Oops' \
	-n 'WARNING: ' -n 'no module' "$@" -- \
	"$BUILD/bin/hvm-dm" -accel "${HVM_ACCEL:-soft}" \
	-m 256 -nodefaults -vga std -display none -serial stdio \
	-no-reboot -drive "file=$dir/disk.img,format=raw" -usb -device usb-tablet \
	-vnc "127.0.0.1:$n,websocket=on,noauth=on" -qmp "unix:$dir/qmp,server=on,wait=off"
[ -z "${KEEP:-}" ] || cp "$dir/tigervnc.png" "$dir/novnc.png" "$KEEP"
