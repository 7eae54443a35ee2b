#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# SeaBIOS starts iPXE from each NIC's ROM; iPXE gets an address and a script from hvm-nat by DHCP
# and TFTP, and runs it.
set -eu
bin=${BUILD:-build}/bin
[ -x "$bin/hvm-nat" ] || { echo "no hvm-nat (libslirp-dev)" && exit 77; }
[ -f /usr/lib/ipxe/qemu/efi-e1000.rom ] || { echo "no ipxe-qemu" && exit 77; }
[ -f /usr/share/seabios/bios-256k.bin ] || { echo "no seabios" && exit 77; }
dir=$(mktemp -d)
pid=
trap 'kill -9 $pid 2>/dev/null || :; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$dir/tftp"
printf '#!ipxe\necho SCRIPT WAS RUN ON ${net0/chip}\nshell\n' >"$dir/tftp/boot.ipxe"

# boots MODEL CHIP
boots() {
	mkfifo "$dir/in"
	"$bin/hvm-dm" -accel "${HVM_ACCEL:-soft}" \
	-m 128 -display none -serial null -boot n -nodefaults -vga std \
		-nic "user,model=$1,tftp=$dir/tftp,bootfile=boot.ipxe" -monitor stdio \
		<"$dir/in" >"$dir/out" 2>&1 &
	pid=$!
	exec 3>"$dir/in"
	trap '' PIPE # when it has ended that is for us to say
	i=0
	until grep -q "SCRIPT WAS RUN ON $2" "$dir/out"; do
		i=$((i + 1))
		if [ $i = 120 ]; then
			tail -n 30 "$dir/out"
			echo "$1: no script within 240 s"
			exit 1
		fi
		sleep 2
		echo 'info screen' 2>/dev/null >&3 || break
	done
	echo quit 2>/dev/null >&3 || tail -n 30 "$dir/out"
	exec 3>&-
	wait $pid || { echo "$1: ended with status $?" && exit 1; }
	trap - PIPE
	grep -q "SCRIPT WAS RUN ON $2" "$dir/out" || { echo "$1: ended by itself" && exit 1; }
	rm "$dir/in"
	echo "$1: booted"
}

boots e1000 82540em
boots rtl8139 rtl8139
