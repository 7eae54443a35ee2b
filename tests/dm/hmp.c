/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The human monitor: lines in, text out. Formats of o, i, xp, sum, print and of wrong lines were
 * compared with QEMU 7.2's.
 */
#include "dm/hmp.h"
#include "dm/qmp.h"
#include "hypervisor/domain.h"
#include "hypervisor/vcpus.h"
#include "hypervisor/x86/cpu.h"
#include "hypervisor/x86/engine.h"
#include "tests/dm/vm.h"

#include <ctype.h>

/* clang-format off */
#define PC \
	"-machine pc -accel qtest -nodefaults -display none -m 16 -S -name guest " \
	"-chardev socket,id=c0,path=%s/q0,server=on,wait=off -mon chardev=c0,mode=readline " \
	"-drive if=none,id=cd0,media=cdrom,readonly=on " \
	"-device ide-cd,drive=cd0,id=ide0,bus=ide.1 " \
	"-drive if=none,id=hd0,file=%s/hd.img,format=raw -device ide-hd,drive=hd0,id=disk0 " \
	"-netdev none,id=n0 -device rtl8139,id=nic0,addr=4,netdev=n0 "
/* clang-format on */

/* want: the whole text, or its beginning when it ends in "…". */
static void says(struct vm *v, const char *command, const char *want)
{
	char *got = hmp_run(v->m, command);
	size_t len = strlen(want);

	MUST(got);
	NOTE("%.200s", command);
	if (len >= 3 && !strcmp(want + len - 3, "…")) {
		len -= 3;
		if (strncmp(want, got, len))
			EQS(want, got);
	} else {
		EQS(want, got);
	}
	free(got);
}

static const struct {
	const char *in, *out;
} rows[] = {
	{"", ""},
	{"nope", "unknown command: 'nope'\r\n"},
	{"info nope x", "unknown command: 'info nope'\r\n"},
	{"help xp", "xp /fmt addr -- physical memory dump starting at 'addr'\r\n"},
	{"help info pci", "info pci  -- show PCI info\r\n"},
	{"help nope", "unknown command: 'nope'\r\n"},
	{"? c", "cont|c  -- resume emulation\r\n"},
	{"info", "info version  -- show the version\r\n…"},
	{"help info", "info version  -- show the version\r\n…"},
	{"stop x", "stop|s: extraneous characters at the end of line\r\n"
		   "Try \"help stop\" for more information\r\n"},
	{"info qtree x", "qtree: extraneous characters at the end of line\r\n"
			 "Try \"help info qtree\" for more information\r\n"},
	{"eject", "eject: device expected\r\nTry \"help eject\" for more information\r\n"},
	{"eject -x cd0", "eject: unsupported option -x\r\n"
			 "Try \"help eject\" for more information\r\n"},
	{"eject -f cd0", ""},
	{"eject xx", "Error: Device 'xx' not found\r\n"},
	{"change cd0 /nowhere/x raw", "Error: …"},
	{"info status", "VM status: paused (prelaunch)\r\n"},
	{"info version", "7.2.22 (hvm-dm)\r\n"},
	{"info name", "guest\r\n"},
	{"info uuid", "00000000-0000-0000-0000-000000000000\r\n"},
	{"info kvm", "kvm support: not compiled\r\n"},
	{"info cpus", "* CPU #0: thread_id=…"},
	{"info registers", "Error: there is no vCPU whose registers could be shown\r\n"},
	{"info jit", "Error: no engine that counts runs the CPUs of this machine\r\n"},
	{"x /4x 0", "Error: there is no vCPU whose memory could be shown\r\n"},
	{"info block", "cd0: [not inserted]\r\n    Attached to:      ide0\r\n"
		       "    Removable device: not locked, tray "
		       "closed\r\n\r\nhd0: …"},
	{"info block xx", ""},
	{"info blockstats", "cd0: rd_bytes=0 wr_bytes=0 rd_operations=0 wr_operations=0 "
			    "flush_operations=0\r\nhd0: …"},
	{"info chardev", "c0: filename=disconnected:unix:/tmp/…"},
	{"info network", "nic0: index=0,type=nic,model=rtl8139,macaddr=52:54:00:12:34:56\r\n"
			 " \\ n0: index=0,…"},
	{"info usernet", ""},
	{"hostfwd_add ::1-:1", "no user mode network stack\r\n"},
	{"hostfwd_add nope tcp::1-:1", "unrecognized netdev id 'nope'\r\n"},
	{"hostfwd_add n0 tcp::1-:1", "Error: netdev 'n0' is not of type user\r\n"},
	{"hostfwd_remove n0 tcp::1", "host forwarding rule for tcp::1 not found\r\n"},
	{"info pci",
	 "  Bus  0, device   0, function 0:\r\n    Host bridge: PCI device 8086:1237\r\n"
	 "      PCI subsystem 1af4:1100\r\n      id \"\"\r\n…"},
	{"info mice", "* Mouse #2: QEMU PS/2 Mouse\r\n"},
	{"mouse_set 2", ""},
	{"mouse_set 9", "Mouse at index '9' not found\r\n"},
	{"mouse_move 1 2", ""},
	{"mouse_move 1 2 3", ""},
	{"mouse_move", "mouse_move: dx expected\r\n"
		       "Try \"help mouse_move\" for more information\r\n"},
	{"mouse_button 7", ""},
	{"info vnc", "None\r\n"},
	{"change vnc", "change: target expected\r\nTry \"help change\" for more information\r\n"},
	{"change vnc password", "Error: change vnc password: wants the password too\r\n"},
	{"change vnc :1", "Error: Expected 'password' after 'vnc'\r\n"},
	{"change vnc password x", "Error: Could not set password\r\n"},
	{"set_password vnc x", "Error: Could not set password\r\n"},
	{"expire_password vnc now", "Error: Could not set password expire time\r\n"},
	{"set_password vnc x fail", "Error: VNC clients that are connected can only be kept\r\n"},
	{"info iothreads", ""},
	{"info memory_size_summary", "base memory: 16777216\r\nplugged memory: 0\r\n"},
	{"info qtree", "bus: main-system-bus\r\n  type System\r\n  dev: …"},
	{"info qom-tree", "/machine (pc-machine)\r\n  /peripheral (container)\r\n"
			  "    /ide0 (ide-cd)\r\n"
			  "    /disk0 (ide-hd)\r\n    /nic0 (rtl8139)\r\n…"},
	{"info qom-tree /x", "Path '/x' could not be resolved.\r\n"},
	{"info mtree", "address-space: memory\r\n…"},
	{"info irq", "…"},
	{"info pic", "…"},
	{"info dev nic0", "nic0: rtl8139\r\n…"},
	{"info dev xx", "Error: Device 'xx' not found\r\n"},
	{"print 5", "0x5\r\n"},
	{"p /d 0x10", "16\r\n"},
	{"p /x 1+2*3-(4|1)", "0x2\r\n"},
	{"p /d -1", "-1\r\n"},
	{"p /u ~0", "18446744073709551615\r\n"},
	{"p /d 'a'", "97\r\n"},
	{"p 1/0", "division by zero\r\nTry \"help print\" for more information\r\n"},
	{"p $eax", "unknown register\r\nTry \"help print\" for more information\r\n"},
	{"p (1", "')' expected\r\nTry \"help print\" for more information\r\n"},
	{"p /q 1", "invalid char in format: 'q'\r\nTry \"help print\" for more information\r\n"},
	{"o", "unexpected end of expression\r\nTry \"help o\" for more information\r\n"},
	{"o /b zz 1", "invalid char 'z' in expression\r\nTry \"help o\" for more information\r\n"},
	{"o/b 0x80 1", ""},
	{"i /b 0x5678", "portb[0x5678] = 0xff\r\n"},
	{"i /h 0x5678", "portw[0x5678] = 0xffff\r\n"},
	{"i 0x5678", "portl[0x5678] = 0xffffffff\r\n"},
	{"xp", "unexpected end of expression\r\nTry \"help xp\" for more information\r\n"},
	{"xp /0x 0", ""},
	{"xp /2i 0", "there is no disassembler: use x, o, u, d or c\r\n"},
	{"xp /9999999gx 0", "at most 1048576 bytes at once\r\n"},
	{"sum 0x100000 4096", "00000\r\n"},
	{"sum 0 0x20000000", "size must be 0 to 268435456\r\n"},
	{"sendkey xx", "invalid parameter: xx\r\n"},
	{"sendkey ctrl-", "invalid parameter: \r\n"},
	{"sendkey 0x", "invalid parameter: 0x\r\n"},
	{"sendkey ctrl-0x1e-f1", ""},
	{"sendkey a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a", "too many keys\r\n"},
	{"sendkey ctrl-alt-f1", ""},
	{"screendump", "screendump: filename expected\r\n"
		       "Try \"help screendump\" for more information\r\n"},
	{"screendump /dev/null", "Error: There is no console to take a screendump from\r\n"},
	{"system_wakeup", "Error: Unable to wake up: guest is not in suspended state\r\n"},
	{"nmi", ""},
	{"device_add", "Error: Parameter 'driver' is missing\r\n"},
	{"device_add xx", "Error: 'xx' is not a valid device model name\r\n"},
	{"device_add ?", "name \"…"},
	{"device_add rtl8139,help", "rtl8139 options:\r\n…"},
	{"device_add \"rtl8139,help\"", "rtl8139 options:\r\n  mac…"},
	{"device_add rtl8139,id=n2 x", "device_add: extraneous characters at the end of line\r\n"
				       "Try \"help device_add\" for more information\r\n"},
	{"device_add rtl8139,id=n1", ""},
	{"device_del xx", "Error: Device 'xx' not found\r\n"},
	{"device_del",
	 "device_del: id expected\r\nTry \"help device_del\" for more information\r\n"},
	{"chardev-add null,id=zz", ""},
	{"chardev-remove xx", "Error: Chardev 'xx' not found\r\n"},
	{"netdev_del xx", "Error: Device 'xx' not found\r\n"},
	{"netdev_add none", "Error: …"},
	{"netdev_add none,id=n1", ""},
	{"set_link n0 off", ""},
	{"set_link nic0 x", "Expected 'on' or 'off'\r\n"},
	{"netdev_del n0", "Error: netdev 'n0' is used by device 'nic0'\r\n"},
	{"info block -v cd0", "cd0: …"},
	{"info block -x", "block: unsupported option -x\r\n"
			  "Try \"help info block\" for more information\r\n"},
	{"set_link xx on", "Error: Device 'xx' not found\r\n"},
	{"qom-list /machine/peripheral",
	 "type (string)\r\nide0 (child<ide-cd>)\r\ndisk0 (child<ide-hd>)\r\n"
	 "nic0 (child<rtl8139>)\r\n"},
	{"ringbuf_read c0 5", "Error: c0 is not a ringbuf device\r\n"},
	{"qom-list", "type (string)\r\nmachine (child<pc-machine>)\r\n"},
	{"qom-get /machine type", "\"pc-machine\"\r\n"},
	{"qom-get \"/machine\" \"x\\\"y\"", "Error: Property 'pc-machine.x\"y' not found\r\n"},
	{"qom-get \"/machine", "unterminated string\r\n"
			       "Try \"help qom-get\" for more information\r\n"},
	{"trace-event nic0.* foo", "Expected 'on' or 'off'\r\n"
				   "Try \"help trace-event\" for more information\r\n"},
	{"trace-event nic0.* on", ""},
	{"trace nic0.*", ""},
	{"trace", ""},
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

TEST_EACH(rows, N_ROWS, rows[i].in)
{
	struct vm v;

	vm_open(&v, PC);
	machine_lock(v.m);
	says(&v, rows[i].in, rows[i].out);
	machine_unlock(v.m);
	vm_close(&v);
}

/* Every command is in a row above, but for those that change the run state. */
TEST(every_command_has_a_row)
{
	static const char *const elsewhere[] = {"cont|c", "system_reset", "system_powerdown",
						"quit|q"};

	for (const struct hmp_command *c = hmp_commands; c->names; c++) {
		size_t len = strcspn(c->names, "|");
		bool found = false;

		for (size_t i = 0; i < N_ROWS && !found; i++)
			found = !strncmp(rows[i].in, c->names, len) && !isalnum(rows[i].in[len]);
		for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
			found = found || !strcmp(c->names, elsewhere[i]);
		if (!CHECK(found))
			NOTE("%s", c->names);
	}
}

TEST(every_info_runs)
{
	struct vm v;

	vm_open(&v, PC);
	machine_lock(v.m);
	for (const struct hmp_command *c = hmp_info_commands; c->names; c++) {
		char command[80], *text;

		snprintf(command, sizeof(command), "info %s", c->names);
		text = hmp_run(v.m, command);
		if (!CHECK(text && !strstr(text, "unknown") && !strstr(text, "Try")))
			NOTE("%s", command);
		free(text);
	}
	machine_unlock(v.m);
	vm_close(&v);
}

TEST(memory_dumps)
{
	static const uint8_t bytes[20] = {0xea, '[',  0xe0, 0,    0xf0, '0',
					  '6',  '\'', '\\', '\n', 0xff};
	struct vm v;

	vm_open(&v, PC);
	machine_lock(v.m);
	OK(domain_mem_write(v.m->dom, DOMAIN_NO_VCPU, 0x1000, bytes, sizeof(bytes)));
	says(&v, "xp /11xb 0x1000",
	     "0000000000001000: 0xea 0x5b 0xe0 0x00 0xf0 0x30 0x36 0x27\r\n"
	     "0000000000001008: 0x5c 0x0a 0xff\r\n");
	says(&v, "xp /3xg 0x1000",
	     "0000000000001000: 0x273630f000e05bea 0x0000000000ff0a5c\r\n"
	     "0000000000001010: 0x0000000000000000\r\n");
	says(&v, "xp /2xw 4096", "0000000000001000: 0x00e05bea 0x273630f0\r\n");
	says(&v, "xp 0x1000", "0000000000001000: 0x00e05bea\r\n");
	says(&v, "xp /5dw 0x1000",
	     "0000000000001000:   14703594  657862896   16714332          0\r\n"
	     "0000000000001010:          0\r\n");
	says(&v, "xp /2db 0x1009", "0000000000001009:  10  -1\r\n");
	says(&v, "xp /5uh 0x1000", "0000000000001000: 23530   224 12528 10038  2652\r\n");
	says(&v, "xp /5ob 0x1000", "0000000000001000: 0352 0133 0340   0 0360\r\n");
	says(&v, "xp /11cb 0x1000",
	     "0000000000001000: '\\xea' '[' '\\xe0' '\\x00' '\\xf0' '0' '6' '\\''\r\n"
	     "0000000000001008: '\\\\' '\\n' '\\xff'\r\n");
	/* Checked with sum -r of the same 20 bytes. */
	says(&v, "sum 0x1000 20", "38116\r\n");
	machine_unlock(v.m);
	vm_close(&v);
}

TEST(ports)
{
	struct vm v;

	vm_open(&v, PC);
	machine_lock(v.m);
	/* The RTC's index and data: through the core's devices. */
	says(&v, "o /b 0x70 0x0d", "");
	says(&v, "i /b 0x71", "portb[0x0071] = 0x80\r\n");
	says(&v, "i /b 0x70 0x0d", "portb[0x0071] = 0x80\r\n");
	/* PCI configuration of the host bridge. */
	says(&v, "o /w 0xcf8 0x80000000", "");
	says(&v, "i /w 0xcfc", "portl[0x0cfc] = 0x12378086\r\n");
	says(&v, "i /h 0xcfe", "portw[0x0cfe] = 0x1237\r\n");
	machine_unlock(v.m);
	vm_close(&v);
}

/* A line for each counter: the sum, and what is a CPU's of each. */
TEST(engine_counters)
{
	struct vm v;
	struct engine *en;
	char *text;

	vm_open(&v, "-accel soft -smp 2 -nodefaults -display none -m 16 -S");
	en = vcpus_engine(v.m->vcpus);
	en->ops->cpu(en, 0)->stats.tlb_misses = 12345;
	en->ops->cpu(en, 1)->stats.tlb_misses = 7;
	en->ops->cpu(en, 1)->stats.blocks = 8;
	machine_lock(v.m);
	text = hmp_run(v.m, "info jit");
	machine_unlock(v.m);
	NOTE("%s", text);
	CHECK(strstr(text,
		     "instructions                  0                0                0\r\n"));
	CHECK(strstr(text,
		     "\ntlb_misses                12352            12345                7\r\n"));
	CHECK(strstr(text, "\nblocks                        8\r\n"));
	free(text);
	vm_close(&v);
}

TEST(run_states)
{
	struct vm v;

	vm_open(&v, PC);
	machine_lock(v.m);
	says(&v, "c", "");
	says(&v, "info status", "VM status: running\r\n");
	says(&v, "stop", "");
	says(&v, "info status", "VM status: paused\r\n");
	says(&v, "system_reset", "");
	says(&v, "system_powerdown", "");
	says(&v, "quit", "");
	machine_unlock(v.m);
	vm_close(&v);
}

TEST(session)
{
	struct vm v;
	struct vm_client c;
	char *text;

	vm_open(&v, PC);
	client_open(&c, &v, "q0");
	text = client_until(&c, "(qemu) ");
	EQS("hvm-dm 7.2.22 monitor - type 'help' for more information\r\n(qemu) ", text);
	free(text);
	/* CR, LF and CR LF end lines; backspace takes back. */
	client_send(&c, "info namx\be\r", 12);
	text = client_until(&c, "(qemu) ");
	EQS("guest\r\n(qemu) ", text);
	free(text);
	client_send(&c, "info name\r\n\n", 12);
	text = client_until(&c, "(qemu) ");
	EQS("guest\r\n(qemu) ", text);
	free(text);
	text = client_until(&c, "(qemu) ");
	EQS("(qemu) ", text);
	free(text);
	client_close(&c);
	vm_turn(&v, 10);
	client_open(&c, &v, "q0");
	text = client_until(&c, "(qemu) ");
	CHECK(text && !strncmp(text, "hvm-dm ", 7));
	free(text);
	client_close(&c);
	vm_close(&v);
}

TEST(long_lines)
{
	static char big[10000];
	struct vm v;
	struct vm_client c;
	char *text;

	vm_open(&v, PC);
	client_open(&c, &v, "q0");
	free(client_until(&c, "(qemu) "));
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\n';
	client_send(&c, big, sizeof(big));
	text = client_until(&c, "(qemu) ");
	CHECK(text && !strncmp(text, "unknown command: 'xxxx", 22));
	free(text);
	client_close(&c);
	vm_close(&v);
}
