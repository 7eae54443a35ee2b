#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# hvm's verbs on a live guest (Debian's kernel, busybox): what each does is seen from inside the
# guest, whose first serial port is what "hvm console" talks with here, or from outside
# (lib/live.sh).
set -eu
. tests/toolstack/lib/set.sh
guest=$BUILD/guest
[ ! -f "$guest/missing-amd64" ] || { cat "$guest/missing-amd64" && exit 77; }
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
[ -x "$bin/hvm-vnc" ] || { echo "no libvncserver-dev" && exit 77; }
command -v socat >/dev/null || { echo "no socat" && exit 77; }
export BUILD hvm dir
top=$(pwd)
case $guest in /*) ;; *) guest=$top/$guest ;; esac

for disc in a b; do "$bin/iso" "$dir/$disc.iso" "CD$disc" "this is disc $disc" 150; done
sum() { sha256sum <"$dir/$1.iso" | cut -c 1-64; }
modules=evdev,button,bochs,ata_piix,sr_mod,e1000
cat >"$dir/web.cfg" <<END
name = "web"
memory = 256
vcpus = 2
kernel = "$guest/unpacked-amd64"
ramdisk = "$guest/drivers-amd64.cpio.gz"
cmdline = "console=ttyS0 cryptomgr.notests sysrq_always_enabled drivers=$modules"
serial = "pty"
vga = "stdvga"
vnc = 1
vncpasswd = "secret"
disk = [ "$dir/a.iso,raw,hdc,cdrom" ]
vif = [ "mac=00:16:3e:01:02:03,model=e1000" ]
END

look() { echo "!sh tests/toolstack/lib/live.sh $*"; }
do_() { echo "!timeout 60 $hvm $*"; }
disc='until sha256sum /dev/sr0 2>/dev/null; do busybox usleep 200000; done'

# After kill the shell waits: a prompt that SIGCHLD comes in the way of is lost (write gives EINTR,
# and busybox 1.35's shell writes it no second time).
"$hvm" create -qp "$dir/web.cfg" >/dev/null
sh tests/toolstack/lib/live.sh paused
"$bin/talk" -t 240 -o "$dir/serial" -n 'Kernel panic' -n 'BUG: ' -n 'Oops' -n 'WARNING: ' \
	-n 'no module' \
	"$(do_ unpause web)" 'Run /init' 'init: ready' 'guest# ' \
	"$(look lists)" "$(look host)" "$(look stats)" \
	'<grep -c ^processor /proc/cpuinfo; cat /sys/class/net/eth0/address' \
	2 '00:16:3e:01:02:03' 'guest# ' \
	'<while :; do :; done &' 'guest# ' "$(look busy)" \
	'<kill $!; wait' 'guest# ' "$(look idle)" \
	"$(look pause)" "<echo an''swered" '!sleep 0.5' "!! grep -q answered $dir/serial" \
	"$(do_ unpause web)" 'answered' 'guest# ' \
	"<printf '\033[?25l\033[47m\033[2J\033[8m' >/dev/tty1; echo wh''ite" 'white' \
	"$(look screen '"\\252"')" "$(look png)" \
	"<printf '\033[0;40m\033[2J' >/dev/tty1; echo bl''ack" 'black' "$(look screen '"\\0"')" \
	'<sh </dev/tty1 >/dev/ttyS0 2>&1 &' 'guest# ' \
	"$(do_ type-text -ew web "'echo \"Typed: {a|B}~@#\$(uname)\"'")" 'Typed: {a|B}~@#Linux' \
	"$(look untypable)" "$(look stdin)" 'from_42_input' \
	"$(do_ send-key web e c h o spc k backslash e shift-y ret)" 'keY' \
	"$(do_ sysrq web h)" 'sysrq: HELP' \
	"$(do_ trigger web nmi)" 'NMI received' \
	'<' '<cat /sys/class/input/event1/device/name' 'Power Button' 'guest# ' \
	"<busybox hexdump -v -e '24/1 \"%02x\" \"\\n\"' /dev/input/event1 &" 'guest# ' \
	'<sleep 1; echo op""en' 'open' 'guest# ' \
	"$(do_ trigger web power)" '0100740001000000' '0100740000000000' \
	"$(do_ button-press web power)" '0100740001000000' '0100740000000000' \
	"<$disc" "$(sum a)" 'guest# ' \
	"$(do_ cd-eject web hdc)" "$(look disc)" '<sha256sum /dev/sr0' 'No medium found' 'guest# ' \
	"$(do_ cd-insert web hdc "$dir/b.iso")" "$(look disc b.iso)" "<$disc" "$(sum b)" 'guest# ' \
	"$(do_ rename web www)" "$(look renamed)" "$(look viewer)" \
	"$(do_ reboot -w web)" 'Linux version' "$(do_ reboot -wF web)" 'Linux version' 'Run /init' \
	'init: ready' 'guest# ' \
	'<(head -c 24 /dev/input/event1 >/dev/null; poweroff -f) &' 'guest# ' \
	'<sleep 1; echo op""en' 'open' 'guest# ' \
	"$(do_ shutdown -w web)" 'Power down' -- "$hvm" console web || fail "a step was not reached"
nothing_left

# In the foreground, its serial port on this terminal from the first word on; a guest of the same
# name by its id.
rc=0
rm "$dir/viewer.in"
VNCVIEWER=$dir/viewer "$bin/talk" -t 60 'Linux version' "$(do_ destroy 2)" -- \
	"$hvm" create -qcFA "$dir/web.cfg" 'name="fore"' 2>"$dir/err" || fail "create -cFA"
grep -q 'The console has closed' "$dir/err" || fail "create -c said: $(cat "$dir/err")"
soon grep -q secret "$dir/viewer.in" || fail "create -A started no viewer"
nothing_left

# Ctrl-] leaves a guest that runs on; all guests at once.
for name in one two; do
	"$hvm" create -q "$dir/web.cfg" "name=\"$name\"" 'disk=[]' >/dev/null
done
: >"$dir/said"
{ soon grep -q 'Linux version' "$dir/said" && printf '\035and more'; } |
	timeout 60 "$hvm" console one >"$dir/said" || fail "Ctrl-]: $(cat "$dir/said")"
timeout 60 "$hvm" reboot -aFw 2>"$dir/err" || fail "reboot -a: $(cat "$dir/err")"
[ "$(grep -c ': reboot$' "$dir/err")" = 2 ] || fail "reboot -a said: $(cat "$dir/err")"
[ "$("$hvm" list | sed 1d | wc -l)" = 2 ] || fail "list: $("$hvm" list)"
says 1 'hvm: error: shutdown which guest?' shutdown
says 1 'hvm: error: shutdown: --all, or guests by name?' shutdown -a one
says 0 '' shutdown -a
says 1 'hvm: error: trigger sleep: the machine has no sleep button' trigger one sleep
says 1 'hvm: error: --hold-time=x: a number from 0 to 60000 is needed' \
	send-key --hold-time=x one a
says 1 'hvm: error: Parameter '"'data' does not accept value 'nokey'" send-key one ctrl-nokey
says 1 'hvm: error: sysrq: hh is no letter or digit' sysrq one hh
says 1 'hvm: error: guest 3 has no CD drive hdc' cd-eject one hdc
says 1 'hvm: error: guest 3 has no serial port 1 on a pty (serial="pty")' console -n 1 one
for name in one two; do says 0 '' destroy $name; done
nothing_left

# No verb is left out; these need no guest, and tests/toolstack/verbs.sh has them.
sed 's/#.*//' tests/toolstack/live.sh tests/toolstack/lib/live.sh >"$dir/shown"
for verb in $("$hvm" help | awk '/^  / { print $1 }'); do
	case $verb in completion | config-keys | help) continue ;; esac
	grep -q -E "[ (]$verb( |\$|\))" "$dir/shown" || fail "nothing is shown of $verb"
done
