# SPDX-License-Identifier: GPL-2.0-or-later
# awk -f devices.awk FILES of hw/: what a device may include. At most the bus it sits on
# (hw/<bus>/<bus>.h), one header it provides (a bus, or one of its own name), one back end, and
# parts (part_x.h) of its folder.

FNR == 1 {
	buses = backends = 0
}

/^[ \t]*#[ \t]*include[ \t]*</ {
	split($0, part, /[<>]/)
	if (part[2] !~ /^(stdint|stdbool|stddef|string|assert|limits|errno|inttypes)\.h$/)
		printf "%s:%d: host API in a device: <%s>\n", FILENAME, FNR, part[2]
}

/^[ \t]*#[ \t]*include[ \t]*"hw\// {
	split($0, part, "\"")
	if (!device_may_reach(FILENAME, part[2]))
		printf "%s:%d: another device's header: %s\n", FILENAME, FNR, part[2]
	else if (part[2] !~ /\/part_[^\/]*$/ && ++buses > 2)
		printf "%s:%d: more than one bus and one provided header\n", FILENAME, FNR
}

/^[ \t]*#[ \t]*include[ \t]*"(block|net|char|ui)\// {
	if (++backends > 1)
		printf "%s:%d: more than one back end\n", FILENAME, FNR
}
