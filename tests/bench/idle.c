/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an idle guest costs its host: Debian's kernel (make guests) stands at its shell, on ours and
 * on QEMU's TCG; CPU time and context switches of the process for each second of the guest.
 */
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KERNEL  "build/guest/unpacked-amd64"
#define INITRD  "build/guest/initrd-amd64.cpio"
#define SETTLE  5
#define SECONDS 10
#define BOOT_S  300

struct cost {
	double cpu; /* seconds */
	long switches;
};

static double seconds(clockid_t clock)
{
	struct timespec t;

	return clock_gettime(clock, &t) ? 0 : (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Of one thread. */
static long switches_of(const char *status)
{
	char line[128];
	long sum = 0, n;
	FILE *f = fopen(status, "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %ld", &n) == 1)
			sum += n;
	if (f)
		fclose(f);
	return sum;
}

static struct cost cost_of(pid_t pid)
{
	struct cost c = {0, 0};
	char path[300];
	struct dirent *e;
	clockid_t clock;
	DIR *d;

	if (!clock_getcpuclockid(pid, &clock))
		c.cpu = seconds(clock);
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/status", (int)pid, e->d_name);
		c.switches += switches_of(path);
	}
	if (d)
		closedir(d);
	return c;
}

static pid_t start(char *const *argv, int *from)
{
	int fds[2], in[2];
	pid_t pid;

	if (pipe(fds) || pipe(in))
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(in[0], 0);
		dup2(fds[1], 1);
		close(fds[0]);
		if (!freopen("/dev/null", "w", stderr))
			_exit(126);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(fds[1]);
	*from = fds[0];
	return pid;
}

static bool reads(int fd, const char *prompt)
{
	static char text[1 << 16];
	double until = seconds(CLOCK_MONOTONIC) + BOOT_S;
	size_t len = 0;

	while (seconds(CLOCK_MONOTONIC) < until) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, 1000) <= 0)
			continue;
		n = read(fd, text + len, sizeof(text) - 1 - len);
		if (n <= 0)
			return false;
		len += (size_t)n;
		text[len] = 0;
		if (strstr(text, prompt))
			return true;
		if (len > sizeof(text) / 2) {
			memmove(text, text + len - 64, 64);
			len = 64;
		}
	}
	return false;
}

static void measure(const char *name, char *const *argv)
{
	struct cost before, after;
	int fd;
	pid_t pid = start(argv, &fd);

	if (pid > 0 && reads(fd, "guest# ")) {
		sleep(SETTLE);
		before = cost_of(pid);
		sleep(SECONDS);
		after = cost_of(pid);
		printf("%-10s %6.2f ms of CPU, %5.1f context switches a second\n", name,
		       (after.cpu - before.cpu) * 1e3 / SECONDS,
		       (double)(after.switches - before.switches) / SECONDS);
	} else {
		printf("%-10s did not come to its shell\n", name);
	}
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(fd);
	}
}

#define GUEST                                                                                   \
	(char *)"-m", (char *)"512", (char *)"-nodefaults", (char *)"-display", (char *)"none", \
		(char *)"-serial", (char *)"stdio", (char *)"-kernel", (char *)KERNEL,          \
		(char *)"-initrd", (char *)INITRD, (char *)"-append",                           \
		(char *)"console=ttyS0 cryptomgr.notests", NULL

int main(void)
{
	static char *const ours[] = {(char *)"build/bin/hvm-dm", (char *)"-accel", (char *)"soft",
				     GUEST};
	static char *const tcg[] = {(char *)"qemu-system-x86_64",
				    (char *)"-accel",
				    (char *)"tcg",
				    (char *)"-cpu",
				    (char *)"max",
				    GUEST};

	if (access(KERNEL, R_OK) || access(INITRD, R_OK)) {
		printf("idle: there is no guest: make guests says what it lacks\n");
		return 0;
	}
	measure("ours", ours);
	measure("TCG", tcg);
	return 0;
}
