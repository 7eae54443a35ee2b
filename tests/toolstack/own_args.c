/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each setting that works comes to: an argument of hvm-dm's or hvm-core's, or something that
 * another test shows, which is named. No key of keys.c may say "yes" without a row here.
 */
#include "toolstack/guest.h"

#include "base/util.h"
#include "dm/options.h"
#include "tests/test.h"
#include "toolstack/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum where { DM, CORE, ELSEWHERE };

/* with: what the arguments have then, as words with blanks between them, and have not otherwise. */
static const struct {
	const char *key, *setting;
	enum where where;
	const char *with; /* ELSEWHERE: the test */
} rows[] = {
	{"name", "", DM, " -name web "},
	{"name", "", ELSEWHERE, "tests/toolstack/create.sh"},
	{"uuid", "uuid='01234567-89ab-cdef-0123-456789abcdef'", DM,
	 " -uuid 01234567-89ab-cdef-0123-456789abcdef "},
	{"type", "type='hvm'", ELSEWHERE, "tests/toolstack/guest.c"},
	{"vcpus", "vcpus=3", DM, " -smp 3 "},
	{"vcpus", "vcpus=3", CORE, " -smp 3 "},
	{"memory", "", DM, " -m 64 "},
	{"memory", "", CORE, " -m 64M "},
	{"maxmem", "maxmem=96", DM, " -m 96 "},
	{"maxmem", "maxmem=96", CORE, " -m 96M "},
	{"mmio_hole", "mmio_hole=1024", DM, " -machine pc,max-ram-below-4g=3072M "},
	{"mmio_hole", "mmio_hole=1024", CORE, " -max-ram-below-4g 3072M "},
	{"cpuid", "cpuid='qemu64'", CORE, " -cpu qemu64 "},
	{"hvm_accel", "hvm_accel='soft,tier=translate'", CORE, " -accel soft,tier=translate "},
	{"boot", "boot='dn'", DM, " -boot order=dn "},
	{"kernel", "kernel='/boot/vmlinuz'", DM, " -kernel /boot/vmlinuz "},
	{"ramdisk", "ramdisk='/boot/initrd'", DM, " -initrd /boot/initrd "},
	{"cmdline", "cmdline='quiet'\nroot='x'", DM, " -append quiet "},
	{"root", "root='/dev/sda'", DM, " -append root=/dev/sda "},
	{"extra", "extra='a=1'\nroot='r'", DM, " -append root=r a=1 "},
	{"bios", "bios='seabios'", ELSEWHERE, "tests/toolstack/guest.c"},
	{"acpi", "acpi=0", DM, " -no-acpi "},
	{"localtime", "localtime=1", CORE, " -rtc 1000007200 "},
	{"rtc_timeoffset", "rtc_timeoffset='-60'", CORE, " -rtc 999999940 "},
	{"disk", "disk=['/d.img,qcow2,hdb,w']", DM,
	 " -drive file=/d.img,if=ide,index=1,media=disk,format=qcow2,cache=writeback,"
	 "discard=unmap "},
	{"disk", "disk=['/d.img,raw,hda,w,no-discard']", DM, ",format=raw,cache=writeback "},
	{"disk", "disk=['/d.img,raw,hda,w,direct-io-safe']", DM, ",cache=none,discard=unmap "},
	{"disk", "disk=['vdev=hda,target=/a,b.img']", DM, " file=/a,,b.img,if=ide,index=0,"},
	{"disk", "disk=['/d.iso,raw,hdc,cdrom']", DM,
	 " -drive if=none,readonly=on,id=ide-5632,file=/d.iso,format=raw -device "
	 "ide-cd,id=ide-5632,drive=ide-5632,bus=ide.1,unit=0 "},
	{"disk", "disk=['vdev=hdd,devtype=cdrom']", DM, " -drive if=none,readonly=on,id=ide-5696 "},
	{"hdtype", "hdtype='ide'", ELSEWHERE, "tests/toolstack/guest.c"},
	{"vif", "vif=['model=e1000,mac=00:16:3e:00:00:01']", DM,
	 " -device e1000,id=nic0,netdev=net0,mac=00:16:3e:00:00:01 -netdev tap,fd=9,id=net0 "},
	{"vif", "vif=['','']", DM, " -netdev user,id=net1 "},
	{"vif", "", DM, " -net none "},
	{"vif", "vif=['vifname=web0,script=x,ip=10.0.0.1,mtu=1400']", ELSEWHERE,
	 "tests/toolstack/vif_up.c"},
	{"vga", "vga='stdvga'", DM, " -device VGA,vgamem_mb=16 "},
	{"videoram", "videoram=32", DM, " -device cirrus-vga,vgamem_mb=32 "},
	{"vnc", "vnc=0", DM, " -vnc none "},
	{"vnclisten", "vnclisten='0.0.0.0'\nvncpasswd='x'", DM, " -vnc 0.0.0.0:0,"},
	{"vncpasswd", "vncpasswd='x'", DM, " -vnc 127.0.0.1:0,password=on,"},
	{"vncpasswd", "vncpasswd='x'", ELSEWHERE, "tests/toolstack/screen.sh"},
	{"vncdisplay", "vncdisplay=7", DM, " -vnc 127.0.0.1:7,"},
	{"vncunused", "", DM, " -vnc 127.0.0.1:0,to=99 "},
	{"vncunused", "vncunused=0", DM, " -vnc 127.0.0.1:0 "},
	{"sdl", "sdl=1", DM, " -display sdl "},
	{"sdl", "sdl=1", ELSEWHERE, "tests/toolstack/screen.sh"},
	{"keymap", "keymap='de'", DM, " -k de "},
	{"serial", "serial='pty'", DM,
	 " -chardev pty,id=serial0,logfile=fd:8,logappend=on -serial chardev:serial0 "},
	{"serial", "serial=['none','file:/log']", DM, " -serial none -serial file:/log "},
	{"usb", "usb=1", DM, " -usb "},
	{"usbdevice", "usbdevice=['tablet']", DM, " -usb -usbdevice tablet "},
	{"usbversion", "usbversion=1", DM, " -device piix3-usb-uhci,id=usb "},
	{"on_poweroff", "", ELSEWHERE, "tests/toolstack/sup_life.c"},
	{"on_reboot", "", ELSEWHERE, "tests/toolstack/sup_life.c"},
	{"on_reboot", "on_reboot='destroy'", DM, " -no-reboot "},
	{"on_crash", "", ELSEWHERE, "tests/toolstack/sup_life.c"},
	{"device_model_args", "device_model_args=['-D','x']", DM, " -D x "},
	{"device_model_args_hvm", "device_model_args_hvm=['-no-hpet']", DM, " -no-hpet "},
};

struct box {
	struct cfg c;
	struct guest g;
	char dm[4000], core[500];
};

static void join(char *to, size_t size, char **words)
{
	size_t n = (size_t)snprintf(to, size, " ");

	MUST(words);
	for (char **w = words; *w; w++)
		n += (size_t)snprintf(to + n, size - n, "%s ", *w);
	MUST(n < size);
}

static const struct guest_way way = {.core = 3,
				     .broker = 4,
				     .monitor = 5,
				     .console = 8,
				     .jail = "try",
				     .monitor_path = "/run/x/qmp",
				     .nets = (const char *const[]){"tap,fd=9", "user", "user"}};

static void open_box(struct box *b, const char *setting)
{
	static const struct guest_core_way core = {
		.listener = 6, .jail = "try", .now = 1000000000, .rtc_offset = 0};
	char text[400];
	struct err e = {""};
	char **words;

	*b = (struct box){.c = {.first = NULL}};
	snprintf(text, sizeof(text), "name='web'\nmemory=64\n%s", setting);
	OK(cfg_read(&b->c, "g.cfg", text, strlen(text), &e));
	OK(guest_read(&b->g, &b->c, NULL, &e));
	EQS("", e.msg);
	join(b->dm, sizeof(b->dm), words = guest_own_args(&b->g, &way));
	guest_args_free(words);
	join(b->core, sizeof(b->core), words = guest_core_args(&b->g, &core));
	guest_args_free(words);
}

static void close_box(struct box *b)
{
	guest_free(&b->g);
	cfg_free(&b->c);
}

/* With the setting the words are there; where it is none, they are not without it. */
TEST_EACH(setting, ARRAY_SIZE(rows), rows[i].setting[0] ? rows[i].setting : rows[i].key)
{
	const char *dm, *core;
	struct box b, plain;

	setenv("TZ", "XXX-2", 1);
	tzset();
	open_box(&b, rows[i].setting);
	open_box(&plain, "");
	dm = strstr(b.dm, rows[i].with);
	core = strstr(b.core, rows[i].with);
	NOTE("%s", rows[i].where == CORE ? b.core : b.dm);
	if (rows[i].where == ELSEWHERE) {
		FILE *f = fopen(rows[i].with, "r");

		CHECK(f);
		if (f)
			fclose(f);
	} else {
		CHECK(rows[i].where == DM ? dm : core);
		if (rows[i].setting[0])
			CHECK(!strstr(rows[i].where == DM ? plain.dm : plain.core, rows[i].with));
	}
	close_box(&b);
	close_box(&plain);
}

/* "yes" in docs/xl.cfg-support.md. */
TEST_EACH(shown, n_keys, keys[i].name)
{
	bool found = keys[i].status != KEY_WORKS;

	for (unsigned k = 0; k < ARRAY_SIZE(rows); k++)
		found |= !strcmp(rows[k].key, keys[i].name);
	CHECK(found);
}

TEST(the_least)
{
	struct box b;

	open_box(&b, "");
	EQS(" hvm-dm -core fd=3 -broker fd=4 -jail try -S -no-shutdown "
	    "-chardev socket,id=supervisor,fd=5 -mon chardev=supervisor,mode=control "
	    "-chardev socket,id=tools,path=/run/x/qmp,server=on,wait=off "
	    "-mon chardev=tools,mode=control -nodefaults -name web -vnc 127.0.0.1:0,to=99 "
	    "-display none -device cirrus-vga,vgamem_mb=8 -boot order=cda -smp 1 -net none "
	    "-machine pc -m 64 ",
	    b.dm);
	EQS(" hvm-core -listen fd=6 -jail try -m 64M -smp 1 -rtc 1000000000 ", b.core);
	close_box(&b);
}

/* xl's policy is the usual processor; a clock before 1970 is 1970's. */
TEST(what_hvm_core_is_not_told)
{
	struct box b;

	open_box(&b, "cpuid='host,tm=0'\nrtc_timeoffset='-1000000000'");
	CHECK(!strstr(b.core, "-cpu"));
	close_box(&b);
	open_box(&b, "cpuid='host'\nrtc_timeoffset='-1000000000'");
	CHECK(!strstr(b.core, "-cpu") && strstr(b.core, " -rtc 0 "));
	close_box(&b);
}

/* hvm-dm reads what is made for it. */
TEST_EACH(understood, ARRAY_SIZE(rows), rows[i].setting[0] ? rows[i].setting : rows[i].key)
{
	struct machine_config cfg = {.ram = 0};
	struct err e = {""};
	struct box b;
	char **words;
	int n = 0;

	open_box(&b, rows[i].setting);
	words = guest_own_args(&b.g, &way);
	while (words[n])
		n++;
	EQ(OPTIONS_RUN, options_parse(&cfg, n, words, &e));
	EQS("", e.msg);
	config_free(&cfg);
	guest_args_free(words);
	close_box(&b);
}
