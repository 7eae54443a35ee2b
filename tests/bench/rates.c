/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disk and network as a program in a Linux guest sees them (lib/rates.c), on ours and on QEMU's
 * TCG: IDE disks by DMA on raw and qcow2 images of 128 MiB, a CD, and TCP over either NIC to a
 * server of this host, behind hvm-nat and slirp.
 */
#include "tests/bench/lib/run.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BOOT = 300, ANSWER = 200, NET_MIB = 32 };

static const struct load {
	const char *name, *command; /* with the server's port for %u */
} loads[] = {
	{"raw disk: read, 128 KiB in order", "disk /dev/sda read 131072 seq 3"},
	{"raw disk: read, 4 KiB anywhere", "disk /dev/sda read 4096 random 3"},
	{"raw disk: write, 128 KiB in order", "disk /dev/sda write 131072 seq 3"},
	{"raw disk: write, 4 KiB anywhere", "disk /dev/sda write 4096 random 3"},
	{"qcow2 disk: read, 128 KiB in order", "disk /dev/sdb read 131072 seq 3"},
	{"qcow2 disk: read, 4 KiB anywhere", "disk /dev/sdb read 4096 random 3"},
	{"qcow2 disk: write, 128 KiB in order", "disk /dev/sdb write 131072 seq 3"},
	{"qcow2 disk: write, 4 KiB anywhere", "disk /dev/sdb write 4096 random 3"},
	{"CD: read, 64 KiB in order", "disk /dev/sr0 read 65536 seq 3"},
	{"e1000: TCP to the guest", "net 10.0.2.2 %u get 32"},
	{"e1000: TCP from the guest", "net 10.0.2.2 %u put 32"},
	{"rtl8139: TCP to the guest", "net 10.0.3.2 %u get 32"},
	{"rtl8139: TCP from the guest", "net 10.0.3.2 %u put 32"},
};
enum { LOADS = sizeof(loads) / sizeof(loads[0]) };
struct rate {
	double mib, requests; /* a second */
	double cpu;           /* ms for each MiB, with the helpers' */
};

static char dir[] = "/var/tmp/hvm-bench-XXXXXX";
static unsigned port;
static struct run run;

static int shell(const char *command)
{
	char text[1000];

	snprintf(text, sizeof(text), "d=%s; %s", dir, command);
	return system(text);
}

/* ---- the server ---- */

static void serve_one(int fd)
{
	static char buf[65536];
	size_t left = (size_t)NET_MIB << 20;

	if (read(fd, buf, 1) != 1)
		return;
	if (*buf == 'p') {
		while (read(fd, buf, sizeof(buf)) > 0)
			;
		return;
	}
	while (left && write(fd, buf, sizeof(buf)) == (ssize_t)sizeof(buf))
		left -= sizeof(buf);
}

static pid_t server(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0), to;
	pid_t pid;

	if (bind(fd, (struct sockaddr *)&at, len) || listen(fd, 4) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		return -1;
	port = ntohs(at.sin_port);
	pid = fork();
	if (pid) {
		close(fd);
		return pid;
	}
	while ((to = accept(fd, NULL, NULL)) >= 0) {
		serve_one(to);
		close(to);
	}
	_exit(0);
}

/* ---- the guest ---- */

static bool guest_start(const struct emulator *e)
{
	char options[1500];

	snprintf(options, sizeof(options),
		 "-m 512 -nodefaults -display none -serial stdio "
		 "-kernel build/guest/unpacked-amd64 -initrd %s/initrd "
		 "-append 'console=ttyS0 cryptomgr.notests "
		 "drivers=ata_piix,sd_mod,sr_mod,e1000,8139cp' "
		 "-drive file=%s/raw,format=raw,if=ide,index=0 "
		 "-drive file=%s/qcow2,format=qcow2,if=ide,index=1 "
		 "-drive file=%s/src,format=raw,if=ide,index=2,media=cdrom,readonly=on "
		 "-nic user,model=e1000 -nic user,model=rtl8139,net=10.0.3.0/24",
		 dir, dir, dir, dir);
	return run_start(&run, e->command, options) && run_reads(&run, "guest# ", BOOT);
}

/* The drivers' messages come between: each command's end is said in its own line. */
static bool guest_net(void)
{
	run_types(&run, "for i in 0 1; do busybox ip addr add 10.0.$((2 + i)).15/24 dev eth$i; "
			"busybox ip link set eth$i up; done; "
			"until [ -e /dev/sr0 -a -e /dev/sdb ]; do sleep 1; done; sleep 4; "
			"echo set''tled");
	return run_reads(&run, "settled", 60);
}

static void guest_rate(const struct load *l, struct rate *r)
{
	char command[300], args[200];
	double began = run_now(), cpu = run_cost(&run).cpu;

	snprintf(args, sizeof(args), l->command, port);
	snprintf(command, sizeof(command), "/rates %s 2>/dev/null", args);
	run_types(&run, command);
	if (!run_reads(&run, "rate: ", ANSWER) ||
	    sscanf(run_line(&run), "%lf MiB/s %lf", &r->mib, &r->requests) != 2)
		r->mib = r->requests = 0;
	cpu = run_cost(&run).cpu - cpu;
	if (r->mib > 0)
		r->cpu = cpu * 1e3 / (r->mib * (run_now() - began));
}

static void measure(const struct emulator *e, struct rate *rates)
{
	pid_t pid = server();
	bool ok = pid > 0 &&
		  !shell("cp $d/src $d/raw && build/bin/hvm-img convert -S 0 -O qcow2 "
			 "$d/src $d/qcow2") &&
		  guest_start(e) && guest_net();

	for (unsigned i = 0; ok && i < LOADS; i++)
		guest_rate(&loads[i], &rates[i]);
	run_stop(&run);
	if (pid > 0) {
		kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
	}
}

static void report(const struct rate *ours, const struct rate *tcg)
{
	printf("%-38s %21s %21s %21s %10s\n", "", "MiB/s: ours, TCG", "requests/s", "CPU, ms/MiB",
	       "ours/TCG");
	for (unsigned i = 0; i < LOADS; i++)
		printf("%-38s %10.1f %10.1f %10.0f %10.0f %10.2f %10.2f %10.2f\n", loads[i].name,
		       ours[i].mib, tcg[i].mib, ours[i].requests, tcg[i].requests, ours[i].cpu,
		       tcg[i].cpu, tcg[i].mib > 0 ? ours[i].mib / tcg[i].mib : 0);
}

int main(void)
{
	static struct rate ours[LOADS], tcg[LOADS];

	if (access("build/guest/drivers-amd64.cpio.gz", R_OK)) {
		printf("rates: there is no guest: make guests says what it lacks\n");
		return 0;
	}
	/* Linux wants an archive that is not packed at a multiple of four: it comes first. */
	if (!mkdtemp(dir) ||
	    shell("head -c 128M /dev/urandom >$d/src; cp build/bench/rates $d; "
		  "cd $d; { echo rates | busybox cpio -o -H newc; cat "
		  "$OLDPWD/build/guest/drivers-amd64.cpio.gz; } >initrd 2>/dev/null"))
		return 1;
	printf("load average %.1f\n", run_load());
	measure(&run_ours, ours);
	measure(&run_tcg, tcg);
	report(ours, tcg);
	return shell("rm -rf $d") != 0;
}
