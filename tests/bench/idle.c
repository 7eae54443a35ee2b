/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an idle guest costs its host, on ours and on QEMU's TCG: Debian (make guests) stands at its
 * login, or at a shell with a USB tablet that its driver polls or not; CPU time and context
 * switches a second, and memory, of the process and its helpers.
 */
#include "tests/bench/lib/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SETTLE = 15, SECONDS = 10, BOOT = 300, GUEST_MIB = 512 };

#define GUEST  "build/guest/"
#define SHELL  "-m 512 -display none -serial stdio -kernel " GUEST "unpacked-amd64 "
#define KERNEL "-append 'console=ttyS0 cryptomgr.notests "
#define TABLET                                                                   \
	"-initrd " GUEST "drivers-amd64.cpio.gz -usb -device usb-tablet " KERNEL \
	"drivers=uhci_hcd,usbhid,hid_generic,evdev'"

static const struct scene {
	const char *name, *options, *prompt, *types, *then;
} scenes[] = {
	{"login prompt; VNC, a NIC on hvm-nat or slirp",
	 "-m 512 -drive file=" GUEST "disk-amd64.img,format=raw,snapshot=on -vnc 127.0.0.1:61 "
	 "-nic user -serial stdio",
	 "disk login: ", NULL, NULL},
	{"shell, no devices but a serial port",
	 SHELL "-nodefaults -initrd " GUEST "initrd-amd64.cpio " KERNEL "'", "guest# ", NULL, NULL},
	{"shell, USB tablet with its driver", SHELL TABLET, "guest# ", NULL, NULL},
	{"the same, the tablet in use", SHELL TABLET, "guest# ",
	 "until grep -q Tablet /proc/bus/input/devices; do sleep 1; done; "
	 "cat /dev/input/event* >/dev/null & echo op''en",
	 "open"},
};

static struct run run;

static bool stands(const struct emulator *e, const struct scene *s)
{
	if (!run_start(&run, e->command, s->options) || !run_reads(&run, s->prompt, BOOT))
		return false;
	if (!s->types)
		return true;
	run_types(&run, s->types);
	return run_reads(&run, s->then, 60);
}

static void measure(const struct emulator *e, const struct scene *s)
{
	struct cost before, after;
	struct memory m;
	double booted;

	if (!stands(e, s)) {
		printf("  %-5s did not come there\n", e->name);
		run_stop(&run);
		return;
	}
	booted = run_now() - run.began;
	sleep(SETTLE);
	before = run_cost(&run);
	sleep(SECONDS);
	after = run_cost(&run);
	m = run_memory(&run, GUEST_MIB << 10);
	printf("  %-5s %5.1f s to there; %5.2f %% of a CPU, %6.1f context switches a second; "
	       "RSS %.0f MiB, PSS %.0f, of the guest's RAM %.0f, so %.0f beyond it\n",
	       e->name, booted, (after.cpu - before.cpu) * 100 / SECONDS,
	       (double)(after.switches - before.switches) / SECONDS, (double)m.rss / 1024,
	       (double)m.pss / 1024, (double)m.ram / 1024, (double)(m.pss - m.ram) / 1024);
	run_stop(&run);
}

int main(void)
{
	if (access(GUEST "made", R_OK) || access(GUEST "disk-amd64.img", R_OK)) {
		printf("idle: there is no guest: make guests says what it lacks\n");
		return 0;
	}
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		printf("%s (load average %.1f)\n", scenes[i].name, run_load());
		measure(&run_ours, &scenes[i]);
		measure(&run_tcg, &scenes[i]);
	}
	return 0;
}
