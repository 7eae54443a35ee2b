/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status flags that an instruction overwrites whatever its operands are. When it faults they
 * are the one thing that translated code may have lost: started again, it sets them.
 */
#include "tests/x86/oracle.h"

#include <fnmatch.h>

#define ALL FL_STATUS

static const struct {
	const char *name; /* a glob */
	uint64_t flags;
} rows[] = {
	{"add", ALL},
	{"adc", ALL},
	{"sub", ALL},
	{"sbb", ALL},
	{"and", ALL},
	{"andn", ALL},
	{"or", ALL},
	{"xor", ALL},
	{"cmp", ALL},
	{"cmps", ALL},
	{"scas", ALL},
	{"neg", ALL},
	{"cmpxchg", ALL},
	{"xadd", ALL},
	{"mul", ALL},
	{"imul", ALL},
	{"div", ALL},
	{"idiv", ALL},
	{"[lt]zcnt", ALL},
	{"popcnt", ALL},
	{"bs[fr]", ALL},
	{"bextr", ALL},
	{"blsi", ALL},
	{"bls[rm]*", ALL},
	{"bzhi", ALL},
	{"*comis[sd]", ALL},
	{"test", ALL},
	{"ptest", ALL},
	{"vptest", ALL},
	{"vtestp[sd]", ALL},
	{"*pcmp?str?", ALL},
	{"inc", ALL & ~FL_CF},
	{"dec", ALL & ~FL_CF},
	{"adcx", FL_CF},
	{"adox", FL_OF},
	{"bt", ALL & ~FL_ZF},
	{"bt[crs]", ALL & ~FL_ZF},
	{"cmpxchg*b", FL_ZF},
	{"lar", FL_ZF},
	{"lsl", FL_ZF},
	{"ver[rw]", FL_ZF},
	{"arpl", FL_ZF},
};

/* Shifts and rotations by nothing leave all of them. */
static uint64_t of_shift(const struct insn *in)
{
	const struct opcode *o = in->op;
	unsigned most = in->opsize == 8 ? 63 : 31;
	bool one = false, imm = false;

	for (unsigned i = 0; i < 4; i++) {
		one |= o->o[i].kind == O_1;
		imm |= o->o[i].kind == O_I;
	}
	if (!one && !(imm && in->imm & most))
		return 0;
	return o->name[0] == 'r' ? FL_CF | FL_OF : ALL;
}

uint64_t flags_overwritten(const struct insn *in)
{
	const char *name = in->op->name;

	/* A string of length 0 compares nothing. */
	if (in->op->flags & F_REP && in->rep)
		return 0;
	if (!fnmatch("r[oc][lr]", name, 0) || !fnmatch("sa[lr]", name, 0) ||
	    !fnmatch("sh[lr]", name, 0) || !fnmatch("sh[lr]d", name, 0))
		return of_shift(in);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!fnmatch(rows[i].name, name, 0))
			return rows[i].flags;
	}
	return 0;
}
