/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * talk [OPTION…] STEP… -- COMMAND…: talks with a program that has a guest's serial port on its
 * standard input and output.
 *
 *   TEXT        waits until the program has written TEXT after what the step before it matched
 *   '<TEXT'     writes TEXT and a line feed
 *   '!COMMAND'  has the shell run COMMAND, which must succeed
 *   -t SECONDS  for all of it [60]     -o FILE    keeps what the program wrote
 *   -s STATUS   its exit status [0]    -n TEXT    fails as soon as it writes TEXT
 *   -k          kills the program after the last step, and keeps what it had written
 *   -f COMMAND  on failure the shell runs this before the program is killed
 *
 * Says when each step was reached; on failure, which was not, and the last of what was written.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FORBIDDEN_MAX = 16, SHOWN = 3000 };

static struct {
	const char *forbidden[FORBIDDEN_MAX];
	int n_forbidden;
	int status;
	double limit;
	const char *on_failure;
	FILE *log;
	bool stop;
} opt = {.limit = 60};

static struct {
	pid_t pid;
	int fd;
	char *text; /* all it wrote, with a NUL behind it */
	size_t len, room;
	size_t matched; /* the next step looks from here on */
	bool ended;
} peer = {.fd = -1};

static double seconds(void)
{
	static struct timespec first;
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	if (!first.tv_sec)
		first = t;
	return (double)(t.tv_sec - first.tv_sec) + (double)(t.tv_nsec - first.tv_nsec) / 1e9;
}

static void end_peer(void)
{
	if (peer.pid > 0) {
		kill(-peer.pid, SIGKILL);
		waitpid(peer.pid, NULL, 0);
	}
	peer.pid = 0;
}

static void die(const char *what, const char *text)
{
	size_t shown = peer.len < SHOWN ? peer.len : SHOWN;
	const char *last = opt.on_failure;

	opt.on_failure = NULL;
	printf("talk: after %.1f s: %s%s\n", seconds(), what, text);
	if (peer.text)
		printf("---- the last it wrote:\n%s\n----\n", peer.text + peer.len - shown);
	fflush(stdout);
	if (last && system(last))
		printf("talk: failed, too: %s\n", last);
	end_peer();
	exit(1);
}

static void start(char **argv)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("socketpair: ", strerror(errno));
	fflush(stdout);
	peer.pid = fork();
	if (peer.pid < 0)
		die("fork: ", strerror(errno));
	if (!peer.pid) {
		setpgid(0, 0);
		dup2(pair[1], 0);
		dup2(pair[1], 1);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	setpgid(peer.pid, peer.pid);
	close(pair[1]);
	peer.fd = pair[0];
}

/* NUL bytes would hide what follows from strstr, and carriage returns only disturb. */
static void keep(const char *p, ssize_t n)
{
	if (peer.len + n + 1 > peer.room) {
		peer.room = (peer.len + n + 1) * 2;
		peer.text = realloc(peer.text, peer.room);
		if (!peer.text)
			abort();
	}
	for (ssize_t i = 0; i < n; i++)
		if (p[i] && p[i] != '\r')
			peer.text[peer.len++] = p[i];
	peer.text[peer.len] = 0;
	if (opt.log) {
		fwrite(p, 1, n, opt.log);
		fflush(opt.log);
	}
}

/* The rest of the line, that says why, may still be on its way. */
static void linger(void)
{
	struct pollfd p = {.fd = peer.fd, .events = POLLIN};
	char bytes[4096];
	ssize_t n;

	for (int i = 0; i < 20 && poll(&p, 1, 50) >= 0; i++) {
		n = p.revents ? read(peer.fd, bytes, sizeof bytes) : 0;
		if (n > 0)
			keep(bytes, n);
		else if (p.revents)
			break;
	}
}

static void check_forbidden(size_t from)
{
	for (int i = 0; i < opt.n_forbidden; i++) {
		size_t back = strlen(opt.forbidden[i]);

		if (!strstr(peer.text + (from > back ? from - back : 0), opt.forbidden[i]))
			continue;
		linger();
		die("it wrote ", opt.forbidden[i]);
	}
}

/* Takes in what comes, for as long as the time allows; false at the end of it all. */
static bool listen_on(const char *why)
{
	struct pollfd p = {.fd = peer.fd, .events = POLLIN};
	double left = opt.limit - seconds();
	size_t before = peer.len;
	char bytes[4096];
	ssize_t n;

	if (left <= 0 || !poll(&p, 1, (int)(left * 1000) + 1))
		die("too late: ", why);
	n = read(peer.fd, bytes, sizeof bytes);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false;
	keep(bytes, n);
	check_forbidden(before);
	return true;
}

static void wait_for(const char *text)
{
	char *at;

	while (!peer.text || !(at = strstr(peer.text + peer.matched, text)))
		if (!listen_on(text))
			die("it ended before ", text);
	peer.matched = (size_t)(at - peer.text) + strlen(text);
	printf("%6.1f s  %s\n", seconds(), text);
	fflush(stdout);
}

static void say(const char *text)
{
	if (write(peer.fd, text, strlen(text)) < 0 || write(peer.fd, "\n", 1) < 0)
		die("it takes no more: ", text);
}

/* What the program writes meanwhile is taken in: it would be lost if the program is killed. */
static int run(const char *command)
{
	struct pollfd p[2] = {{.events = POLLIN}, {.fd = peer.fd, .events = POLLIN}};
	pid_t pid = fork();
	int status;

	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	p[0].fd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
	if (p[0].fd < 0)
		die("cannot run ", command);
	while (!p[0].revents) {
		poll(p, 2, -1);
		if (p[1].revents && !listen_on(command))
			p[1].fd = -1;
	}
	close(p[0].fd);
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void shell(const char *command)
{
	int status;

	fflush(stdout);
	status = run(command);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		die("failed: ", command);
	printf("%6.1f s  %s\n", seconds(), command);
}

static void finish(void)
{
	char text[64];
	int status;

	while (listen_on("the end"))
		;
	if (waitpid(peer.pid, &status, 0) != peer.pid)
		die("waitpid: ", strerror(errno));
	peer.pid = 0;
	if (WIFSIGNALED(status))
		die("it died: ", strsignal(WTERMSIG(status)));
	snprintf(text, sizeof text, "%d, not %d", WEXITSTATUS(status), opt.status);
	if (WEXITSTATUS(status) != opt.status)
		die("it ended with status ", text);
	printf("%6.1f s  ended with status %d\n", seconds(), WEXITSTATUS(status));
}

static void usage(void)
{
	fprintf(stderr,
		"usage: talk [-t SECONDS] [-o FILE] [-s STATUS] [-n TEXT]… [-f COMMAND] [-k] STEP… "
		"-- COMMAND…\n");
	exit(2);
}

static void options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+t:o:s:n:f:k")) != -1) {
		switch (c) {
		case 't':
			opt.limit = atof(optarg);
			break;
		case 'o':
			opt.log = fopen(optarg, "w");
			break;
		case 's':
			opt.status = atoi(optarg);
			break;
		case 'f':
			opt.on_failure = optarg;
			break;
		case 'k':
			opt.stop = true;
			break;
		case 'n':
			if (opt.n_forbidden == FORBIDDEN_MAX)
				usage();
			opt.forbidden[opt.n_forbidden++] = optarg;
			break;
		default:
			usage();
		}
	}
}

int main(int argc, char **argv)
{
	int first, last;

	options(argc, argv);
	first = optind;
	for (last = first; last < argc && strcmp(argv[last], "--"); last++)
		;
	if (last + 1 >= argc)
		usage();
	signal(SIGPIPE, SIG_IGN);
	seconds();
	start(argv + last + 1);
	for (int i = first; i < last; i++) {
		if (argv[i][0] == '<')
			say(argv[i] + 1);
		else if (argv[i][0] == '!')
			shell(argv[i] + 1);
		else
			wait_for(argv[i]);
	}
	if (opt.stop) {
		end_peer();
		linger();
	} else {
		finish();
	}
	return 0;
}
