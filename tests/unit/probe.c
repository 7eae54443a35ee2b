/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/probe.h"

#include "base/util.h"
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Made before the jail, as a program has some: a socket of each kind and the test's pidfd. */
static int stream, datagram, parent;

static struct sockaddr_un nowhere(void)
{
	return (struct sockaddr_un){.sun_family = AF_UNIX, .sun_path = "/nonexistent/socket"};
}

/* ---- files */

int probe_open(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static int open_old(void)
{
	return (int)syscall(SYS_open, "/etc/passwd", O_RDONLY);
}

static int open_to_write(void)
{
	return open("/etc/passwd", O_RDWR);
}

static int create(void)
{
	return open("/tmp/hvm-jail", O_WRONLY | O_CREAT, 0600);
}

static int remove_file(void)
{
	return unlink("/nonexistent");
}

static int rename_file(void)
{
	return rename("/nonexistent", "/tmp/hvm-jail");
}

/* ---- others by sockets */

static int connect_new(void)
{
	struct sockaddr_un a = nowhere();
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return fd < 0 ? -1 : connect(fd, (struct sockaddr *)&a, sizeof(a));
}

static int connect_held(void)
{
	struct sockaddr_un a = nowhere();

	return connect(stream, (struct sockaddr *)&a, sizeof(a));
}

static int bind_held(void)
{
	struct sockaddr_un a = nowhere();

	return bind(stream, (struct sockaddr *)&a, sizeof(a));
}

static int make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

/* Who has one sends by it to any name. */
static int datagrams(void)
{
	int fds[2];

	return socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
}

/* ---- other programs, other processes */

static int exec(void)
{
	return execl("/bin/true", "true", NULL);
}

static int trace(void)
{
	return (int)ptrace(PTRACE_SEIZE, getppid(), NULL, NULL);
}

static int read_memory(void)
{
	char byte;
	const struct iovec here = {&byte, 1}, there = {&datagram, 1};

	return (int)process_vm_readv(getppid(), &here, 1, &there, 1, 0);
}

static int signal_parent(void)
{
	return kill(getppid(), 0);
}

static int signal_thread(void)
{
	return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static int signal_by_pidfd(void)
{
	return (int)syscall(SYS_pidfd_send_signal, parent, 0, NULL, 0);
}

/* The kernel would send it, when there is something to read. */
static int signal_by_owner(void)
{
	return fcntl(stream, F_SETOWN, getppid());
}

static int new_process(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	return pid;
}

static int new_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static int mount_over(void)
{
	return mount("none", "/nonexistent", "tmpfs", 0, NULL);
}

/* ---- code */

static int code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? -1
		       : 0;
}

static int turn_to_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

/* killed: by the kernel; else the call fails with EPERM, or EACCES where Landlock refuses it. */
static const struct probe {
	const char *name;
	int (*run)(void);
	bool killed;
} probes[] = {
	{"open", probe_open, false},
	{"open, as of old", open_old, false},
	{"open to write", open_to_write, false},
	{"create", create, false},
	{"unlink", remove_file, false},
	{"rename", rename_file, false},
	{"connect", connect_new, false},
	{"connect a socket it has", connect_held, false},
	{"bind", bind_held, false},
	{"socket", make_socket, false},
	{"netlink", netlink, false},
	{"datagrams", datagrams, false},
	{"exec", exec, true},
	{"ptrace", trace, true},
	{"read others' memory", read_memory, true},
	{"kill", signal_parent, false},
	{"tgkill", signal_thread, false},
	{"kill by pidfd", signal_by_pidfd, false},
	{"kill by F_SETOWN", signal_by_owner, false},
	{"fork", new_process, false},
	{"namespace", new_namespace, true},
	{"code", code, false},
	{"memory to code", turn_to_code, false},
	{"mount", mount_over, true},
};

/* ---- in a child */

enum { FINE, BAD, NO_JAIL };

static void prepare(void)
{
	stream = socket(AF_UNIX, SOCK_STREAM, 0);
	datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
	parent = (int)syscall(SYS_pidfd_open, getppid(), 0);
}

/* Its status; text: what it has to say, or why the jail could not be entered. */
static int in_child(int (*enter)(struct err *e), int (*run)(char *text), char text[512])
{
	struct err e = {""};
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	MUST(!pipe(fds));
	pid = fork();
	MUST(pid >= 0);
	if (!pid) {
		int rc = NO_JAIL;

		prepare();
		if (enter(&e) == 0)
			rc = run(e.msg);
		_exit(write(fds[1], e.msg, strlen(e.msg)) < 0 ? BAD : rc);
	}
	close(fds[1]);
	n = read(fds[0], text, 511);
	text[n > 0 ? n : 0] = 0;
	close(fds[0]);
	MUST(waitpid(pid, &status, 0) == pid);
	if (status == NO_JAIL << 8 && !strncmp(text, "no jail as required", 19))
		SKIP("the host does not permit all of a jail");
	return status;
}

static const char *const *excepted;
static const struct probe *fatal;

static bool is_excepted(const struct probe *p)
{
	const char *const *but = excepted;

	while (but && *but && strcmp(*but, p->name))
		but++;
	return but && *but;
}

static int run_all(char *text)
{
	int rc = FINE;

	text[0] = 0;
	for (const struct probe *p = probes; p < probes + ARRAY_SIZE(probes); p++)
		if (!p->killed && !is_excepted(p) &&
		    (p->run() >= 0 || (errno != EPERM && errno != EACCES))) {
			snprintf(text + strlen(text), 512 - strlen(text), "%s;", p->name);
			rc = BAD;
		}
	return rc;
}

static int run_fatal(char *text)
{
	(void)text;
	fatal->run();
	return BAD;
}

void probe_refused(int (*enter)(struct err *e), const char *const *but)
{
	char text[512];
	int status;

#ifndef CONFIG_SECCOMP
	SKIP("built without libseccomp");
#endif
	excepted = but;
	status = in_child(enter, run_all, text);
	NOTE("not refused: %s", text);
	EQ(0, status);
	for (fatal = probes; fatal < probes + ARRAY_SIZE(probes); fatal++) {
		NOTE("%s", fatal->name);
		if (fatal->killed)
			EQ(SIGSYS, in_child(enter, run_fatal, text));
	}
}

static int (*inside)(void);

static int run_inside(char *text)
{
	(void)text;
	return inside() ? BAD : FINE;
}

void probe_inside(int (*enter)(struct err *e), int (*then)(void))
{
	char text[512];

	int status;

	inside = then;
	status = in_child(enter, run_inside, text);
	NOTE("%s", text);
	EQ(0, status);
}
