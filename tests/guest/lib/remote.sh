#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# remote.sh OPTIONS…: hvm-dm with these options and a core in a process of its own. The guest tests
# run what $HVM_DM names instead of hvm-dm: with this they are about the remote transport.
set -eu
BUILD=${BUILD:-build}
dir=$(mktemp -d)
core=
trap 'rm -rf "$dir"; [ -z "$core" ] || kill "$core" 2>/dev/null || :' EXIT

# What the core is to know; a value may hold blanks.
set -- "$@" --
: >"$dir/core"
while [ "$1" != -- ]; do
	case $1 in
	-m | -smp | -cpu | -accel) printf '%s\n%s\n' "$1" "$2" >>"$dir/core" ;;
	esac
	case $1 in
	-cpu | -accel) shift ;;
	*) set -- "$@" "$1" ;;
	esac
	shift
done
shift

(
	set --
	while IFS= read -r word; do set -- "$@" "$word"; done <"$dir/core"
	exec "$BUILD/bin/hvm-core" "$@" -listen "$dir/socket" -once
) </dev/null >&2 &
core=$!
i=0
until [ -S "$dir/socket" ]; do
	kill -0 $core && [ $((i += 1)) -lt 600 ] || exit 1
	sleep 0.1
done
rc=0
"$BUILD/bin/hvm-dm" -core "$dir/socket" "$@" || rc=$?
wait $core || { echo "hvm-core ended with status $?" >&2 && [ $rc != 0 ] || rc=1; }
core=
exit $rc
