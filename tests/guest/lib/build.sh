#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# build.sh OUT: Linux guests for tests, from Debian's packages, into OUT. For amd64 and i386:
#   vmlinuz-ARCH       Debian's kernel as it is
#   unpacked-ARCH      the same one already unpacked, for CPUs as slow as an interpreter (repack.c)
#   initrd-ARCH.cpio   busybox, selfcheck, a shell on the console (lib/init)
#   debuggee, debuggee.elf   a small payload and its symbols, for a debugger
#   drivers-amd64.cpio.gz   the same, with the modules of our devices' drivers
#   disk-amd64.img     a disk with GRUB, that kernel and a root file system (disk.sh)
# What cannot be built says why, naming the package, in OUT/missing-ARCH; that is no error.
set -eu
out=$1
src=$(dirname "$0")
CC=${CC:-cc}
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
applets='sh cat dd dmesg echo free grep insmod ls lsmod mkdir mknod modprobe mount poweroff ps
	reboot sha256sum sleep sync tr true umount uname'
drivers='ata_piix sd_mod sr_mod ext4 isofs vfat 8139too 8139cp e1000 psmouse evdev uhci_hcd usbhid
	hid_generic button floppy pcspkr bochs cirrus i2c_piix4 qemu_fw_cfg af_packet
	crc32c_generic nls_cp437 nls_ascii'

. "$src/disk.sh"

# lacks ARCH WHY: notes it; the guest's tests are skipped with these words.
lacks() {
	echo "$2" >"$out/missing-$1"
	echo "guests: no $1 guest: $2"
}

# pack FOLDER: as the kernel reads it; names sorted, no times: the same input is the same file.
pack() {
	(cd "$1" && find . -exec touch -h -d @0 {} + && find . | LC_ALL=C sort |
		"$busybox" cpio -o -H newc 2>/dev/null)
}

# selfcheck BITS FILE
selfcheck() {
	fp=
	[ "$1" = 64 ] || fp='-msse2 -mfpmath=sse'
	$CC -m"$1" $fp -O2 -std=c11 -D_GNU_SOURCE -pthread -static -s -Wall -Wextra -Werror \
		"$src"/../selfcheck/*.c -lm -o "$2"
}

# The parts that both guests have, with the given busybox.
common() {
	mkdir -p "$1/bin" "$1/proc" "$1/sys" "$1/dev" "$1/tmp"
	cp "$2" "$1/bin/busybox"
	cp "$src/init" "$1/init"
	chmod 755 "$1/init" "$1/bin/busybox"
	for a in $applets; do ln -sf busybox "$1/bin/$a"; done
}

# What tests/guest/gdb.sh debugs: symbols for 64-bit code, in a file that multiboot can load.
debuggee() {
	$CC -m64 -O0 -g -ffreestanding -fno-pic -mno-red-zone -mgeneral-regs-only \
		-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables \
		-nostdlib -static -Wall -Wextra -Werror -Wl,-Ttext=0x200000,--build-id=none \
		-Wl,-z,max-page-size=4096,--section-start=.multiboot=0x1ff000 \
		"$src/debuggee_start.S" "$src/debuggee.c" -o "$out/debuggee.elf"
	objcopy -O elf32-i386 "$out/debuggee.elf" "$out/debuggee"
}

# unpacked ARCH FLAGS…
unpacked() {
	arch=$1
	shift
	$CC "$@" -nostdlib -static -Wl,-Ttext=0x100000,--build-id=none,--oformat=binary \
		"$src/unpacked.S" -o "$work/stub"
	"$work/repack" payload "$out/vmlinuz-$arch" | xz -dc >"$work/vmlinux"
	"$work/repack" unpacked "$out/vmlinuz-$arch" "$work/vmlinux" "$work/stub" \
		>"$out/unpacked-$arch"
}

# with_modules FOLDER MODULE…: adds them and what they need.
with_modules() {
	tree=$1
	shift
	release=$(cd "$work/deb/lib/modules" && echo *)
	kernel=$work/deb/lib/modules/$release
	"$busybox" depmod -b "$work/deb" "$release"
	for m; do
		grep -E "(^|/)$(echo "$m" | sed 's/_/[-_]/g')\.ko:" "$kernel/modules.dep" || :
	done | tr -d : | tr ' ' '\n' | sort -u >"$work/modules"
	while read -r m; do
		mkdir -p "$tree/lib/modules/$release/$(dirname "$m")"
		cp "$kernel/$m" "$tree/lib/modules/$release/$m"
	done <"$work/modules"
	"$busybox" depmod -b "$tree" "$release"
}

amd64() {
	busybox=${BUSYBOX:-/bin/busybox}
	[ -f "${DEB_LINUX:-}" ] || { lacks amd64 'no linux-image-amd64'; return; }
	command -v xz >/dev/null || { lacks amd64 'no xz-utils'; return; }
	if ! "$busybox" true 2>/dev/null || ldd "$busybox" >/dev/null 2>&1; then
		lacks amd64 'no busybox-static'
		return
	fi
	mkdir -p "$work/deb" "$work/amd64"
	dpkg-deb --fsys-tarfile "$DEB_LINUX" | tar -xC "$work/deb" ./boot ./lib/modules
	cp "$work"/deb/boot/vmlinuz-* "$out/vmlinuz-amd64"
	unpacked amd64 -DWIDE
	common "$work/amd64" "$busybox"
	selfcheck 64 "$work/amd64/bin/selfcheck"
	[ -z "${LIB32:-}" ] || selfcheck 32 "$work/amd64/bin/selfcheck32"
	pack "$work/amd64" >"$out/initrd-amd64.cpio"
	# shellcheck disable=SC2086
	with_modules "$work/amd64" $drivers
	pack "$work/amd64" | gzip -n >"$out/drivers-amd64.cpio.gz"
	disk
	rm -f "$out/missing-amd64"
}

# The installer's kernel and busybox, the latter with its libc.
i386() {
	[ -f "${DI_I386:-}" ] || { lacks i386 'no debian-installer-12-netboot-i386'; return; }
	[ -n "${LIB32:-}" ] || { lacks i386 'no gcc-multilib'; return; }
	command -v xz >/dev/null || { lacks i386 'no xz-utils'; return; }
	busybox=${BUSYBOX:-/bin/busybox}
	"$busybox" true 2>/dev/null || { lacks i386 'no busybox-static'; return; }
	cp "$DI_I386" "$out/vmlinuz-i386"
	unpacked i386
	mkdir -p "$work/di" "$work/i386/lib"
	gzip -dc "$(dirname "$DI_I386")/initrd.gz" |
		(cd "$work/di" && "$busybox" cpio -id bin/busybox 'lib/ld-linux*' \
			'lib/i386-linux-gnu/*' 2>/dev/null)
	common "$work/i386" "$work/di/bin/busybox"
	mkdir -p "$work/i386/lib/i386-linux-gnu"
	cp -P "$work"/di/lib/ld-linux.so.2 "$work/i386/lib/"
	cp -P "$work"/di/lib/i386-linux-gnu/ld-linux.so.2 "$work"/di/lib/i386-linux-gnu/libc.so.6 \
		"$work/i386/lib/i386-linux-gnu/"
	selfcheck 32 "$work/i386/bin/selfcheck"
	pack "$work/i386" >"$out/initrd-i386.cpio"
	rm -f "$out/missing-i386"
}

$CC -O2 -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror "$src/repack.c" -o "$work/repack"
debuggee
amd64
i386
