# SPDX-License-Identifier: GPL-2.0-or-later

# Is header, of hw/, a bus or the file's own? Own: rtl8139.h for rtl8139.c and rtl8139_tx.c, and
# part_x.h for all of its folder: a chip that several devices there have.
function device_may_reach(file, header,    part, n, stem, folder) {
	n = split(header, part, "/")
	stem = part[n]
	sub(/\.h$/, "", stem)
	if (stem == part[n - 1])
		return 1
	folder = header
	sub(/[^\/]*$/, "", folder)
	if (stem ~ /^part_/ && index(file, folder) == 1)
		return 1
	sub(/.*\//, "", file)
	return file ~ ("^" stem "(_[a-z0-9_]*)?[.][ch]$")
}
