#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make check: lint, build, the test binary, then every *.sh of the folders given, each one test.
# Exit 77 of a script skips it, its last line being the reason. The last line is the sum:
# "N passed, N failed[, N skipped]". K='GLOB' takes only matching tests.
set -u
BUILD=${BUILD:-build}
export BUILD
jobs=$(nproc)
passed=0 failed=0 skipped=0

# Runs one script; its words come out in one piece, since others run beside it.
if [ "${1:-}" = --one ]; then
	limit=$(sed -n 's/^# Seconds: //p' "$2")
	[ "${limit:-0}" -gt "${SECONDS_MAX:=600}" ] || limit=$SECONDS_MAX
	out=$(timeout -k 5 "$limit" sh "$2" </dev/null 2>&1)
	rc=$?
	name=${2#tests/}
	case $rc in
	0) echo "ok ${name%.sh}" ;;
	77) echo "skip ${name%.sh}: $(echo "$out" | tail -n 1)" ;;
	*) printf 'FAIL %s: exit status %d\n%s\n' "${name%.sh}" $rc "$out" ;;
	esac
	exit 0
fi

log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
trap 'exit 1' HUP INT TERM

# stage NAME COMMAND…: adds up the closing line of one stage; without one it counts as a failure.
stage() {
	name=$1
	shift
	rm -f "$log/sum"
	"$@" 2>&1 | awk -v name="$name" -v sum="$log/sum" '
		/^[0-9]+ passed, [0-9]+ failed/ { print name ": " $0; print >sum; next }
		{ print; fflush() }'
	if [ -s "$log/sum" ]; then
		read -r p _ f _ s _ <"$log/sum"
		passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
	else
		echo "FAIL $name: ended without a result"
		failed=$((failed + 1))
	fi
}

# The scripts of the folders that K selects.
scripts() {
	for folder; do
		for f in "$folder"/*.sh; do
			name=${f#tests/}
			case ${name%.sh} in ${K:-*}) [ ! -f "$f" ] || echo "$f" ;; esac
		done
	done
}

# The folders' scripts, as many at once as there are processors.
shell_tests() {
	scripts "$@" | xargs -r -P "$jobs" -n 1 sh tests/run.sh --one | awk '
		/^ok / { ok++; next }
		/^skip / { skip++ }
		/^FAIL / { bad++ }
		{ print; fflush() }
		END { printf "%d passed, %d failed, %d skipped\n", ok, bad, skip }'
}

build() {
	${MAKE:-make} --no-print-directory check-build || return 1
}

stage lint "${MAKE:-make}" -s --no-print-directory lint
if build; then
	stage 'unit and device tests' "$BUILD/asan/tests/check" -j "$jobs" ${K:+-k "$K"}
	stage 'shell tests' shell_tests "$@"
else
	echo 'FAIL build'
	failed=$((failed + 1))
fi
printf '%d passed, %d failed' $passed $failed
[ $skipped = 0 ] || printf ', %d skipped' $skipped
echo
[ $failed = 0 ]
