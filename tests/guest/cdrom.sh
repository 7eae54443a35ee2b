#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# One disc after the other in the CD-ROM drive of a running guest (Debian's kernel, sr_mod): by
# QMP's blockdev-change-medium, by eject or an open tray before it, by HMP's change. After each the
# kernel notices the change by itself, finds the new disc, its size and what is on it. A mounted
# disc is locked: an eject without force is refused and the guest hears of the wish. The guest moves
# the tray too. DEVICE_TRAY_MOVED comes as often as the tray moved. DISCS=N: how many.
# GUEST_DM='qemu-system-x86_64 -accel tcg' runs it on QEMU.
set -eu
BUILD=${BUILD:-build}
guest=$BUILD/guest discs=${DISCS:-10}
dm=${GUEST_DM:-${HVM_DM:-$BUILD/bin/hvm-dm} -accel ${HVM_ACCEL:-soft}}
[ ! -f "$guest/missing-amd64" ] || { cat "$guest/missing-amd64" && exit 77; }
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
command -v socat >/dev/null || { echo "no socat" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

# Discs of 100 blocks and more, each of another size.
n=10
while [ $n -lt $((10 + discs)) ]; do
	"$BUILD/bin/iso" "$dir/$n.iso" CD$n "this is disc $n" $((90 + n))
	n=$((n + 1))
done
sh tests/guest/lib/overlay.sh "$dir/initrd" tests/guest/lib/disc.sh

qmp="!sh tests/guest/lib/qmp_log.sh $dir"
change() {
	echo "$qmp ask '\"execute\":\"blockdev-change-medium\",\"arguments\":{\"id\":\"cd0\"," \
		"\"filename\":\"$dir/$1.iso\",\"format\":\"raw\"}'"
}
hmp() {
	echo "$qmp ask '\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":" \
		"\"$1\"}'"
}
tray() {
	echo "$qmp ask '\"execute\":\"$1\",\"arguments\":{\"id\":\"cd0\"$2}'"
}
next() {
	echo "<sh /bin/disc.sh next $1"
}
noticed() {
	echo "noticed $1: this is disc $1, $((90 + $1)) blocks"
}
moved=0
# tray_moved N: so many times more than by the first discs.
tray_moved() {
	echo "$qmp wait DEVICE_TRAY_MOVED $((moved + $1))"
}

set -- 'init: ready' 'guest# ' "$qmp start" '<sh /bin/disc.sh watch' 'guest# '
n=10
while [ $n -lt $((10 + discs)) ]; do
	case $((n % 5)) in
	0 | 1) set -- "$@" "$(change $n)" ;;
	2)
		set -- "$@" "$(tray eject '')" '<sh /bin/disc.sh gone' 'noticed none' 'guest# ' \
			"$(change $n)"
		;;
	3) set -- "$@" "$(tray blockdev-open-tray '')" "$(change $n)" ;;
	4) set -- "$@" "$(hmp "change cd0 $dir/$n.iso raw")" ;;
	esac
	set -- "$@" "$(next $n)" "$(noticed $n)" 'guest# '
	moved=$((moved + 2))
	n=$((n + 1))
done
set -- "$@" "$(tray_moved 0)"
# Locked: the guest has it mounted.
set -- "$@" '<mount -t iso9660 -o ro /dev/sr0 /cd && echo "mounted" it' 'mounted it' 'guest# ' \
	"$qmp refused locked '\"execute\":\"eject\",\"arguments\":{\"id\":\"cd0\"}'" \
	'<sh /bin/disc.sh asked' 'noticed wish' 'guest# ' \
	"$(hmp 'eject cd0')" '<sh /bin/disc.sh asked' 'noticed wish' 'guest# ' \
	"$qmp wait 'is locked' 2" "$(tray_moved 0)" \
	'<echo "still" $(cat /cd/*)' 'still this is disc' 'guest# ' \
	"$(tray eject ',"force":true')" "$(tray_moved 1)" \
	'<umount /cd; sh /bin/disc.sh gone' 'noticed none' 'guest# '
# The guest takes it out after a look, and shuts an open tray before one.
set -- "$@" "$(change 10)" "$(next 10)" "$(noticed 10)" 'guest# ' "$(tray_moved 2)" \
	'<echo 1 >/proc/sys/dev/cdrom/autoeject; dd if=/dev/sr0 of=/dev/null count=1' 'guest# ' \
	"$(tray_moved 3)" '<echo 0 >/proc/sys/dev/cdrom/autoeject' 'guest# ' \
	'<echo 1 >/proc/sys/dev/cdrom/autoclose; dd if=/dev/sr0 bs=4 skip=8202 count=1' 'CD10' \
	'guest# ' "$(tray_moved 4)"

set -- "$@" "<sh /bin/disc.sh told $discs" ': enough' 'guest# '

# shellcheck disable=SC2086
"$BUILD/bin/talk" -t 580 -s 0 -n 'Kernel panic' -n 'BUG: ' -n 'Oops' -n 'no module' \
	-n 'in vain' ${GUEST_LOG:+-o "$GUEST_LOG"} "$@" '<poweroff -f' \
	-- $dm -m 256 -display none -nodefaults -serial stdio -no-reboot \
	-kernel "$guest/unpacked-amd64" -initrd "$dir/initrd" \
	-append 'console=ttyS0 cryptomgr.notests drivers=ata_piix,sr_mod,isofs' \
	-drive if=none,media=cdrom,id=disc -device ide-cd,drive=disc,bus=ide.1,id=cd0 \
	-qmp "unix:$dir/qmp,server=on,wait=off"
