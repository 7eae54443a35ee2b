#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# -display sdl under Xvfb with a person made of xdotool: what is typed in the window reaches a Linux
# guest, a tablet points at the pixel that the pointer is on, in a larger window too; the window
# follows the guest's mode, shows its screen to the pixel, and comes back when it was killed. (To
# fill the screen takes a window manager.) KEEP=FILE keeps a picture of the desktop.
set -eu
BUILD=${BUILD:-build}
guest=$BUILD/guest
[ ! -f "$guest/missing-amd64" ] || { cat "$guest/missing-amd64" && exit 77; }
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
for tool in Xvfb xdotool import; do
	command -v $tool >/dev/null && continue
	echo "no $tool (./configure --install-deps=full)"
	exit 77
done
[ -x "$BUILD/bin/hvm-sdl" ] || { echo "hvm-sdl is not built (no SDL2)" && exit 77; }
dir=$(mktemp -d)
xvfb=
trap '[ -z "$xvfb" ] || kill $xvfb 2>/dev/null || :; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
Xvfb -displayfd 3 -screen 0 1600x1200x24 3>"$dir/number" >"$dir/xvfb" 2>&1 &
xvfb=$!
i=0
until [ -s "$dir/number" ]; do
	i=$((i + 1))
	[ $i -lt 200 ] || { cat "$dir/xvfb" && exit 1; }
	sleep 0.05
done
DISPLAY=:$(cat "$dir/number")
export DISPLAY SDL_VIDEO_X11_XINPUT2=1
unset WAYLAND_DISPLAY SDL_VIDEODRIVER || :

# What the steps run: person VERB …
cat >"$dir/person" <<'END'
set -eu
dir=$1
verb=$2
shift 2
window() { xdotool search --onlyvisible --name '^hvm \(window test\)' 2>/dev/null | tail -n 1; }
# until it holds: 10 s
wait_for() {
	i=0
	until "$@"; do
		i=$((i + 1))
		[ $i -lt 100 ] || { echo "never came true: $*" && exit 1; }
		sleep 0.1
	done
}
there() { [ -n "$(window)" ]; }
sized() { xdotool getwindowgeometry "$(window)" | grep -q "Geometry: $1\$"; }
titled() { xdotool getwindowname "$(window)" | grep -q -F -e "$1"; }
same() {
	import -window "$(window)" "$dir/window.png"
	printf '{"execute":"qmp_capabilities"}\n{"execute":"screendump","arguments":
		{"filename":"%s","format":"png"}}\n' "$dir/dump.png" |
		socat -t 0.5 - "UNIX-CONNECT:$dir/qmp" >/dev/null
	"$BUILD/bin/pngdiff" "$dir/dump.png" "$dir/window.png" >"$dir/why"
}
wait_for there
case $verb in
types) xdotool type --delay 40 "$1" && xdotool key Return ;;
keys) xdotool key --delay 40 "$@" ;;
points) xdotool mousemove --window "$(window)" "$1" "$2" ;;
clicks) xdotool click "$1" ;;
# SDL takes the focus for its own a while later.
focus) xdotool windowfocus --sync "$(window)" && sleep 1 ;;
size) xdotool windowsize --sync "$(window)" "$1" "$2" ;;
killed)
	xdotool windowkill "$(window)"
	sleep 1
	wait_for there
	;;
picture) [ -z "${KEEP:-}" ] || import -window root "$KEEP" ;;
*) wait_for "$verb" "$@" ;;
esac
END

steps=0
add() {
	steps=$((steps + 1))
	printf '%s\n' "$1" >"$dir/step$steps"
}
person() { add "!BUILD=$BUILD sh $dir/person $dir $*"; }
# axis PIXEL SIZE: what a tablet says for it, as 8 digits of a hexdump.
axis() {
	v=$((($1 * 32767 + $2 - 2) / ($2 - 1)))
	printf '%02x%02x0000' $((v & 255)) $((v >> 8))
}
# at X Y WIDTH HEIGHT
at() {
	add "03000000$(axis "$1" "$3")"
	add "03000100$(axis "$2" "$4")"
}

add 'init: ready'
add 'guest# '
person sized 720x400 # text, as the VGA BIOS leaves it
add '<modprobe bochs' # the guest changes its mode
person sized 1280x800
add '<busybox setsid sh -c "exec </dev/tty1 >/dev/tty1 2>&1; echo sh""ell >/dev/ttyS0; exec sh" &'
add 'shell'
person focus
person types "'echo It is TYPED: \$((6 * 7)) >/dev/ttyS0'"
add 'It is TYPED: 42'
person types "'clear; echo \"This is \$(uname -sr), in a window.\"'"
add '!sleep 2'
person same
person picture
add '<until [ -e /dev/input/event2 ]; do sleep 1; done; echo th""ere'
add 'there'
add "<busybox hexdump -v -e '24/1 \"%02x\" \"\\n\"' /dev/input/event2 &"
add '<sleep 2; echo op""en' # usbhid drops what comes within 50 ms of an open
add 'open'
person points 640 400
at 640 400 1280 800
person points 1279 1
at 1279 1 1280 800
person clicks 3
add '0100110101000000' # BTN_RIGHT
add '0100110100000000'
person clicks 4
add '0200080001000000' # REL_WHEEL
person size 800 800 # 150 lines above and below the picture stay black
person points 400 400
at 640 400 1280 800
person points 799 700
at 1278 799 1280 800
person keys ctrl+alt+u
person sized 1280x800
person keys ctrl+alt+g
person titled "'to exit grab'"
person keys ctrl+alt+g
person titled "'hvm (window test)'"
person killed
person sized 1280x800
person focus
person types "'echo BACK again >/dev/ttyS0'"
add 'BACK again'
add '<poweroff -f'

set --
i=0
while [ $i -lt $steps ]; do
	i=$((i + 1))
	set -- "$@" "$(cat "$dir/step$i")"
done
"$BUILD/bin/talk" -t 300 -n 'Kernel panic' -n 'BUG: ' -n 'Oops' -n 'WARNING: ' -n 'no module' "$@" \
	-- "$BUILD/bin/hvm-dm" -accel "${HVM_ACCEL:-soft}" \
	-m 256 -nodefaults -vga std -display sdl,gl=off \
	-name 'window test' -serial stdio -no-reboot -kernel "$guest/unpacked-amd64" \
	-initrd "$guest/drivers-amd64.cpio.gz" -usb -device usb-tablet \
	-qmp "unix:$dir/qmp,server=on,wait=off" -append "console=tty0 console=ttyS0 \
cryptomgr.notests vt.global_cursor_default=0 drivers=psmouse,evdev,uhci_hcd,usbhid,hid_generic"
