# SPDX-License-Identifier: GPL-2.0-or-later
# cc -MM hw/*/*.c | awk -f reach.awk -f closure.awk: what a device reaches through other headers.

/^[^ ]+:/ {
	file = $2
}

{
	for (i = 1; i <= NF; i++) {
		if ($i !~ /\.h$/)
			continue
		if ($i ~ /^(dm|toolstack|tests|img)\// || $i ~ /^hypervisor\// &&
		    $i !~ /^hypervisor\/public\//)
			printf "%s: reaches %s\n", file, $i
		if ($i ~ /^hw\// && !device_may_reach(file, $i))
			printf "%s: reaches another device's header %s\n", file, $i
	}
}
