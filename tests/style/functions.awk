# SPDX-License-Identifier: GPL-2.0-or-later
# awk -f functions.awk FILES: "FILE LINE NAME LENGTH TAGGED" per function. The house format puts
# a function's braces alone in the first column, and nothing else's.

FNR == 1 {
	head = ""
	start = tagged = 0
}

/^\/\* lint: long - [^ ]/ {
	tagged = 1
	next
}

/^{[ \t]*$/ {
	name = head
	sub(/\(.*/, "", name)
	if (name ~ /^[A-Z_]+$/) { # TEST(name)
		name = head
		gsub(/^[A-Z_]+\(|[,)].*/, "", name)
	}
	sub(/.*[ *]/, "", name)
	start = FNR
	next
}

/^}/ && start {
	printf "%s %d %s %d %d\n", FILENAME, start, name == "" ? "?" : name, FNR - start + 1, tagged
	start = tagged = 0
	head = ""
	next
}

!start {
	if ($0 ~ /^[ \t]*$/ || $0 ~ /[;}]$/ || $0 ~ /^[#\/ ]/)
		head = ""
	else
		head = head $0
}
