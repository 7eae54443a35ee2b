#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh std|cirrus [-q]: every mode of the adapter's VGA BIOS, drawn by walk.c and compared to the
# pixel; what modes there are is in ADAPTER.want. MODES_KEEP=FOLDER leaves the pictures there.
set -eu
BUILD=${BUILD:-build}
vga=$1
quick=${2:-}
src=tests/guest/modes
[ -x "$BUILD/bin/modes" ] || { echo "no build/bin/modes" && exit 77; }
dir=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || :; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

${CC:-cc} -m16 -march=i386 -O2 -std=c11 -ffreestanding -fno-pic -fno-stack-protector \
	-fcf-protection=none -fno-asynchronous-unwind-tables -nostdlib -static \
	-Wall -Wextra -Werror -Wl,-m,elf_i386,-Ttext=0x7e00,--section-start=.start=0x7c00 \
	-Wl,--build-id=none $src/start.S $src/walk.c -o "$dir/walk.elf"
objcopy -O binary -j .start -j .text -j .rodata -j .data "$dir/walk.elf" "$dir/walk.img"
truncate -s 1M "$dir/walk.img"

"$BUILD/bin/hvm-dm" -accel "${HVM_ACCEL:-soft}" \
	-m 64 -nodefaults -display none -vga "$vga" -no-reboot \
	-drive file="$dir/walk.img",format=raw,if=ide -device isa-debug-exit,iobase=0xf4,iosize=4 \
	-serial "unix:$dir/serial,server=on,wait=on" \
	-monitor "unix:$dir/monitor,server=on,wait=off" 2>"$dir/err" &
pid=$!
rc=0
# shellcheck disable=SC2086
"$BUILD/bin/modes" $quick "$dir/serial" "$dir/monitor" "$dir" >"$dir/out" || rc=$?
if [ $rc != 0 ]; then
	cat "$dir/out" "$dir/err"
	exit 1
fi
wait "$pid" || :
pid=
[ -z "${MODES_KEEP:-}" ] || cp "$dir"/*.ppm "$MODES_KEEP"
if [ -n "$quick" ]; then
	awk '$3 == "text" || $4 <= 640' "$src/$vga.want" >"$dir/want"
else
	cp "$src/$vga.want" "$dir/want"
fi
diff "$dir/want" "$dir/out"
