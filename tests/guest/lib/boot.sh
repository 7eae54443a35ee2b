#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# boot.sh ARCH [NAME=VALUE]…: boots a Linux guest with hvm-dm to its shell, has it check itself, and
# lets it end; status 77 when its parts are missing. ARCH is amd64 or i386; the names:
#   kernel=vmlinuz|unpacked|FILE [vmlinuz]   initrd=FILE [initrd-ARCH.cpio]   in $BUILD/guest
#   mem=MIB [512]    cpus=N [1]    accel=ENGINE [$HVM_ACCEL, or soft]    t=SECONDS for it all [560]
#   append=TEXT      after console=ttyS0
#   check=PROGRAM    [selfcheck]; selfcheck32 is on the amd64 guest too
#   bits=N           that it was built for [by ARCH and check]
#   immune=yes       the kernel is to take our own processors for what docs/security.md says of them
#   end=acpi|exit    powers off by ACPI, or by isa-debug-exit [acpi]
#   extra=OPTIONS    of hvm-dm, put last
# HVM_DM=COMMAND in the environment runs in hvm-dm's place (remote.sh beside this).
set -eu
arch=$1
shift
kernel=vmlinuz mem=512 cpus=1 accel=${HVM_ACCEL:-soft} t=560 append= check=selfcheck bits=
end=acpi extra= immune=
initrd=initrd-$arch.cpio
for setting; do
	case $setting in
	kernel=* | initrd=* | mem=* | cpus=* | accel=* | t=* | append=* | check=* | bits=* | \
		immune=* | end=* | extra=*) eval "${setting%%=*}=\${setting#*=}" ;;
	*) echo "boot.sh: $setting?" && exit 2 ;;
	esac
done
guest=${BUILD:-build}/guest
[ ! -f "$guest/missing-$arch" ] || { cat "$guest/missing-$arch" && exit 77; }
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
case $kernel in vmlinuz | unpacked) kernel=$kernel-$arch ;; esac
if [ -z "$bits" ]; then
	bits=64
	case $arch$check in i386* | *32) bits=32 ;; esac
fi
machine=x86_64
[ $arch = amd64 ] || machine=i686

# Nearly all of it (the kernel itself, its page array and a crash reserve are the rest), but a
# kernel without PAE ends where 4 GiB do. The words asked for are not those that are typed.
most=$mem
[ $arch = amd64 ] || [ "$mem" -le 3072 ] || most=3072
kib=$(((most - 16) * 1024 * 8 / 10))
memory="set -- \$(grep MemTotal /proc/meminfo); [ \$2 -gt $kib ] && echo 'memory' is enough"

case $immune$accel in
yessoft*)
	set -- '<cd /sys/devices/system/cpu/vulnerabilities && grep -H . md* mel* mm* *v2; cd /' \
		'mds:Not affected' 'meltdown:Not affected' 'mmio_stale_data:Not affected' \
		'spectre_v2:Mitigation: Enhanced' 'guest# '
	;;
*) set -- ;;
esac

case $end in
acpi) bye='poweroff -f' status=0 ;;
exit) bye="$check exit 3" status=7 ;;
esac
echo "boot: $kernel, $mem MiB, $cpus vCPUs, -append 'console=ttyS0${append:+ $append}'"
# shellcheck disable=SC2086
exec "${BUILD:-build}/bin/talk" -t "$t" -s $status -n 'Kernel panic' -n 'BUG: ' -n 'Oops' \
	-n 'WARNING: ' -n 'FAIL ' -n 'rcu: INFO' -n 'no module' ${GUEST_LOG:+-o "$GUEST_LOG"} \
	'Run /init' 'init: ready' 'guest# ' \
	"<$memory" 'memory is enough' 'guest# ' "$@" \
	"<$check" "selfcheck: $bits bits on $machine, $cpus CPUs" 'ok sha256' 'ok libm' 'ok x87' \
	'ok sse2' 'ok fork' 'ok exec' 'ok threads' 'ok page faults' 'ok traps' 'ok timer signal' \
	' ok, 0 failed' 'guest# ' "<$bye" \
	-- ${HVM_DM:-"${BUILD:-build}/bin/hvm-dm"} -accel "$accel" -m "$mem" -smp "$cpus" \
	-display none -nodefaults -serial stdio -no-reboot \
	-kernel "$guest/$kernel" -initrd "$guest/$initrd" \
	-append "console=ttyS0${append:+ $append}" \
	-device isa-debug-exit,iobase=0xf4,iosize=4 $extra
