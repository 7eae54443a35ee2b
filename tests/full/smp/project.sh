#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# project.sh DIR: a small C project for `make -j4`, always the same: 30 files with numbers of their
# own, that sort, hash, divide, multiply matrices and print; and sum.c, beside this.
# shellcheck disable=SC2016,SC2086 # the dollars are make's, the words names
set -eu
src=$(dirname "$0")
dir=$1
mkdir -p "$dir"
cp "$src/sum.c" "$src/part.h" "$dir/"
names=$(seq -f '%02.0f' 1 30)

{
	echo 'CFLAGS := -O2 -std=c11 -Wall -Wextra -Werror -pthread'
	echo "PARTS := main.o$(printf ' part_%s.o' $names)"
	echo 'all: parts sum'
	echo 'parts: $(PARTS)'
	printf '\t$(CC) $(CFLAGS) -o $@ $^\n'
	echo 'sum: sum.o'
	printf '\t$(CC) $(CFLAGS) -o $@ $^\n'
	echo '%.o: %.c part.h'
	printf '\t$(CC) $(CFLAGS) -c -o $@ $<\n'
} >"$dir/Makefile"

{
	printf '#include <inttypes.h>\n#include <stdint.h>\n#include <stdio.h>\n\n'
	printf 'uint64_t part_%s(void);\n' $names
	printf '\nint main(void)\n{\n\tuint64_t all = 0, one;\n\n'
	for n in $names; do
		printf '\tone = part_%s();\n\tall = all * 31 + one;\n' $n
		printf '\tprintf("part %s %%016" PRIx64 "\\n", one);\n' $n
	done
	printf '\tprintf("all %%016" PRIx64 "\\n", all);\n\treturn 0;\n}\n'
} >"$dir/main.c"

# Numbers by a linear congruence: awk's doubles hold them exactly.
for n in $names; do
	awk -v n="$n" 'BEGIN {
		x = n * 7919
		printf "#define SIZE %d\n#define ROUNDS %d\n", 200 + n % 9, 40 + n % 7
		printf "static const unsigned seeds[] = {"
		for (i = 0; i < 64; i++) {
			x = (x * 1103515 + 12345) % 2147483648
			printf "%s%d,", i % 8 ? " " : "\n\t", x
		}
		printf "\n};\n#include \"part.h\"\n\nuint64_t part_%s(void);\n", n
		printf "uint64_t part_%s(void)\n{\n\tuint64_t h = part();\n\n", n
		for (i = 0; i < 24; i++) {
			x = (x * 1103515 + 12345) % 2147483648
			if (i % 3 == 0)
				printf "\th = (h >> %d | h << %d) ^ %dull;\n", 1 + x % 63,
					63 - x % 63, x
			else if (i % 3 == 1)
				printf "\th += h / %d + h %% %d;\n", 1 + x % 9973, 1 + x % 601
			else
				printf "\tif (h & %d)\n\t\th *= %dull;\n", 1 + x % 255, x * 2 + 1
		}
		printf "\treturn h;\n}\n"
	}' >"$dir/part_$n.c"
done
