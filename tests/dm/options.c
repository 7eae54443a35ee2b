/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Option text to a description, and what is said about text that is no good. */
#include "base/util.h"
#include "dm/options.h"
#include "hypervisor/x86/trace.h"
#include "tests/test.h"

#include <stdio.h>

static struct machine_config c;

static int parse(const char *text, char *msg)
{
	struct err e = {""};
	int rc = options_parse_text(&c, text, &e);

	strcpy(msg, e.msg);
	return rc;
}

static void good(const char *text)
{
	char msg[sizeof(((struct err *)0)->msg)];

	test_note("%s", text);
	if (!EQ(OPTIONS_RUN, parse(text, msg)))
		EQS("", msg);
}

static void refused(const char *text, const char *sentence)
{
	char msg[sizeof(((struct err *)0)->msg)];

	test_note("%s", text);
	CHECK(parse(text, msg) < 0);
	EQS(sentence, msg);
	config_free(&c);
}

TEST(defaults)
{
	good("");
	EQS("pc", c.machine);
	EQ(128 << 20, c.ram);
	EQ(1, c.cpus);
	EQ(1, c.maxcpus);
	CHECK(!c.accel && !c.name && !c.nodefaults && !c.stopped);
	config_free(&c);
}

TEST(memory)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} v[] = {{"-m 512", 512ull << 20},       {"-m 1G", 1ull << 30},
		 {"-m size=2g", 2ull << 30},     {"-m 256M,slots=2,maxmem=1G", 256ull << 20},
		 {"-m 1.5G", 3ull << 29},        {"-m 0", 128ull << 20},
		 {"--m 65536K", 65536ull << 10}, {"-m 0x40", 64ull << 20}};

	for (unsigned i = 0; i < ARRAY_SIZE(v); i++) {
		good(v[i].text);
		EQ(v[i].bytes, c.ram);
		config_free(&c);
	}
	refused("-m 12x", "-m 12x: want a size, e.g. 512 (MiB) or 1G");
	refused("-m -1", "-m -1: want a size, e.g. 512 (MiB) or 1G");
	refused("-m 99999999999999999999",
		"-m 99999999999999999999: want a size, e.g. 512 (MiB) or 1G");
	refused("-m 2T", "-m 2T: want from 1M to 1T");
	refused("-m size=1G,slot=2", "-m: no such key 'slot' (did you mean 'slots'?)");
}

TEST(cpus)
{
	static const struct {
		const char *text;
		unsigned cpus, max;
	} v[] = {{"-smp 4", 4, 4},
		 {"-smp 2,maxcpus=4", 2, 4},
		 {"-smp cpus=2", 2, 2},
		 {"-smp maxcpus=8", 8, 8},
		 {"-smp sockets=2,cores=2,threads=2", 8, 8},
		 {"-smp 4,sockets=1,cores=2,threads=2", 4, 4}};

	for (unsigned i = 0; i < ARRAY_SIZE(v); i++) {
		good(v[i].text);
		EQ(v[i].cpus, c.cpus);
		EQ(v[i].max, c.maxcpus);
		config_free(&c);
	}
	refused("-smp 4,maxcpus=2", "-smp: maxcpus must not be less than cpus");
	refused("-smp 0", "-smp: cpus must be at least 1");
	refused("-smp 129", "-smp: 129 CPUs are more than 128");
	refused("-smp four", "-smp: cpus=four: want a number from 0 to 1024");
	refused("-smp 4,sockets=1,cores=1,threads=2",
		"-smp: sockets * dies * cores * threads (2) is not maxcpus (4)");
}

TEST(machine_and_engine)
{
	good("-M pc-i440fx-7.2,accel=kvm:qtest,usb=off,max-ram-below-4g=3G");
	EQS("pc", c.machine);
	EQS("qtest", c.accel);
	EQ(3ull << 30, c.max_ram_below_4g);
	config_free(&c);
	/* The first that exists wins, as libqtest's -accel qtest after a test's own. */
	good("-machine none -accel kvm -accel tcg,thread=multi -accel qtest");
	EQS("none", c.machine);
	EQS("soft", c.accel);
	config_free(&c);
	good("-accel soft,tier=translate,perf-map=on -accel tcg,tb-size=64,verify=lockstep");
	EQS("soft", c.accel);
	EQ(TIER_TRANSLATE, c.engine.tier);
	CHECK(c.engine.verify && c.engine.perf_map);
	config_free(&c);
	good("-machine pc,accel=tcg -accel qtest");
	EQS("qtest", c.accel);
	config_free(&c);
	good("-accel xen -M pc,accel=qtest");
	EQS("xen", c.accel);
	config_free(&c);
	good("-d cpu -d in_asm,guest_errors,int,trace:ide.*");
	EQ(TRACE_IN_ASM | TRACE_INT, c.log_items);
	EQS("ide.*", c.trace);
	config_free(&c);
	good("-d all -d none");
	EQ(0, c.log_items);
	config_free(&c);
	refused("-d in_asm,,int", "-d: there is no '' to log (-d help lists what is)");
	refused("-d nt", "-d: there is no 'nt' to log (-d help lists what is)");
	good("-clock icount,shift=3");
	CHECK(c.icount);
	EQ(3, c.icount_shift);
	config_free(&c);
	good("-clock host");
	CHECK(!c.icount);
	config_free(&c);
	refused("-M q35", "-M q35: no such machine (pc and none exist)");
	refused("-M xenfv", "-M xenfv: guests of a real Xen cannot be served yet");
	refused("-machine pc,usp=on", "-machine: no such key 'usp' (did you mean 'usb'?)");
	refused("-accel fast", "-accel fast: no such engine");
	refused("-accel soft,tier=2", "-accel: tier=2: want interp or translate");
	refused("-accel soft,speed=2",
		"-accel: no option 'speed': tier, verify and perf-map are there");
	refused("-clock tick", "-clock tick: want host or icount[,shift=N]");
	refused("-clock host,shift=1", "-clock host,shift=1: shift goes with icount, 0 to 20");
	refused("-clock icount,shift=21",
		"-clock icount,shift=21: shift goes with icount, 0 to 20");
	refused("-machine pc,usb=maybe", "-machine: usb=maybe: want on or off");
}

TEST(names)
{
	good("-name guest=web,,1,process=dm,debug-threads=on -uuid "
	     "550e8400-e29b-41d4-a716-446655440000");
	EQS("web,1", c.name);
	EQS("dm", c.process_name);
	EQS("550e8400-e29b-41d4-a716-446655440000", c.uuid);
	config_free(&c);
	refused("-uuid 550e8400",
		"-uuid 550e8400: want xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in hex digits");
}

TEST(firmware_words)
{
	good("-boot menu=on -boot splash-time=1000,reboot-timeout=0,strict=on "
	     "-smbios type=0,vendor=V,release=1.15,uefi=off -smbios type=1,serial=a,,b "
	     "-smbios type=1,serial=c -fw_cfg opt/x,string=y -fw_cfg name=opt/z,file=/dev/null");
	CHECK(c.boot_menu && c.boot_strict && c.splash_given && c.reboot_given);
	EQ(1000, c.splash_time);
	EQ(0, c.reboot_timeout);
	EQS("V", opts_get(&c.smbios_bios, "vendor"));
	EQS("c", opts_get(&c.smbios_system, "serial"));
	EQ(2, c.fw_cfg.n);
	config_free(&c);
	refused("-smbios vendor=V", "-smbios vendor=V: want type=0 or type=1 and its texts");
	refused("-smbios type=2,product=x",
		"-smbios type=2: only types 0 and 1 can be given words");
	refused("-smbios type=0,serial=x", "-smbios: no such key 'serial'");
	refused("-smbios type=0,release=1.256",
		"-smbios: release=1.256: want two numbers up to 255: 1.0");
	refused("-smbios type=1,uuid=1",
		"-smbios 1: want xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in hex digits");
	refused("-fw_cfg opt/x", "-fw_cfg opt/x: want one of file= and string=");
	refused("-fw_cfg opt/x,file=a,string=b",
		"-fw_cfg opt/x,file=a,string=b: want one of file= and string=");
	refused("-fw_cfg string=x", "-fw_cfg string=x: want name= of 1 to 55 characters");
}

TEST(boot_and_clock)
{
	good("-boot order=dc,once=d,menu=on -rtc base=2026-06-16T16:01:21,clock=vm");
	EQS("dc", c.boot_order);
	EQS("d", c.boot_once);
	CHECK(c.boot_menu && c.rtc_vm_clock);
	EQ(RTC_DATE, c.rtc);
	EQ(1781625681, c.rtc_date);
	config_free(&c);
	good("-boot cda -rtc base=localtime");
	EQS("cda", c.boot_order);
	EQ(RTC_LOCALTIME, c.rtc);
	config_free(&c);
	refused("-boot cz", "-boot: order=cz: 'z' is no boot device (a, c, d, n are)");
	refused("-boot order=cc", "-boot: order=cc: 'c' is there twice");
	refused("-boot splash-time=65536",
		"-boot: splash-time=65536: want a number from 0 to 65535");
	refused("-boot reboot-timeout=-2",
		"-boot: reboot-timeout=-2: want a number from 0 to 65535");
	refused("-rtc base=yesterday",
		"-rtc: base=yesterday: want utc, localtime, 2026-06-16T16:01:21 or 2026-06-16");
}

TEST(drives_find_their_places)
{
	good("-hda a.img -cdrom 'my,cd.iso' -drive file=x,,y,if=ide,format=raw"
	     " -drive if=none,id=d1,readonly=on,media=cdrom -drive file=z,if=none");
	EQ(5, c.n_drives);
	EQS("ide0-hd0", c.drives[0].id);
	EQS("ide1-cd0", c.drives[1].id);
	EQS("my,cd.iso", c.drives[1].file);
	CHECK(c.drives[1].cdrom && c.drives[1].readonly);
	EQS("ide0-hd1", c.drives[2].id);
	EQS("x,y", c.drives[2].file);
	EQS("d1", c.drives[3].id);
	EQ(DRIVE_NONE, c.drives[3].interface);
	CHECK(!c.drives[3].file);
	EQS("none4", c.drives[4].id);
	config_free(&c);
	good("-drive file=a,bus=1,unit=1");
	EQ(1, c.drives[0].bus);
	EQ(1, c.drives[0].unit);
	config_free(&c);
}

TEST(ways_of_drives)
{
	good("-drive file=a,discard=unmap,detect-zeroes=on,snapshot=off -drive file=b -snapshot "
	     "-drive file=c,cache=none,aio=native,werror=report,rerror=report,snapshot=on");
	CHECK(c.snapshot);
	EQ(0, c.drives[0].snapshot);
	EQ((unsigned)-1, (unsigned)c.drives[1].snapshot);
	EQ(1, c.drives[2].snapshot);
	CHECK(c.drives[0].discard && !c.drives[1].discard);
	CHECK(c.drives[0].detect_zeroes && !c.drives[1].detect_zeroes);
	CHECK(!c.drives[0].native_aio && c.drives[2].native_aio);
	EQ(BLK_ENOSPC, c.drives[0].werror);
	EQ(BLK_REPORT, c.drives[2].werror);
	config_free(&c);
	good("-hda a -drive file=b,werror=stop,rerror=ignore "
	     "-drive file=c,werror=ignore,rerror=stop");
	EQ(BLK_ENOSPC, c.drives[0].werror);
	EQ(BLK_REPORT, c.drives[0].rerror);
	EQ(BLK_STOP, c.drives[1].werror);
	EQ(BLK_IGNORE, c.drives[1].rerror);
	EQ(BLK_IGNORE, c.drives[2].werror);
	EQ(BLK_STOP, c.drives[2].rerror);
	config_free(&c);
}

TEST(blockdev_is_a_drive_for_a_device)
{
	good("-blockdev driver=file,node-name=a,filename=x,,y "
	     "-blockdev driver=raw,node-name=b,file.driver=file,file.filename=z,read-only=on "
	     "-blockdev driver=qcow2,node-name=c,file.driver=file,file.filename=q,discard=unmap,"
	     "cache.direct=on");
	EQ(3, c.n_drives);
	EQS("qcow2", c.drives[2].format);
	EQS("none", c.drives[2].cache);
	CHECK(c.drives[2].discard);
	EQS("a", c.drives[0].id);
	EQS("x,y", c.drives[0].file);
	EQS("raw", c.drives[0].format);
	EQ(DRIVE_NONE, c.drives[0].interface);
	CHECK(!c.drives[0].readonly && c.drives[1].readonly);
	EQS("z", c.drives[1].file);
	config_free(&c);
	refused("-blockdev driver=file,filename=x", "-blockdev: lacks node-name=");
	refused("-blockdev driver=raw,node-name=x,file.driver=file",
		"-blockdev: lacks file.filename=");
	refused("-blockdev driver=qcow2,node-name=x,file=y",
		"-blockdev: want driver=file, or driver=raw or qcow2 with file.driver=file: "
		"others do not exist yet");
	refused("-blockdev node-name=x",
		"-blockdev: want driver=file, or "
		"driver=raw or qcow2 with file.driver=file: others do not exist yet");
}

TEST(drives_that_cannot_be)
{
	refused("-hda a -drive file=b,index=0",
		"-drive: there is a drive at that IDE place already");
	refused("-hda a -hdb b -hdc c -hdd d -drive file=e",
		"-drive: all four IDE places are taken");
	refused("-drive file=a,index=4", "-drive: index=4: want a number from 0 to 3");
	refused("-drive file=a,if=none,id=x -drive file=b,if=none,id=x",
		"-drive: a drive named 'x' exists already");
	refused("-drive file=a,if=scsi",
		"-drive: if=scsi: want ide, floppy, or none and a -device that names the drive");
	refused("-fda a -drive if=floppy,index=0,file=b",
		"-drive: there is a drive at that floppy place already");
	refused("-fda a -fdb b -drive if=floppy", "-drive: both floppy places are taken");
	refused("-drive if=floppy,media=cdrom", "-drive: a floppy drive takes no CD");
	refused("-drive file.driver=null-co,if=none",
		"-drive: file.driver=: drivers do not stack here: say file=FILE,format=raw");
	refused("-drive driver=null-co,if=none",
		"-drive: driver=: drivers do not stack here: say file=FILE,format=raw");
	refused("-drive file=a,rerror=enospc", "-drive: rerror=enospc: there is no such choice");
	refused("-drive file=a,discard=never", "-drive: discard=never: there is no such choice");
	refused("-drive file=a,aio=native", "-drive: aio=native needs cache=none or directsync");
	refused("-drive file=a,cache=fast",
		"-drive: cache=fast: want writeback, none, unsafe, directsync or writethrough");
	refused("-drive file=a,formt=raw", "-drive: no such key 'formt' (did you mean 'format'?)");
	refused("-drive if=ide", "-drive: a hard disk needs file=");
	refused("disk.img", "'disk.img': disks are given with -drive or -hda");
}

TEST(devices_and_globals)
{
	good("-device rtl8139,netdev=n0,id=nic,mac=52:54:00:12:34:57 -global ide-hd.serial=a,b"
	     " -global driver=rtl8139,property=mac,value=x");
	EQS("rtl8139", opts_get(&c.devices.v[0], "driver"));
	EQS("n0", opts_get(&c.devices.v[0], "netdev"));
	EQS("a,b", opts_get(&c.globals.v[0], "value"));
	EQS("mac", opts_get(&c.globals.v[1], "property"));
	config_free(&c);
	refused("-device {\"driver\":\"e1000\"}",
		"-device: JSON is not understood: say DRIVER,key=value,…");
	refused("-device id=x", "-device id=x: lacks the driver's name (-device help lists them)");
	refused("-device nonesuch,help",
		"-device nonesuch: no such device (-device help lists them)");
	refused("-global nothing", "-global nothing: want driver.property=value");
}

TEST(monitors)
{
	good("-chardev socket,id=c0,path=/x -mon c0,mode=control,pretty=on"
	     " -qmp unix:/y,server=on,wait=off -monitor none -monitor mon:stdio");
	EQ(3, c.n_mons);
	EQS("c0", c.mons[0].chardev);
	CHECK(c.mons[0].control && c.mons[0].pretty && !c.mons[0].spec);
	EQS("compat_monitor1", c.mons[1].chardev);
	EQS("unix:/y,server=on,wait=off", c.mons[1].spec);
	CHECK(!c.mons[2].control);
	EQS("stdio", c.mons[2].spec);
	config_free(&c);
	refused("-mon mode=control", "-mon: lacks chardev=ID");
	refused("-mon c0,mode=loud", "-mon: mode=loud: want control or readline");
}

TEST(unknown_options_name_their_neighbours)
{
	refused("-driv x", "-driv: no such option (did you mean -drive?)");
	refused("-nodefault", "-nodefault: no such option (did you mean -nodefaults?)");
	refused("--serail stdio", "-serail: no such option (did you mean -serial?)");
	refused("-zzzzzzzz", "-zzzzzzzz: no such option (-help lists them)");
	refused("-m", "-m: wants SIZE after it");
	refused("-daemonize",
		"-daemonize: start it with `setsid` or a service manager: it stays in front");
	refused("-enable-kvm", "-enable-kvm: there is no KVM engine yet");
}

/* The line that libxl makes for a typical guest, as far as its parts exist. */
TEST(libxl_text)
{
	good("-no-shutdown -chardev socket,id=libxl-cmd,path=/q,server=on,wait=off"
	     " -mon chardev=libxl-cmd,mode=control -nodefaults -no-user-config -name win10"
	     " -vnc 0.0.0.0:3,password=on,to=99 -display none -k de -serial pty -boot order=dc"
	     " -smp 2,maxcpus=4 -device rtl8139,id=nic0,netdev=net0,mac=00:16:3e:11:22:33"
	     " -netdev type=socket,id=net0,fd=9 -m 2016"
	     " -drive file=/srv/win.raw,if=ide,index=0,media=disk,format=raw,cache=writeback"
	     " -drive if=none,readonly=on,id=ide-5632,file=/srv/win.iso,format=raw"
	     " -device ide-cd,id=ide-5632,drive=ide-5632,bus=ide.1,unit=0"
	     " -drive if=none,readonly=on,id=ide-5696"
	     " -device ide-cd,id=ide-5696,drive=ide-5696,bus=ide.1,unit=1");
	EQ(3, c.n_drives);
	EQ(3, c.devices.n);
	EQ(2016ull << 20, c.ram);
	CHECK(c.no_shutdown && c.nodefaults);
	EQS("0.0.0.0:3,password=on,to=99", c.vnc);
	EQS("de", c.keymap);
	config_free(&c);
}

TEST(help_and_version_run_nothing)
{
	static const char *const v[] = {"-help",        "--help",  "-h",          "-version",
					"-device help", "-M help", "-accel help", "-cpu help"};

	for (unsigned i = 0; i < ARRAY_SIZE(v); i++) {
		char msg[sizeof(((struct err *)0)->msg)];

		test_note("%s", v[i]);
		EQ(OPTIONS_DONE, parse(v[i], msg));
		config_free(&c);
	}
}

/* Every option that wants an argument says so, and every prefix of a good line is handled. */
TEST(cut_lines_do_no_harm)
{
	const char *line =
		"-name a,process=b -m 1G -smp 2,maxcpus=4 -drive file=x,index=1 -boot dc"
		" -device rtl8139,mac=1 -mon c,mode=control -rtc base=utc -trace a,file=b"
		" -add-fd fd=3,set=1,opaque=x -global a.b=c -M pc,accel=qtest -uuid x";
	char msg[sizeof(((struct err *)0)->msg)], cut[400];

	for (size_t n = 0; n <= strlen(line); n++) {
		snprintf(cut, n + 1, "%s", line);
		if (parse(cut, msg) < 0)
			CHECK(msg[0]);
		config_free(&c);
	}
}
