#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A configuration as xl's users have it, taken from the manual pages of xl: qcow2 disk and CD, two
# processors, started from the CD; on VNC and in a window, its card on a bridge. With disk and CD in
# one place it is refused. Old configurations, of the time of xm, run with notes.
set -eu
[ -c /dev/net/tun ] || { echo "no /dev/net/tun" && exit 77; }
. tests/toolstack/lib/set.sh
[ -n "${IN_NAMESPACE:-}" ] || { echo "no network of its own can be made" && exit 77; }
command -v Xvfb >/dev/null || { echo "no Xvfb" && exit 77; }
[ -x "$bin/hvm-sdl" ] || { echo "no libsdl2-dev" && exit 77; }
command -v xdotool >/dev/null || { echo "no xdotool" && exit 77; }
command -v socat >/dev/null || { echo "no socat" && exit 77; }
ip link add xenbr0 type bridge
ip link set xenbr0 up
Xvfb -displayfd 3 -screen 0 1024x768x24 -nolisten tcp 3>"$dir/display" >"$dir/xvfb" 2>&1 &
xvfb=$!
trap 'kill $xvfb; end_all; rm -rf "$dir"' EXIT
soon test -s "$dir/display" || fail "Xvfb: $(cat "$dir/xvfb")"
DISPLAY=:$(cat "$dir/display")
export DISPLAY

"$bin/hvm-img" create -q -f qcow2 "$dir/disk.qcow2" 64M
"$bin/iso" "$dir/cd.iso" DISC "no system on it" 90
cat >"$dir/typical.cfg" <<END
# Example HVM guest
type = "hvm"
name = "example.hvm"
memory = 128
vcpus = 2
boot = "d"
vif = [ 'mac=00:16:3e:01:02:03,bridge=xenbr0' ]
disk = [ '$dir/disk.qcow2,qcow2,hda,rw', '$dir/cd.iso,raw,hdc,ro,cdrom' ]
vnc = 1
sdl = 1
vga = "stdvga"
usbdevice = 'tablet'
serial = "pty"
END

screen() { QMP_SECONDS=20 sh tests/guest/lib/qmp.sh "$HVM_RUN_DIR/$1/qmp" screen "$2"; }
window() { xdotool search --onlyvisible --name "^hvm \\($1" >"$dir/window" 2>&1; }

says 0 '' create "$dir/typical.cfg"
screen 1 'Booting from DVD/CD' || fail "it does not start from the CD"
soon window 'example.hvm' || fail "no window: $(cat "$dir/window")"
ip -o link show master xenbr0 | grep -q 'vif1.0-emu' || fail "not on the bridge"
[ "$("$hvm" vcpu-list example.hvm | grep -c '^example.hvm')" = 2 ] || fail "not two processors"
"$hvm" list example.hvm >"$dir/list"
grep -Eq '^example.hvm +1 +128 +2 ' "$dir/list" || fail "list: $(cat "$dir/list")"
says 0 '' destroy example.hvm
nothing_left
! window 'example.hvm' || fail "the window is still there"

sed 's/hdc,ro/hda,ro/' "$dir/typical.cfg" >"$dir/wrong.cfg"
says 1 "hvm: error: $dir/wrong.cfg:8: two disks are at one place: hda here, hda on line 8" \
	create "$dir/wrong.cfg"
nothing_left

# As xm and xend had it.
cat >"$dir/old.cfg" <<END
kernel = "/usr/lib/xen/boot/hvmloader"
builder = 'hvm'
memory = 128
name = "ExampleHVMDomain"
vif = [ 'type=ioemu, bridge=xenbr0' ]
disk = [ 'file:$dir/disk.img,hda,w', 'file:$dir/cd.iso,hdc:cdrom,r' ]
device_model = '/usr/lib/xen/bin/qemu-dm'
boot = "cda"
sdl = 0
opengl = 1
vnc = 1
vncpasswd = ''
stdvga = 0
serial = 'pty'
usb = 1
usbdevice = 'tablet'
localtime = 1
END
truncate -s 16M "$dir/disk.img"
"$hvm" create "$dir/old.cfg" >"$dir/out" 2>"$dir/err" || fail "of old: $(cat "$dir/err")"
for note in 'builder is an old spelling' 'device_model is an old spelling' \
	'kernel names hvmloader' 'hda is spelled as of old'; do
	grep -q "^$dir/old.cfg:[0-9]*: .*$note" "$dir/err" || fail "no note: $note"
done
screen 2 'Booting from Hard Disk' || fail "it does not start from its disk"
[ "$("$hvm" domid ExampleHVMDomain)" = 2 ] || fail "domid: $("$hvm" domid ExampleHVMDomain)"
says 0 '' destroy ExampleHVMDomain
nothing_left
