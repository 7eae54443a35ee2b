#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's kernel on four vCPUs, CPUS=N, with a root of Debian's gcc, make and stress-ng: `make -j4`
# of a small C project and a checksum by threads, PROJECTS=N times [3], to the byte what this host
# makes of them; then stress-ng's stressors of processor, memory and synchronization with --verify
# for STRESS=SECONDS [600] in all. Fails on any word of the kernel's about lost time, locks, faults.
# LIMIT=SECONDS for the whole [7000].
# Seconds: 7200
set -eu
BUILD=${BUILD:-build}
guest=$BUILD/guest lib=tests/full/smp
[ ! -f "$guest/missing-amd64" ] || { cat "$guest/missing-amd64" && exit 77; }
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
for tool in stress-ng dpkg /usr/bin/gcc; do
	command -v $tool >/dev/null && continue
	echo "no $tool (./configure --install-deps=full)"
	exit 77
done
[ -x /sbin/mke2fs ] || { echo "no e2fsprogs" && exit 77; }
image=$guest/smp.img
if [ ! -f "$image" ] || [ -n "$(find $lib "$guest/made" -newer "$image")" ]; then
	sh $lib/disk.sh "$image"
fi

run='busybox chroot /disk sh /guest.sh'
or='|| echo guest.sh: fai""led'
[ "${PROJECTS:=3}" = 0 ] ||
	set -- "<$run project $PROJECTS $or" 'as on the host' 'guest.sh: all well' 'guest# '
done='successful run completed'
[ "${STRESS:=600}" = 0 ] ||
	set -- "$@" "<$run stress $STRESS $or" "$done" "$done" "$done" 'guest.sh: all well' \
		'guest# '
# shellcheck disable=SC2086
exec "$BUILD/bin/talk" -t "${LIMIT:-7000}" -s 0 ${GUEST_LOG:+-o "$GUEST_LOG"} \
	-n 'Kernel panic' -n 'BUG: ' -n 'Oops' -n 'WARNING: ' -n 'rcu: INFO' -n 'no module' \
	-n 'stress-ng: fail' -n 'segfault' -n 'invalid opcode' -n 'traps: ' -n 'blocked for more' \
	-n 'Out of memory' -n 'guest.sh: failed' \
	"smp: Brought up 1 node, ${CPUS:-4} CPU" 'init: ready' 'guest# ' \
	'<until [ -b /dev/sda ]; do sleep 1; done; mkdir /disk' 'guest# ' \
	'<mount -t ext4 /dev/sda /disk && mount -o bind /proc /disk/proc' 'guest# ' \
	'<mount -o bind /dev /disk/dev && echo mou""nted' 'mounted' \
	"$@" '<poweroff -f' \
	-- ${HVM_DM:-"$BUILD/bin/hvm-dm"} -accel "${HVM_ACCEL:-soft}" -m 2048 -smp "${CPUS:-4}" \
	-display none -nodefaults -serial stdio -no-reboot \
	-drive "file=$image,format=raw,snapshot=on" \
	-kernel "$guest/unpacked-amd64" -initrd "$guest/drivers-amd64.cpio.gz" \
	-append 'console=ttyS0 cryptomgr.notests drivers=ata_piix,sd_mod,ext4,crc32c_generic'
