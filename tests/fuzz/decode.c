/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The decoder on any bytes: what it reads decides, more bytes after that change nothing, fewer ask
 * for more, the text fits. Where Zydis is there it must agree or be explained.
 * First byte: the mode.
 */
#include "config.h"
#include "hypervisor/x86/insn.h"
#include "tests/fuzz/lib/fuzz.h"
#include "tests/test.h"
#ifdef CONFIG_ZYDIS
#include "tests/x86/zydis_classes.h"
#endif

static void alone(const uint8_t *p, unsigned avail, enum insn_mode mode)
{
	struct insn in, again;
	char text[96];
	enum decode_result r = insn_decode(&in, p, avail, mode);

	CHECK(in.len <= INSN_MAX && in.len <= avail);
	CHECK(!in.op == (r != DECODE_OK));
	insn_text(&in, 0, text, sizeof(text));
	CHECK(strlen(text) < sizeof(text) - 1);
	if (r != DECODE_OK)
		return;
	EQ(DECODE_OK, insn_decode(&again, p, in.len, mode));
	EQM(&in, &again, sizeof(in));
	for (unsigned i = 0; i < in.len; i++)
		EQ(DECODE_MORE, insn_decode(&again, p, i, mode));
}

static void beside_zydis(const uint8_t *p, enum insn_mode mode)
{
#ifdef CONFIG_ZYDIS
	static struct zydis z;
	static bool ready;
	struct pair pair;

	if (!ready)
		zydis_init(&z);
	if (!ready)
		zydis_near_16(&z, false);
	ready = true;
	if (pair_decode(&pair, &z, p, mode)) {
		NOTE("%s", pair.why);
		CHECK(difference_class(&pair) >= 0);
	}
#else
	(void)p;
	(void)mode;
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t p[24] = {0};
	unsigned avail;

	if (!size)
		return 0;
	avail = size - 1 > 16 ? 16 : size - 1;
	memcpy(p, data + 1, avail);
	alone(p, avail, data[0] % 3);
	beside_zydis(p, data[0] % 3);
	return 0;
}
