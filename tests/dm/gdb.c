/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb's remote protocol, packet by packet, on vCPUs at the reset vector. tests/guest/gdb.sh is a
 * real gdb on a kernel.
 */
#include "hypervisor/domain.h"
#include "tests/dm/vm.h"

#define OPTIONS "-accel soft -smp 2 -nodefaults -display none -m 16 -S -gdb unix:%%s/gdb -bios %s"

/* A ROM of ones: FF FF is no instruction, and in real mode its #UD goes where the table in RAM
 * says. */
static void write_rom(char *name)
{
	uint8_t ones_[4096];
	int fd = mkstemp(name);

	memset(ones_, 0xff, sizeof(ones_));
	for (unsigned i = 0; i < 16; i++)
		MUST(write(fd, ones_, sizeof(ones_)) == sizeof(ones_));
	close(fd);
}

/* Sends $text#sum; the packet that answers, without its frame. The caller frees it. */
static char *say(struct vm_client *c, const char *text)
{
	char packet[512], *got;
	uint8_t sum = 0;
	size_t len;

	for (const char *p = text; *p; p++)
		sum = (uint8_t)(sum + (uint8_t)*p);
	snprintf(packet, sizeof(packet), "$%s#%02x", text, sum);
	client_send(c, packet, strlen(packet));
	got = client_until(c, "#");
	MUST(got && got[0] == '+' && got[1] == '$');
	len = strlen(got);
	memmove(got, got + 2, len - 3);
	got[len - 3] = 0;
	client_more(c, 0);
	MUST(c->len >= 2); /* the sum */
	memmove(c->buf, c->buf + 2, c->len - 2);
	c->len -= 2;
	return got;
}

static void answers(struct vm_client *c, const char *text, const char *want)
{
	char *got = say(c, text);

	NOTE("%s", text);
	EQS(want, got);
	free(got);
}

/* Code at 7c00. */
static void start(struct vm *v, struct vm_client *c, const char *hex)
{
	char rom[] = "/tmp/hvm-test-rom-XXXXXX", text[256];

	write_rom(rom);
	snprintf(text, sizeof(text), OPTIONS, rom);
	vm_open(v, text);
	unlink(rom);
	client_open(c, v, "gdb");
	for (unsigned i = 0; i < 3; i++)
		vm_turn(v, 0);
	answers(c, "?", "T05thread:1;");
	snprintf(text, sizeof(text), "M7c00,%zx:%s", strlen(hex) / 2, hex);
	answers(c, text, "OK");
}

TEST(what_it_can_do)
{
	struct vm_client c;
	struct vm v;
	char *got;

	start(&v, &c, "90");
	answers(&c, "qSupported:xmlRegisters=i386",
		"PacketSize=4000;qXfer:features:read+;vContSupported+;QStartNoAckMode+");
	answers(&c, "vCont?", "vCont;c;C;s;S");
	answers(&c, "qfThreadInfo", "m1,2");
	answers(&c, "qsThreadInfo", "l");
	answers(&c, "qThreadExtraInfo,1", "4350552330205b72756e6e696e675d");
	answers(&c, "qAttached", "1");
	answers(&c, "T2", "OK");
	answers(&c, "T3", "E01");
	answers(&c, "Hg2", "OK");
	answers(&c, "qC", "QC2");
	answers(&c, "Hg3", "E22");
	answers(&c, "Hg0", "OK");
	answers(&c, "qNonsense", "");
	answers(&c, "!", "");
	got = say(&c, "qXfer:features:read:target.xml:0,20");
	EQS("m<?xml version=\"1.0\"?><!DOCTYPE t", got);
	free(got);
	answers(&c, "qXfer:features:read:target.xml:fffff,20", "l");
	client_close(&c);
	vm_close(&v);
}

TEST(registers_and_memory)
{
	struct vm_client c;
	struct vm v;
	char *got;

	start(&v, &c, "4865");
	answers(&c, "p10", "f0ff000000000000"); /* rip */
	answers(&c, "p12", "00f00000");         /* cs */
	answers(&c, "p11", "02000000");         /* eflags */
	answers(&c, "P0=8877665544332211", "OK");
	answers(&c, "p0", "8877665544332211");
	answers(&c, "P0=88", "E01");
	answers(&c, "P12=00000000", "OK"); /* selectors are not for writing */
	answers(&c, "p12", "00f00000");
	answers(&c, "pff", "E01");
	got = say(&c, "g");
	EQ(2 * (17 * 8 + 4 + 6 * 4 + 8 * 10 + 8 * 4 + 16 * 16 + 4 + 11 * 8), strlen(got));
	CHECK(!strncmp(got, "8877665544332211", 16));
	free(got);
	answers(&c, "m7c00,2", "4865");
	answers(&c,
		"X7c00,3:a}\x03"
		"b",
		"OK"); /* } and 3: # */
	answers(&c, "m7c00,3", "612362");
	answers(&c, "M7c00,2:ab", "E22");
	answers(&c, "m7c00", "E22");
	answers(&c, "m7c00,9000", "E22");
	client_close(&c);
	vm_close(&v);
}

TEST(steps_breaks_and_watches)
{
	struct vm_client c;
	struct vm v;

	start(&v, &c, "fe060005ebfa"); /* inc byte [500]; jmp to it */
	answers(&c, "M18,4:007c0000", "OK");
	answers(&c, "P7=0004000000000000", "OK"); /* rsp */
	answers(&c, "M500,1:00", "OK");
	answers(&c, "vCont;s:1;c:-1", "T05thread:1;");
	answers(&c, "p10", "007c000000000000");
	answers(&c, "s", "T05thread:1;");
	answers(&c, "p10", "047c000000000000");
	answers(&c, "m500,1", "01");
	answers(&c, "Z0,7c04,1", "OK");
	answers(&c, "Z0,7c04,1", "OK");   /* again: still one */
	answers(&c, "s", "T05thread:1;"); /* stands before it already */
	answers(&c, "z0,7c04,1", "OK");
	answers(&c, "s", "T05thread:1;");
	answers(&c, "Z1,7c04,1", "OK");
	answers(&c, "c", "T05thread:1;");
	answers(&c, "p10", "047c000000000000");
	answers(&c, "m500,1", "02");
	answers(&c, "z1,7c04,1", "OK");
	answers(&c, "Z2,500,1", "OK");
	answers(&c, "vCont;c", "T05thread:1;watch:500;");
	answers(&c, "p10", "047c000000000000");
	answers(&c, "m500,1", "03");
	answers(&c, "z2,500,1", "OK");
	answers(&c, "Z3,500,1", "OK");
	answers(&c, "c", "T05thread:1;rwatch:500;");
	answers(&c, "z3,500,1", "OK");
	answers(&c, "Z9,0,1", "");
	answers(&c, "Z0,zz", "E22");
	client_close(&c);
	vm_close(&v);
}

TEST(interrupted_and_left)
{
	struct vm_client c;
	struct vm v;
	char *got;

	start(&v, &c, "ebfe");
	answers(&c, "M18,4:007c0000", "OK");
	client_send(&c, "$c#63", 5);
	for (unsigned i = 0; i < 5; i++)
		vm_turn(&v, 1);
	EQ(RUN_RUNNING, v.m->state);
	client_send(&c, "\x03", 1);
	got = client_until(&c, "#");
	MUST(got);
	EQS("+$T02thread:1;#", got);
	free(got);
	EQ(RUN_PAUSED, v.m->state);
	client_close(&c);
	for (unsigned i = 0; i < 5 && v.m->state != RUN_RUNNING; i++)
		vm_turn(&v, 10);
	EQ(RUN_RUNNING, v.m->state);
	vm_close(&v);
}

TEST(a_wrong_sum_is_asked_for_again)
{
	struct vm_client c;
	struct vm v;
	char *got;

	start(&v, &c, "90");
	client_send(&c, "$?#00", 5);
	got = client_until(&c, "-");
	MUST(got);
	EQS("-", got);
	free(got);
	answers(&c, "qAttached", "1");
	client_send(&c, "-", 1); /* that again */
	got = client_until(&c, "#31");
	MUST(got);
	EQS("$1#31", got);
	free(got);
	client_close(&c);
	vm_close(&v);
}
