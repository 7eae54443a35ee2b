#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of some process of a guest at some moment, while the guest is made, runs or is destroyed:
# hvm list is right afterwards, what can be started again is, and hvm destroy leaves nothing. The
# same over: ROUNDS, SEED (said at the start).
set -eu
. tests/toolstack/lib/set.sh
rounds=${ROUNDS:-12} seed=${SEED:-$$}
echo "seed $seed"

# random N: 0 to N - 1
random() {
	seed=$((seed * 6364136223846793005 + 1442695040888963407))
	value=$(((seed >> 33 & 0x3fffffff) % $1))
}

"$bin/hvm-img" create -q -f qcow2 "$dir/disk.qcow2" 16M
cat >"$dir/web.cfg" <<END
name = "web"
memory = 16
vnclisten = "127.0.0.1"
serial = "pty"
disk = [ "$dir/disk.qcow2,qcow2,hda,w" ]
vif = [ "" ]
END

listed() { "$hvm" list web >"$dir/out" 2>&1; }
unlisted() { ! listed; }
runs() { [ -n "$(pid_of "$1")" ]; }
in_store_again() { [ -n "$(in_store '[1-9][0-9]*')" ]; }

# What must be true some time after one of these was killed under a running guest.
check_after() {
	case $1 in
	hvm-core | hvm-dm | hvm-supervisor)
		soon unlisted || fail "$1 was killed, yet: $(cat "$dir/out")"
		soon gone || fail "$1 was killed, yet there are: $(ours)"
		;;
	hvm-store)
		! command -v xenstore-ls >/dev/null || soon in_store_again || fail "an empty store"
		listed || fail "hvm-store was killed: $(cat "$dir/out")"
		;;
	*)
		soon runs "$1" || fail "$1 was not started again"
		listed || fail "$1 was killed: $(cat "$dir/out")"
		;;
	esac
}

# Some process there is now; sets victim and pid, empty when there is none.
choose() {
	everybody >"$dir/processes"
	n=$(wc -l <"$dir/processes")
	pid='' victim=''
	[ "$n" = 0 ] || {
		random "$n"
		read -r pid victim _ <<-END
			$(sed -n "$((value + 1))p" "$dir/processes")
		END
	}
}

while [ "$rounds" -gt 0 ]; do
	rounds=$((rounds - 1))
	random 3
	moment=$value
	"$hvm" create -q "$dir/web.cfg" >"$dir/create" 2>&1 &
	creator=$!
	if [ "$moment" = 0 ]; then
		random 60
		sleep "$(printf 0.0%02d "$value")"
	else
		wait $creator || fail "create: $(cat "$dir/create")"
		random 10
		sleep "0.$value"
	fi
	choose
	if [ "$moment" = 2 ]; then
		"$hvm" destroy web >"$dir/destroy" 2>&1 &
		random 20
		sleep "$(printf 0.0%02d "$value")"
	fi
	echo "round $rounds, moment $moment: ${victim:-nobody}"
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || :
	wait $creator || :
	[ -z "$victim" ] || [ "$moment" != 1 ] || check_after "$victim"
	[ "$moment" != 2 ] || wait
	"$hvm" destroy web >"$dir/destroy" 2>&1 ||
		grep -q 'no guest is called web' "$dir/destroy" ||
		fail "destroy: $(cat "$dir/destroy")"
	nothing_left
	"$bin/hvm-img" check -q "$dir/disk.qcow2" || fail "the disk's image is damaged, or locked"
done
