# SPDX-License-Identifier: GPL-2.0-or-later
# . tests/dm/lib/wait.sh: for tests of processes; $dir is the test's own folder, err in it what the
# process under test said.

fail() {
	echo "$*"
	[ ! -s "$dir/err" ] || sed 's/^/  /' "$dir/err"
	exit 1
}

# wait_for TEST…: until it holds, 10 s at most.
wait_for() {
	i=0
	until "$@"; do
		i=$((i + 1))
		[ $i -lt 200 ] || fail "never came true: $*"
		sleep 0.05
	done
}
