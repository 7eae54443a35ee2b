#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# fuzz.sh DIR SECONDS NAMES…: runs each fuzzer DIR/NAME, as many at once as there are processors.
# Seeds are tests/fuzz/corpus/NAME; new inputs go to DIR/corpus/NAME, crashes to DIR/NAME-*.
set -u

fuzz_one() {
	mkdir -p "$dir/corpus/$1"
	set -- "$1" "$dir/corpus/$1"
	[ ! -d "tests/fuzz/corpus/$1" ] || set -- "$@" "tests/fuzz/corpus/$1"
	name=$1
	shift
	"$dir/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="$dir/$name-" "$@" >"$dir/$name.log" 2>&1
	rc=$?
	if [ $rc = 0 ]; then
		runs=$(awk '/number_of_executed_units/ { print $2 }' "$dir/$name.log")
		echo "ok $name: $runs runs"
	else
		echo "FAIL $name: exit status $rc, all of it in $dir/$name.log"
		grep -A 12 -e ERROR -e 'runtime error' "$dir/$name.log" | head -n 30
	fi
	[ $rc = 0 ]
}

if [ "$1" = --one ]; then
	dir=$2 seconds=$3
	fuzz_one "$4"
	exit
fi
dir=$1 seconds=$2
shift 2
[ $# != 0 ] || { echo 'no fuzzers: tests/fuzz/*.c' && exit 0; }
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 sh "$0" --one "$dir" "$seconds"
