#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bochs.sh KERNEL: a multiboot kernel by GRUB from a CD on Bochs; its port E9 is standard output.
set -eu
dir=$1.bochs
rm -rf "$dir"
mkdir -p "$dir/iso/boot/grub"
cp "$1" "$dir/iso/boot/kernel"
printf 'multiboot /boot/kernel\nboot\n' >"$dir/iso/boot/grub/grub.cfg"
grub-mkrescue -d /usr/lib/grub/i386-pc --install-modules='multiboot normal iso9660 biosdisk' \
	--themes= --locales= --fonts= -o "$dir/cd.iso" "$dir/iso" >/dev/null 2>&1
cat >"$dir/rc" <<END
megs: 64
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
ata0-master: type=cdrom, path=$dir/cd.iso, status=inserted
boot: cdrom
display_library: rfb, options="timeout=0"
port_e9_hack: enabled=1
panic: action=fatal
error: action=ignore
info: action=ignore
log: /dev/null
clock: sync=none
END
# Debian's has the debugger in it, which wants to be told to go on.
echo c >"$dir/go"
exec bochs -q -f "$dir/rc" -rc "$dir/go" </dev/null
