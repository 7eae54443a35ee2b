#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Does each check of lint.sh fail on a bad sample, and none on a good tree? Prints what is wrong.
set -u
lint=$(cd "$(dirname "$0")" && pwd)/lint.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree" || exit 1
spdx='/* SPDX-License-Identifier: GPL-2.0-or-later */'

# put FILE: $spdx and standard input.
put() {
	mkdir -p "$(dirname "$1")"
	{
		echo "$spdx"
		cat
	} >"$1"
}

good_tree() {
	rm -rf "${tree:?}"/*
	cp "$(dirname "$lint")/../../.clang-format" .
	echo '#define DEV_REGISTER(x) extern int x' | put base/dev.h
	echo 'int pci;' | put hw/pci/pci.h
	echo 'int hv;' | put hypervisor/public/hv.h
	echo '#include "base/dev.h"' | put hypervisor/domain.h
	echo 'int blk;' | put block/blk.h
	echo 'int gong;' | put hw/misc/gong.h
	echo 'int part;' | put hw/misc/part_bell.h
	put hw/misc/gong.c <<-'END'
		/*
		 * Spec: none. State: all. Missing: nothing.
		 * Tests: tests/hw/gong.c
		 */
		#include "base/dev.h"
		#include "block/blk.h"
		#include "hw/misc/gong.h"
		#include "hw/misc/part_bell.h"
		#include "hw/pci/pci.h"

		#include <stdint.h>

		/* exit() in a comment is nobody's business. */
		DEV_REGISTER(gong_class);
	END
	echo 'int t;' | put tests/hw/gong.c
	printf '#!/bin/sh\n# SPDX-License-Identifier: GPL-2.0-or-later\n' >tests/ok.sh
}

# lines N: a function of N lines between and including its braces.
lines() {
	printf 'static int big(void)\n{\n'
	i=2
	while [ $((i += 1)) -le "$1" ]; do printf '\tbig();\n'; done
	echo '}'
}

# bad CHECK WHAT: the tree now has WHAT wrong, which CHECK must see. Then a good tree again.
bad() {
	sh "$lint" "$tree" "$1" >"$tree/.log" 2>&1 && echo "lint $1 does not see $2"
	grep -q '^skip' "$tree/.log" && echo "lint $1 skips"
	good_tree
}

good_tree
sh "$lint" "$tree" >"$tree/.log" 2>&1 || {
	echo 'lint fails a good tree:'
	cat "$tree/.log"
}

echo '#include "hw/pci/pci.h"' | put base/up.c
bad includes 'base/ including hw/'
echo '#include "hypervisor/domain.h"' | put hw/misc/gong.c
bad includes 'hw/ including hypervisor/'
echo '#include "tests/hw/gong.c"' | put dm/machine.c
bad includes 'dm/ including tests/'
echo 'int x;' | put elsewhere/x.c
bad includes 'a folder that the table lacks'

echo '#include <unistd.h>' | put hw/misc/gong.c
bad devices 'a host API'
echo '#include "hw/misc/part_bell.h"' | put hw/char/drum.c
bad devices 'a part of another folder'
echo '#include "hw/misc/gong.h"' | put hw/misc/drum.c
bad devices "another device's header"
echo 'int net;' | put net/net.h
printf '#include "net/net.h"\n#include "block/blk.h"\n' | put hw/misc/gong.c
bad devices 'two back ends'
echo 'int usb;' | put hw/usb/usb.h
echo 'int isa;' | put hw/isa/isa.h
printf '#include "hw/%s"\n' usb/usb.h isa/isa.h pci/pci.h | put hw/misc/gong.c
bad devices 'three buses'

if command -v "${CC:-cc}" >/dev/null; then
	echo '#include "hypervisor/domain.h"' | put hw/pci/pci.h
	bad closure 'hypervisor/ behind a bus header'
	echo '#include "hw/misc/gong.h"' | put hw/pci/pci.h
	echo '#include "hw/pci/pci.h"' | put hw/misc/drum.c
	bad closure "another device's header behind a bus header"
fi

printf 'int f(void)\n{\n\texit(1);\n}\n' | put base/die.c
bad calls 'exit()'
printf 'int f(void)\n{\n\tabort(); /* "x */\n}\n' | put hw/misc/die.c
bad calls 'abort()'

lines 61 | put base/long.c
bad functions 'a function of 61 lines'
{ echo '/* lint: long - reason */' && lines 10; } | put base/long.c
bad functions 'a tag that nothing needs'
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21; do
	echo '/* lint: long - reason */' && lines 61
done | put base/long.c
bad functions 'too many tags'
lines 1001 | put base/long.c
bad sizes 'a file of over 1000 lines'
lines 251 | put base/long.h
bad sizes 'a header of over 250 lines'
printf '#include "base/%s.h"\n' 1 2 3 4 5 6 7 8 9 | put base/many.c
bad sizes 'nine own headers'

echo 'int x;' >base/x.c
bad licence 'C without SPDX line'
echo ':' >tests/x.sh
bad licence 'sh without SPDX line'

echo 'typedef struct x { int a; } x;' | put base/x.h
bad text 'a typedef of a struct'
printf 'int x; \n' | put base/x.h
bad text 'trailing white space'
printf '\t\t\t\t\t\t\t\t\t\t\t\tint abcdef;\n' | put base/x.h
bad text 'a line of 107 columns'

rm tests/hw/gong.c
bad status 'a device without test'
sed 's/Missing/Lacking/' hw/misc/gong.c >x && mv x hw/misc/gong.c
bad status 'a status header without Missing:'

if command -v clang-format >/dev/null; then
	printf 'int  x(void) {return 1;}\n' | put base/x.c
	bad format 'bad format'
fi
