#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# coverage.sh COVDIR SOURCES…: runs the tests built with --coverage and prints each source's line
# coverage. Fails when one in hw/ or hypervisor/platform/ has less than 80 %.
set -u
cov=$1
shift
at_least=80
if "${CC:-gcc}" --version | grep -q clang; then gcov='llvm-cov gcov'; else gcov=gcov; fi

find "$cov" -name '*.gcda' -delete
# Failing tests still cover lines; make check is what judges them.
"$cov/tests/check" -j "$(nproc)" || echo 'coverage: tests fail, see make check' >&2

for source; do
	object=$cov/${source%.c}.o
	$gcov -n -o "$object" "$source" 2>/dev/null | awk -v source="$source" '
		/^File / { mine = $0 == "File '\''" source "'\''" }
		/^Lines executed:/ && mine {
			sub(/Lines executed:/, "")
			sub(/%/, "")
			print $1, $3, source
			found = 1
			exit
		}
		END { if (!found) print "-", 0, source }'
done | awk -v least=$at_least '
	$1 == "-" { next } # nothing to execute
	{
		low = $1 < least && $3 ~ /^hw\/|^hypervisor\/platform\//
		printf "%6.1f %% of %5d  %s%s\n", $1, $2, $3, low ? "  TOO LOW" : ""
		covered += $1 * $2 / 100
		lines += $2
		bad += low
	}
	END {
		if (lines)
			printf "%6.1f %% of %5d  all\n", 100 * covered / lines, lines
		if (bad)
			printf "%d files below %d %%\n", bad, least
		exit bad > 0
	}'
