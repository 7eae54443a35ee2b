#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# installer.sh ARCH KIND VGA [NIC]: Debian's installer of netboot's files, KIND text or gtk, from a
# CD made of them, or with a NIC by PXE; from its menu on by keys, up to the languages and, with
# another key, to what comes after them. GUEST_DM='qemu-system-x86_64 -accel tcg' runs it on QEMU.
set -eu
arch=$1 kind=$2 vga=$3 nic=${4:-}
BUILD=${BUILD:-build}
dm=${GUEST_DM:-$BUILD/bin/hvm-dm -accel ${HVM_ACCEL:-soft}}
files=/usr/lib/debian-installer/images/12/$arch/$kind
isolinux=/usr/lib/ISOLINUX/isolinux.bin
[ -d "$files" ] || { echo "no debian-installer-12-netboot-$arch" && exit 77; }
[ -f /usr/share/seabios/bios-256k.bin ] || { echo "no seabios" && exit 77; }
command -v socat >/dev/null || { echo "no socat" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

if [ -n "$nic" ]; then
	[ -x "$BUILD/bin/hvm-nat" ] || { echo "no hvm-nat (libslirp-dev)" && exit 77; }
	set -- -boot n -nic "user,model=$nic,tftp=$files,bootfile=pxelinux.0"
else
	command -v xorriso >/dev/null || { echo "no xorriso" && exit 77; }
	[ -f $isolinux ] || { echo "no isolinux" && exit 77; }
	xorriso -as mkisofs -quiet -R -J -f -V installer -b isolinux.bin -c boot.cat \
		-no-emul-boot -boot-load-size 4 -boot-info-table -graft-points \
		-o "$dir/installer.iso" /isolinux.bin=$isolinux \
		"/isolinux.cfg=$files/pxelinux.cfg/default" "/ldlinux.c32=$files/ldlinux.c32" \
		"/debian-installer=$files/debian-installer"
	set -- -boot d -cdrom "$dir/installer.iso" -usb -device usb-tablet
fi

qmp="!sh tests/guest/lib/qmp.sh $dir/qmp"
limit=$((${SECONDS_MAX:-600} - 20))
export QMP_SECONDS=$limit
# Pictures with shades are kept with five bits of a colour. One menu counts down to its speech.
name=$kind bits=8
[ "$vga" = std ] || name=$kind-$vga
[ "$kind" = text ] || bits=5
# A pixel of a Chinese letter that 32-bit code draws otherwise, under QEMU too.
[ $arch-$kind != i386-gtk ] || bits='5 -m 247,306,1,1'
# shellcheck disable=SC2086
"$BUILD/bin/talk" -t $limit -k -n 'Kernel panic' \
	"$qmp picture installer-menu-$kind -b 5 -m 500,376,140,16" "$qmp press ret" \
	"$qmp picture installer-language-$name -b $bits" "$qmp press ret" \
	"$qmp picture installer-location-$name -b $bits" \
	-- $dm -m 1024 -nodefaults -vga "$vga" -display none -serial stdio -no-reboot \
	-qmp "unix:$dir/qmp,server=on,wait=off" "$@"
