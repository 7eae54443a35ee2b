# SPDX-License-Identifier: GPL-2.0-or-later
# awk -f calls.awk FILES: calls of exit and abort, outside comments and strings.

FNR == 1 {
	comment = 0
}

{
	line = $0
	gsub(/\\./, "", line)
	gsub(/"[^"]*"/, "\"\"", line)
	gsub(/\/\*([^*]|\*[^\/])*\*\//, " ", line)
	sub(/\/\/.*/, "", line)
	if (comment && !sub(/.*\*\//, "", line))
		next
	comment = sub(/\/\*.*/, "", line)
	if (line ~ /(^|[^A-Za-z0-9_.>])(exit|abort)\(/)
		printf "%s:%d: exit and abort belong in main.c\n", FILENAME, FNR
}
