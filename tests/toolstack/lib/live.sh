#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What tests/toolstack/live.sh looks at from outside, while it talks with the guest; $hvm, $dir and
# $BUILD are in the environment. live.sh STEP [ARGUMENT]…
set -eu

fail() {
	echo "live.sh: $*"
	exit 1
}

# prints REGULAR_EXPRESSION VERB…: one of its lines is so
prints() {
	want=$1
	shift
	"$hvm" "$@" >"$dir/printed" || fail "hvm $*: status $?"
	grep -q -E -e "$want" "$dir/printed" || fail "hvm $*: no $want in: $(cat "$dir/printed")"
}

state() { "$hvm" list web | awk 'NR == 2 { print $5 }'; }
# What the guest's processors have taken, in tenths of a second.
ticks() { "$hvm" list web | awk 'NR == 2 { print $6 * 10 }'; }

# patience COMMAND…: until it succeeds, for 10 s
patience() {
	i=0
	until "$@"; do
		[ $((i += 1)) -lt 100 ] || fail "in vain: $*"
		sleep 0.1
	done
}

is_running() { [ "$(state)" = r----- ]; }
is_blocked() { [ "$(state)" = -b---- ]; }

# is_screen BYTE: each pixel of the picture has that in its red, green and blue
is_screen() {
	"$hvm" screenshot web "$dir/screen.ppm" || fail "no picture"
	[ "$(head -n 2 "$dir/screen.ppm" | tr '\n' ' ')" = 'P6 1280 800 ' ] || fail "not 1280x800"
	tail -c $((1280 * 800 * 3)) "$dir/screen.ppm" | tr -d "$1" >"$dir/others"
	[ ! -s "$dir/others" ]
}

case $1 in
paused)
	[ "$(state)" = --p--- ] || fail "state $(state)"
	[ "$(ticks)" = 0 ] || fail "it has run already"
	;;
lists)
	prints '^web {37} +1 +256 +2 +[r-][b-]---- +[0-9]+\.[0-9]$' list
	[ "$(ticks)" -gt 5 ] || fail "a boot took no time"
	prints '"mem": 256,' list --json web
	prints '"max_memkb": 262144,' list -l web
	prints '"mac": "00:16:3e:01:02:03",' list --long 1
	prints '^web .* [0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}  ' list -v web
	prints '^1$' domid web
	prints '^web$' domname 1
	prints '^web +1 +0 +[0-9]+ +[r-][b-]- +[0-9.]+  all / all$' vcpu-list
	prints '^web +1 +1 +' vcpu-list web
	prints '^5632  0   1 .*/backend/qdisk/1/5632' block-list web
	prints '^0   0  00:16:3e:01:02:03 ' network-list web
	prints '^web +1  0:0[0-4]:[0-9][0-9]$' uptime
	prints ' up  0:0[0-4], web \(1\)$' uptime -s web
	;;
host)
	prints "^nr_cpus +: $(getconf _NPROCESSORS_ONLN)\$" info
	kib=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)
	prints "\"total_memory\": $((kib / 1024))," info --json
	prints 'web: hvm-supervisor: guest web \(1\) runs$' dmesg
	prints . dmesg -c
	! "$hvm" dmesg | grep -q 'guest web (1) runs' || fail "dmesg -c has forgotten nothing"
	;;
stats)
	prints '^instructions +[1-9][0-9]{5,}$' stats web
	prints '^instructions +[1-9][0-9]{5,} +[1-9][0-9]* +[1-9][0-9]*$' stats -v web
	prints '"cpus": ' stats --json web
	;;
busy)
	patience is_running
	"$hvm" top -b -d 1 -i 2 >"$dir/printed"
	[ "$(grep -c '^ *NAME ' "$dir/printed")" = 2 ] || fail "top: $(cat "$dir/printed")"
	awk '$1 == "web" && $2 == "-----r" { n++; percent = $4 }
		END { exit !(n == 2 && percent > 20) }' \
		"$dir/printed" || fail "top: $(cat "$dir/printed")"
	;;
idle) patience is_blocked ;;
pause)
	"$hvm" pause web
	[ "$(state)" = --p--- ] || fail "state $(state)"
	prints '^web +1 +0 +[0-9]+ +--p ' vcpu-list
	was=$(ticks)
	sleep 1
	[ "$(ticks)" -le $((was + 1)) ] || fail "it runs on"
	"$hvm" stats -v web >"$dir/printed"
	awk '$1 == "instructions" { exit !($2 > 0 && $2 == $3 + $4) }' "$dir/printed" ||
		fail "no sum: $(cat "$dir/printed")"
	;;
screen) patience is_screen "$2" ;;
png)
	"$hvm" screenshot web "$dir/screen.png"
	[ "$(od -An -tx1 -j1 -N3 "$dir/screen.png")" = ' 50 4e 47' ] || fail "no PNG"
	"$BUILD/bin/pngdiff" "$dir/screen.png" "$dir/screen.png" || fail "no PNG that can be read"
	"$hvm" screenshot --format=png web - | cmp - "$dir/screen.png"
	;;
disc) # what the drive is said to have
	prints "\"is_cdrom\": 1" list -l web
	[ "$(sed -n 's|.*"pdev_path": ".*/\(.*\.iso\)".*|\1|p' "$dir/printed")" = "${2:-}" ] ||
		fail "not ${2:-empty}: $(cat "$dir/printed")"
	;;
untypable)
	"$hvm" type-text web 'é' 2>"$dir/printed" && fail "typed what cannot be typed"
	grep -q 'does not have é (U+00E9), character 1 ' "$dir/printed" || fail "é: no reason"
	;;
stdin) printf 'echo from_$((2 * 21))_input\n' | "$hvm" type-text -w web - ;;
renamed)
	prints '^1$' domid www
	prints '^www  ' list
	"$hvm" domid web 2>"$dir/printed" && fail "the old name is known still"
	grep -q 'no guest is called web' "$dir/printed" || fail "$(cat "$dir/printed")"
	"$hvm" rename www web
	;;
viewer)
	printf '#!/bin/sh\necho "$*" >"%s/viewer.args"\ncat >"%s/viewer.in"\n' "$dir" "$dir" \
		>"$dir/viewer"
	chmod 755 "$dir/viewer"
	VNCVIEWER=$dir/viewer "$hvm" vncviewer -a web
	[ "$(cat "$dir/viewer.in")" = secret ] || fail "the viewer read $(cat "$dir/viewer.in")"
	read -r place option <"$dir/viewer.args"
	[ "$option" = -autopass ] || fail "the viewer got $place $option"
	port=$((5900 + ${place##*:}))
	[ "$(socat -u "TCP:${place%:*}:$port,readbytes=7" -)" = 'RFB 003' ] ||
		fail "nobody serves VNC at $place"
	;;
*) fail "$1?" ;;
esac
