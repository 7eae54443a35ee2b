#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# -kernel through SeaBIOS and our option ROM: Debian's 32-bit kernel with 64 MiB, fetched by
# fw_cfg's ports; the 64-bit one with 6 GiB and an initrd of 18 MiB, by its DMA. With a screen it is
# the way that is taken by itself, and the kernel's words are on it. What is no kernel is refused.
set -eu
BUILD=${BUILD:-build}
guest=$BUILD/guest
dm="$BUILD/bin/hvm-dm -accel ${HVM_ACCEL:-soft} -display none -nodefaults -no-reboot"
for arch in amd64 i386; do
	[ ! -f "$guest/missing-$arch" ] || { cat "$guest/missing-$arch" && exit 77; }
done
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
[ -f /usr/share/seabios/bios-256k.bin ] || { echo "no seabios" && exit 77; }
command -v socat >/dev/null || { echo "no socat" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

# refused SENTENCE OPTION…
refused() {
	want=$1
	shift
	! $dm -M pc,kernel-loader=rom "$@" >"$dir/said" 2>&1 || exit 1
	grep -qF "$want" "$dir/said" && return
	echo "not refused with '$want':" && cat "$dir/said"
	exit 1
}
head -c 20000 /dev/zero >"$dir/zeros"
head -c 100000 "$guest/vmlinuz-amd64" >"$dir/short"
refused 'no Linux bzImage' -kernel "$dir/zeros"
refused 'no Linux bzImage' -kernel "$guest/debuggee"
refused 'needs RAM up to' -m 24 -kernel "$dir/short"
refused 'no room for' -m 128 -kernel "$dir/short" -initrd "$guest/disk-amd64.img"

# boots ARCH MIB OPTION…: to its shell; STEPS follow
boots() {
	arch=$1 mem=$2
	shift 2
	# shellcheck disable=SC2086
	"$BUILD/bin/talk" -t 280 -n 'Kernel panic' -n 'BUG: ' -n 'Oops' -n 'WARNING: ' \
		${GUEST_LOG:+-o "$GUEST_LOG"} 'SeaBIOS' 'Booting from ROM' 'Linux version' \
		'Run /init' "${step:-guest# }" \
		"<set -- \$(grep MemTotal /proc/meminfo)" 'guest# ' \
		"<[ \$2 -gt $((mem * 600)) ] && echo 'enough' RAM" 'enough RAM' 'guest# ' \
		"<grep -q nothing /proc/cmdline && echo 'told' so" 'told so' 'guest# ' \
		'<poweroff -f' -- \
		$dm -m "$mem" -serial stdio -kernel "$guest/unpacked-$arch" "$@" \
		-append 'console=tty0 console=ttyS0 cryptomgr.notests nothing'
}
step=
printf '\370\003' >"$dir/port"
{ cat "$guest/initrd-amd64.cpio" && head -c 15000000 /dev/zero; } >"$dir/large"
boots i386 64 -M pc,kernel-loader=rom -initrd "$guest/initrd-i386.cpio" \
	-fw_cfg "etc/sercon-port,file=$dir/port" -global fw_cfg_io.dma_enabled=off
step="!sh tests/guest/lib/qmp.sh $dir/qmp screen 'Run /init as init'"
boots amd64 6144 -vga std -initrd "$dir/large" \
	-fw_cfg "etc/sercon-port,file=$dir/port" -qmp "unix:$dir/qmp,server=on,wait=off"
