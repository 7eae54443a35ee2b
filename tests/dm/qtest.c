/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's qtest protocol: each command by hand, then lines in pieces, cut and hostile. */
#include "base/util.h"
#include "dm/machine.h"
#include "dm/options.h"
#include "dm/qtest.h"
#include "dm/qtest_text.h"
#include "tests/test.h"

#include <stdio.h>

static struct machine_config cfg;
static struct loop *loop;
static struct machine *m;
static struct qtest *q;
static char *heard; /* what was answered since the last `said` */
static size_t n_heard;

static void hear(void *arg, const char *text, size_t len)
{
	(void)arg;
	heard = realloc(heard, n_heard + len + 1);
	MUST(heard);
	memcpy(heard + n_heard, text, len);
	n_heard += len;
	heard[n_heard] = 0;
}

static void begin(const char *args)
{
	struct err e = {""};

	MUST(options_parse_text(&cfg, args, &e) == OPTIONS_RUN);
	loop = loop_new(&e);
	MUST(loop);
	m = machine_new(&cfg, loop, &e);
	test_note("%s", e.msg);
	MUST(m);
	machine_lock(m);
	q = qtest_new(m, hear, NULL);
	MUST(q);
}

static void end(void)
{
	qtest_free(q);
	machine_unlock(m);
	machine_free(m);
	loop_free(loop);
	config_free(&cfg);
	free(heard);
}

static void feed(const char *text)
{
	n_heard = 0;
	qtest_feed(q, text, strlen(text));
	if (!n_heard)
		hear(NULL, "", 0);
}

/* A line and all that is answered to it. */
static void said(const char *line, const char *want)
{
	char text[400];

	test_note("%.100s", line);
	snprintf(text, sizeof(text), "%s\n", line);
	feed(text);
	EQS(want, heard);
}

TEST(units)
{
	begin("-accel qtest -nodefaults");
	said("writeb 0x1000 0x11", "OK\n");
	said("writew 0x1001 0x3322", "OK\n");
	said("writel 0x1004 0x88776655", "OK\n");
	said("writeq 0x1008 0xffeeddccbbaa9988", "OK\n");
	said("readb 0x1000", "OK 0x0000000000000011\n");
	said("readw 0x1001", "OK 0x0000000000003322\n");
	said("readl 4096", "OK 0x0000000000332211\n");
	said("readq 0x1004", "OK 0xbbaa998888776655\n");
	said("readl 010000", "OK 0x0000000000332211\n");
	said("endianness", "OK little\n");
	end();
}

TEST(ports)
{
	begin("-accel qtest -nodefaults");
	said("outl 0xcf8 0x80000800", "OK\n");
	said("inl 0xcf8", "OK 0x80000800\n");
	said("inw 0xcfe", "OK 0x7000\n");
	said("inb 0xcfd", "OK 0x0080\n");
	said("inb 0x10000", "OK 0x00ff\n");
	said("outb 0xffffffff 1", "OK\n");
	end();
}

TEST(blocks)
{
	begin("-accel qtest -nodefaults");
	said("write 0x2000 0x4 0x00112233", "OK\n");
	said("read 0x2000 0x4", "OK 0x00112233\n");
	said("write 0x2000 4 0xAB", "OK\n"); /* digits that lack are zeros */
	said("read 0x2000 4", "OK 0xab000000\n");
	said("memset 0x2000 3 0x5a", "OK\n");
	said("read 0x2000 4", "OK 0x5a5a5a00\n");
	said("memset 0x2000 0 0x11", "OK\n");
	said("b64write 0x2000 5 aGVsbG8=", "OK\n");
	said("b64read 0x2000 5", "OK aGVsbG8=\n");
	said("b64read 0x2000 4", "OK aGVsbA==\n");
	said("read 0x2000 5", "OK 0x68656c6c6f\n");
	said("write 0x2000 4 0", "ERR invalid argument size\n");
	end();
}

TEST(base64_and_hex)
{
	uint8_t in[100], out[100];
	char text[300];

	for (size_t n = 0; n < sizeof(in); n++) {
		in[n] = (uint8_t)(n * 37 + 5);
		EQ(base64_room(n), base64_encode(text, in, n));
		text[base64_room(n)] = 0;
		EQ(n, base64_decode(out, sizeof(out), text));
		EQM(in, out, n);
		EQ(2 * n, hex_encode(text, in, n));
		text[2 * n] = 0;
		hex_decode(out, n, text);
		EQM(in, out, n);
	}
	EQ(0, base64_decode(out, 4, "=AAA"));
	EQ(2, base64_decode(out, 2, "AAECAwQF"));
	hex_decode(out, 2, "zzF");
	EQ(0, out[0]);
}

TEST(clock)
{
	begin("-accel qtest -nodefaults");
	said("clock_set 1000", "OK 1000\n");
	said("clock_step 500", "OK 1500\n");
	said("clock_set 100", "OK 1500\n"); /* time does not go back */
	/* The next deadline is the 8254's, the RTC's … : it comes and then another one. */
	said("outb 0x43 0x30", "OK\n");
	said("outb 0x40 0xe8", "OK\n");
	said("outb 0x40 0x03", "OK\n");
	feed("clock_step\n");
	CHECK(!strncmp(heard, "OK ", 3) && atoll(heard + 3) > 1500);
	end();
}

TEST(interrupt_lines)
{
	begin("-accel qtest -nodefaults");
	said("irq_intercept_in nonesuch", "FAIL Unknown device\n");
	said("irq_intercept_in ioapic", "OK\n");
	said("irq_intercept_in ioapic", "OK\n");
	said("irq_intercept_out /machine/unattached/device[0]",
	     "FAIL IRQ intercept already enabled\n");
	said("set_irq_in ioapic unnamed-gpio-in 5 1", "IRQ raise 5\nOK\n");
	said("set_irq_in ioapic unnamed-gpio-in 5 1", "OK\n");
	said("set_irq_in ioapic unnamed-gpio-in 5 0", "IRQ lower 5\nOK\n");
	said("set_irq_in ioapic unnamed-gpio-in 24 1", "FAIL Unknown input\n");
	said("set_irq_in nonesuch x 1 1", "FAIL Unknown device\n");
	end();
}

TEST(nonsense_is_answered)
{
	static const char *const lines[] = {
		"inb",
		"inb x",
		"inb 0x1x",
		"outb 0x80",
		"readq",
		"writel 1",
		"read 0",
		"read 0 0",
		"write 0 4",
		"b64read 1",
		"memset 0 1",
		"clock_step x",
		"clock_set",
		"irq_intercept_in",
		"set_irq_in a",
		"clock_step 9223372036854775807x",
		"read 0xffffffffffffffff 2",
		"inb 99999999999999999999999",
		"outl  0x80 1",
	};

	begin("-accel qtest -nodefaults");
	said("frobnicate 1 2", "FAIL Unknown command 'frobnicate'\n");
	said("", "FAIL Unknown command ''\n");
	said("rtas x 1 2 3 4", "FAIL Unknown command 'rtas'\n");
	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
		char want[80];

		snprintf(want, sizeof(want), "FAIL Bad arguments of '%.*s'\n",
			 (int)strcspn(lines[i], " "), lines[i]);
		said(lines[i], want);
	}
	said("read 0 0x7fffffff", "FAIL More than 16777216 bytes at once\n");
	said("module_load x y", "OK\n");
	end();
}

/* One byte at a time, and many lines at once, give the same answers. */
TEST(lines_in_pieces)
{
	static const char text[] = "writel 0x100 0x12345678\r\nreadl 0x100\nreadb 0x103\n";
	static const char want[] = "OK\nOK 0x0000000012345678\nOK 0x0000000000000012\n";

	begin("-accel qtest -nodefaults");
	feed(text);
	EQS(want, heard);
	n_heard = 0;
	for (const char *p = text; *p; p++)
		qtest_feed(q, p, 1);
	EQS(want, heard);
	end();
}

TEST(long_lines)
{
	size_t n = 3 << 20;
	char *line = malloc(2 * n + 100), *p = line;

	MUST(line);
	begin("-accel qtest -nodefaults -m 16");
	p += sprintf(p, "write 0x100000 0x%zx 0x", n);
	memset(p, '7', 2 * n);
	p += 2 * n;
	strcpy(p, "\n");
	feed(line);
	EQS("OK\n", heard);
	said("readl 0x3ffffc", "OK 0x0000000077777777\n");
	said("readl 0x400000", "OK 0x0000000000000000\n");
	/* Without an end in sight it is dropped, and the next line counts again. */
	memset(line, 'x', 2 * n);
	line[2 * n] = 0;
	for (int i = 0; i < 12; i++)
		qtest_feed(q, line, 2 * n);
	feed("\nendianness\n");
	CHECK(strstr(heard, "FAIL The line is longer than "));
	CHECK(strstr(heard, "\nOK little\n"));
	free(line);
	end();
}

TEST(no_board)
{
	begin("-accel qtest -machine none");
	said("inb 0x80", "OK 0x00ff\n");
	said("readl 0", "OK 0x00000000ffffffff\n");
	said("writeb 0 1", "OK\n");
	said("irq_intercept_in ioapic", "FAIL Unknown device\n");
	said("clock_step 5", "OK 5\n");
	end();
}
