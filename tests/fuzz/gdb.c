/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a debugger sends: the input's lines are packets, framed here with their right sum; a line
 * that starts with ! goes as it is.
 */
#include "tests/fuzz/lib/fuzz.h"
#include "tests/test.h"

#include <sys/socket.h>
#include <unistd.h>

#define LINES 24

static void send_line(int fd, const char *line, size_t len)
{
	char text[1100];
	uint8_t sum = 0;
	int n;

	if (len && *line == '!') {
		send(fd, line + 1, len - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		return;
	}
	/* k ends the machine; c and s would run on the vCPU's thread for as long as it likes. */
	if (len > 1024 || (len && strchr("kcsCSv", *line)))
		return;
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + (uint8_t)line[i]);
	n = snprintf(text, sizeof(text), "$%.*s#%02x", (int)len, line, sum);
	send(fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void drain(int fd)
{
	char buf[4096];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;
	struct fuzz_machine f;
	char options[256];
	int fds[2];

	MUST(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
	fuzz_quiet();
	snprintf(options, sizeof(options),
		 "-accel soft -smp 2 -nodefaults -display none -m 4 -S "
		 "-chardev socket,id=g,fd=%d -gdb chardev:g",
		 fds[1]);
	fuzz_machine_new(&f, options);
	fuzz_no_files(true);
	for (unsigned i = 0; i < LINES && p < end; i++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = nl ? (size_t)(nl - p) : (size_t)(end - p);

		send_line(fds[0], p, len);
		loop_step(f.loop, 0);
		loop_step(f.loop, 0);
		drain(fds[0]);
		p += len + 1;
	}
	fuzz_no_files(false);
	fuzz_machine_free(&f);
	close(fds[0]);
	return 0;
}
