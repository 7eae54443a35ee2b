/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/vnc/vnc_accept.c: takes connections and gives each a process of its own, so that a client
 * that is slow, silent or hostile delays nobody else. This process never reads from a client.
 */
#include "ui/vnc/vnc_server.h"

#include "base/packet.h"
#include "base/util.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void ended(int signal)
{
	(void)signal; /* ppoll returns: that is all */
}

/* ---- a new client */

static void name_of(int fd, bool websocket, char *text, size_t size)
{
	union {
		struct sockaddr any;
		struct sockaddr_storage room;
	} a;
	socklen_t len = sizeof(a);
	char host[100] = "unix", port[8] = "0";

	if (getpeername(fd, &a.any, &len) == 0 && a.any.sa_family != AF_UNIX)
		getnameinfo(&a.any, len, host, sizeof(host), port, sizeof(port),
			    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(text, size, "%s %s:%s", websocket ? "websocket" : "client", host, port);
}

static int hand_over(int control, const char *text, const int fds[2])
{
	const struct iovec iov = {(void *)text, strlen(text)};
	ssize_t n = packet_send(control, &iov, 1, fds, 2);

	return n < 0 ? (int)n : 0;
}

static void child(const struct vnc_accept *a, int client, bool websocket, int screen, int events)
{
	struct err e = {""};
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(a->listen);
	if (a->websocket >= 0)
		close(a->websocket);
	close(a->control);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (vnc_jail_client(a->jail, &e) == 0)
		vnc_rfb_run(&(struct vnc_rfb){.client = client,
					      .screen = screen,
					      .events = events,
					      .websocket = websocket,
					      .password = a->ask ? a->password : NULL,
					      .expires = a->expires,
					      .layout = &a->layout});
	_exit(0);
}

static bool start_child(const struct vnc_accept *a, int client, bool websocket)
{
	int screen[2], events[2];
	char text[160];
	pid_t pid = -1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, screen) < 0)
		return false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, events) < 0) {
		close(screen[0]);
		close(screen[1]);
		return false;
	}
	name_of(client, websocket, text, sizeof(text));
	if (hand_over(a->control, text, (int[2]){screen[1], events[1]}) == 0)
		pid = fork();
	close(screen[1]);
	close(events[1]);
	if (!pid)
		child(a, client, websocket, screen[0], events[0]);
	close(screen[0]);
	close(events[0]);
	return pid > 0;
}

/* ---- turns */

static void take_connection(struct vnc_accept *a, bool websocket, unsigned *children)
{
	int fd = accept4(websocket ? a->websocket : a->listen, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (start_child(a, fd, websocket))
		++*children;
	close(fd);
}

/* All there are, so that they hold for who connects next. False: it is closed. */
static bool take_commands(struct vnc_accept *a)
{
	char text[VNC_MESSAGE];
	ssize_t n;

	while ((n = recv(a->control, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
		text[n] = 0;
		if (!strncmp(text, "password ", 9))
			snprintf(a->password, sizeof(a->password), "%s", text + 9);
		if (!strncmp(text, "expires ", 8))
			a->expires = strtoll(text + 8, NULL, 10);
		explicit_bzero(text, sizeof(text));
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void reap(unsigned *children)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		--*children;
}

int vnc_accept_run(struct vnc_accept *a, struct err *e)
{
	struct pollfd p[3] = {{.fd = a->control, .events = POLLIN},
			      {.fd = a->listen, .events = POLLIN},
			      {.fd = a->websocket, .events = POLLIN}};
	struct sigaction on_child = {.sa_handler = ended};
	sigset_t blocked, none;
	unsigned children = 0;

	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &blocked, NULL) < 0 || sigaction(SIGCHLD, &on_child, NULL) < 0)
		return err_errno(e, -errno, "cannot wait for processes");
	for (;;) {
		/* Above the number of clients nobody is let in till one leaves. */
		int n = ppoll(p, children < VNC_CLIENTS_MAX ? 3 : 1, NULL, &none);

		if (n < 0 && errno != EINTR)
			return err_errno(e, -errno, "ppoll");
		reap(&children);
		if (n > 0 && p[0].revents && !take_commands(a))
			return 0;
		for (int i = 1; i <= 2; i++)
			if (n > 0 && children < VNC_CLIENTS_MAX && p[i].revents & POLLIN)
				take_connection(a, i == 2, &children);
		p[0].revents = p[1].revents = p[2].revents = 0;
	}
}
