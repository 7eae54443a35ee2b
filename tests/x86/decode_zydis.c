/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our decoder beside Zydis on random byte strings, in all three modes. Each difference must belong
 * to a class of tests/x86/zydis_classes.h; docs/engine-decode.md explains them.
 * DECODE_N sets how many strings, DECODE_SEED which (tests/full/decode.sh: 10 million).
 */
#include "config.h"
#include "tests/test.h"

#ifdef CONFIG_ZYDIS
#include "tests/x86/zydis_bytes.h"
#include "tests/x86/zydis_classes.h"

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *n = getenv(name);

	return n ? strtoul(n, NULL, 0) : otherwise;
}

struct tally {
	unsigned long valid, by_class[DIFFERENCES], unexplained;
};

static void report(const struct pair *p)
{
	char text[128], bytes[3 * 16 + 1];

	for (unsigned i = 0; i < 16; i++)
		snprintf(bytes + 3 * i, 4, "%02x ", p->bytes[i]);
	insn_text(&p->ours, 0, text, sizeof(text));
	NOTE("mode %u: %s: %s: ours \"%s\", theirs %s", p->ours.mode, bytes, p->why, text,
	     p->valid ? ZydisMnemonicGetString(p->theirs.mnemonic) : "illegal");
	CHECK(!"explained");
}

static void compare(struct tally *t, unsigned long n, bool near_16)
{
	struct random r = {setting("DECODE_SEED", 0) * 2 + near_16 + 88172645463325252};
	struct zydis z;
	struct pair p;
	uint8_t bytes[24];

	zydis_init(&z);
	zydis_near_16(&z, near_16);
	while (n--) {
		int class;

		random_insn(&r, bytes);
		if (!pair_decode(&p, &z, bytes, random_next(&r) % 3)) {
			t->valid += p.valid;
			continue;
		}
		class = difference_class(&p);
		if (class >= 0)
			t->by_class[class]++;
		else if (t->unexplained++ < 10)
			report(&p);
	}
}

static void show(const struct tally *t)
{
	printf("%lu instructions the same; differences:\n", t->valid);
	for (unsigned i = 0; i < DIFFERENCES; i++)
		printf("%8lu %s\n", t->by_class[i], difference_name[i]);
}

TEST(same_on_random_bytes)
{
	struct tally t = {0};
	unsigned long n = setting("DECODE_N", 200000);

	compare(&t, n / 2, true);
	compare(&t, n - n / 2, false);
	EQ(0, t.unexplained);
	CHECK(t.valid > n / 4);
	show(&t);
}

/* ---- text */

/* Blanks, a scale of 1, the segments that Zydis always shows and x87's brackets say nothing. */
static void normalize(char *out, const char *in)
{
	static const char *const drop[] = {" ", "*1", "(", ")", "ds:", "ss:", "es:", "cs:", NULL};

	while (*in) {
		unsigned i = 0;

		while (drop[i] && strncmp(in, drop[i], strlen(drop[i])))
			i++;
		if (drop[i])
			in += strlen(drop[i]);
		else
			*out++ = *in++;
	}
	*out = 0;
}

static void their_formatter(ZydisFormatter *f)
{
	static const ZydisFormatterProperty off[] = {
		ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
		ZYDIS_FORMATTER_PROP_DISP_PADDING, ZYDIS_FORMATTER_PROP_IMM_PADDING};

	ZydisFormatterInit(f, ZYDIS_FORMATTER_STYLE_INTEL);
	for (unsigned i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		ZydisFormatterSetProperty(f, off[i], 0);
	ZydisFormatterSetProperty(f, ZYDIS_FORMATTER_PROP_IMM_SIGNEDNESS,
				  ZYDIS_SIGNEDNESS_UNSIGNED);
	ZydisFormatterSetProperty(f, ZYDIS_FORMATTER_PROP_FORCE_SIZE, 1);
}

/* Rows that we write another way: no size, implied operands shown, jump targets cut to the mode. */
static bool written_alike(const struct pair *p)
{
	const struct opcode *o = p->ours.op;

	if (p->ours.mode != MODE_64 || p->ours.rep || p->ours.p66)
		return false;
	if (o->flags & (F_REP | F_FPU) || (o->map == MAP_1 && (o->op & 0xf8) == 0x90))
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (o->o[i].kind == O_1 || o->o[i].kind == O_XMM0 ||
		    (o->o[i].kind == O_E && o->o[i].size == S_0) ||
		    (o->o[i].kind == O_M && !insn_opnd_bytes(&p->ours, i)) || o->o[i].size == S_fx)
			return false;
	/* LAR and LSL have a selector for source, which Zydis names as wide as the destination. */
	return strcmp(o->name, "lar") && strcmp(o->name, "lsl");
}

/* From the first blank after the mnemonic. */
static const char *operands(const char *text)
{
	text += strncmp(text, "lock ", 5) ? 0 : 5;
	text += strcspn(text, " ");
	return strncmp(text, " far", 4) ? text : text + 4;
}

static void same_text(struct pair *p, const ZydisFormatter *f)
{
	char ours[128], theirs[128], a[128], b[128];

	insn_text(&p->ours, 0x1000, ours, sizeof(ours));
	ZydisFormatterFormatInstruction(f, &p->theirs, p->operand, p->theirs.operand_count_visible,
					theirs, sizeof(theirs), 0x1000, NULL);
	normalize(a, operands(ours));
	normalize(b, operands(theirs));
	EQS(b, a);
}

TEST(same_text)
{
	struct random r = {0x853c49e6748fea9b};
	unsigned long compared = 0;
	ZydisFormatter f;
	struct zydis z;
	struct pair p;

	their_formatter(&f);
	zydis_init(&z);
	zydis_near_16(&z, false);
	for (unsigned i = 0; i < 60000; i++) {
		uint8_t bytes[24];

		random_insn(&r, bytes);
		if (pair_decode(&p, &z, bytes, MODE_64) || !p.valid || !written_alike(&p))
			continue;
		same_text(&p, &f);
		compared++;
	}
	CHECK(compared > 10000);
}

#else
TEST(same_on_random_bytes)
{
	SKIP("built without libzydis-dev");
}
#endif
