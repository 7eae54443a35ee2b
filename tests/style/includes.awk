# SPDX-License-Identifier: GPL-2.0-or-later
# awk -f includes.awk includes.txt FILES: every #include "…" against the table.

NR == FNR {
	if ($0 !~ /^#/ && NF > 1) {
		folder = $1
		$1 = ""
		allowed[folder] = $0
	}
	next
}

FNR == 1 {
	rule = FILENAME
	while (rule != "" && !(rule in allowed))
		if (!sub(/\/[^\/]*$/, "", rule))
			rule = ""
	if (rule == "")
		printf "%s: folder is not in tests/style/includes.txt\n", FILENAME
	n = split(allowed[rule], prefix, " ")
}

rule != "" && /^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, part, "\"")
	for (i = 1; i <= n; i++)
		if (prefix[i] == "*" || index(part[2], prefix[i]) == 1)
			next
	printf "%s:%d: %s/ may not include \"%s\"\n", FILENAME, FNR, rule, part[2]
}
