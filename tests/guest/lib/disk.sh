# SPDX-License-Identifier: GPL-2.0-or-later
# Part of build.sh: disk-amd64.img, a disk that boots as an installed Debian does. GRUB in the gap
# behind the boot sector, one ext4 partition with the kernel, an initramfs that finds the disk, and
# busybox's init, logins and acpid. Root's password is "disk". Nothing is mounted.
# shellcheck shell=sh
# shellcheck disable=SC2154 # variables of build.sh
disk_mib=192
disk_start=2048 # sector of the partition, as every partitioner has it
grub=/usr/lib/grub/i386-pc
root_applets='sh acpid cat dmesg echo getty grep hostname init login ls modprobe mount poweroff
	reboot sha256sum sleep sync umount uname'
initrd_applets='sh echo mkdir modprobe mount sleep switch_root umount'

# links FOLDER APPLET…: a tree with busybox in it.
links() {
	tree=$1
	shift
	mkdir -p "$tree/bin" "$tree/proc" "$tree/sys" "$tree/dev" "$tree/root" "$tree/tmp"
	cp "$busybox" "$tree/bin/busybox"
	for a; do ln -s busybox "$tree/bin/$a"; done
}

disk_initrd() {
	# shellcheck disable=SC2086
	links "$work/first" $initrd_applets
	cp "$src/disk/initrd" "$work/first/init"
	chmod 755 "$work/first/init"
	with_modules "$work/first" ata_piix sd_mod ext4 crc32c_generic
	pack "$work/first"
}

disk_root() {
	# shellcheck disable=SC2086
	links "$work/root" $root_applets
	ln -s bin "$work/root/sbin"
	mkdir -p "$work/root/etc/acpi/PWRF" "$work/root/boot/grub" \
		"$work/root/var/log" "$work/root/var/run"
	cp "$src/disk/inittab" "$src/disk/rcS" "$work/root/etc/"
	printf '#!/bin/sh\nexec poweroff\n' >"$work/root/etc/acpi/PWRF/00000080"
	chmod 755 "$work/root/etc/rcS" "$work/root/etc/acpi/PWRF/00000080"
	printf 'root:%s:0:0:root:/root:/bin/sh\n' "$("$busybox" mkpasswd -m md5 -S hvmguest disk)" \
		>"$work/root/etc/passwd"
	printf 'root:x:0:\n' >"$work/root/etc/group"
	printf 'Debian on \\n \\l\n\n' >"$work/root/etc/issue"
	with_modules "$work/root" button evdev
	cp "$src/disk/grub.cfg" "$work/root/boot/grub/"
	cp "$out/unpacked-amd64" "$work/root/boot/vmlinuz"
	disk_initrd >"$work/root/boot/initrd"
}

# le32 N: its four bytes.
le32() {
	# shellcheck disable=SC2059
	printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $(($1 & 255)) $(($1 >> 8 & 255)) \
		$(($1 >> 16 & 255)) $(($1 >> 24)))"
}

# GRUB's boot.img looks for its continuation in sector 1, where the image then lies in one piece.
disk_grub() {
	printf '%s\n' 'search.fs_label disk root' 'set prefix=($root)/boot/grub' >"$work/early.cfg"
	grub-mkimage -O i386-pc -d "$grub" -p /boot/grub -c "$work/early.cfg" -o "$work/core.img" \
		biosdisk part_msdos ext2 search_label normal serial terminal linux echo reboot
	[ "$(wc -c <"$work/core.img")" -le $(((disk_start - 1) * 512)) ]
	dd if="$grub/boot.img" of="$1" bs=446 count=1 conv=notrunc status=none
	{
		printf '\200\376\377\377\203\376\377\377'
		le32 $disk_start
		le32 $((disk_mib * 2048 - disk_start))
	} | dd of="$1" bs=1 seek=446 conv=notrunc status=none
	printf '\125\252' | dd of="$1" bs=1 seek=510 conv=notrunc status=none
	dd if="$work/core.img" of="$1" bs=512 seek=1 conv=notrunc status=none
}

disk() {
	img=$out/disk-amd64.img
	rm -f "$img"
	for need in "$grub/boot.img grub-pc-bin" "/sbin/mke2fs e2fsprogs"; do
		[ ! -e "${need% *}" ] || continue
		echo "no ${need#* }" >"$out/missing-disk"
		echo "guests: no disk: no ${need#* }"
		return
	done
	disk_root
	truncate -s ${disk_mib}M "$img"
	/sbin/mke2fs -q -t ext4 -L disk -E offset=$((disk_start * 512)),root_owner=0:0 \
		-d "$work/root" "$img" $((disk_mib * 1024 - disk_start / 2))
	disk_grub "$img"
	rm -f "$out/missing-disk"
}
