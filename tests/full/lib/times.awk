# SPDX-License-Identifier: GPL-2.0-or-later
# Lines "START END" of what passed, in seconds: how many of `of` there are, and how long they took.
{
	t = $2 - $1
	sum += t
	if (NR == 1 || t < min)
		min = t
	if (t > max)
		max = t
}
END {
	printf "%-28s %3d of %d", what, NR, of
	if (NR)
		printf ", %.1f to %.1f s, mean %.1f", min, max, sum / NR
	print ""
}
