/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/fuzz/control.c: packets to a supervisor's control socket. A byte for the client (bits 0-2)
 * and for what else happens (hvm-dm answers, or goes; a descriptor comes along; the client hangs
 * up), two of length, then the packet. There are no processes; nothing is written into the store.
 */
#include "base/packet.h"
#include "base/util.h"
#include "tests/fuzz/lib/fuzz.h"
#include "toolstack/supervisor/sup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS 8

enum { ANSWER = 8, GO = 16, HAND = 32, LEAVE = 64, STATE = 128 };

struct rig {
	struct sup s;
	int dm, clients[CLIENTS];
	char path[RUNDIR_PATH];
};

static void nothing(void *arg, const char *error)
{
	(void)arg;
	(void)error;
}

static void no_event(void *arg, const char *name, json_t *data)
{
	(void)arg;
	(void)name;
	(void)data;
}

static void say(int dm, const char *text)
{
	(void)!send(dm, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void turn(struct rig *r)
{
	while (loop_step(r->s.loop, 0) > 0)
		;
}

static void give_dm(struct rig *r)
{
	static const struct qmp_client_ops ops = {nothing, no_event};
	int s[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, s))
		abort();
	r->dm = s[1];
	r->s.qmp = qmp_client_new(r->s.loop, s[0], &ops, r, NULL);
	say(r->dm, "{\"QMP\":{}}\n");
	turn(r);
	say(r->dm, "{\"return\":{},\"id\":1}\n");
	turn(r);
}

static char dir[] = "/tmp/hvm-fuzz-XXXXXX";

static void remove_dir(void)
{
	static const char *const files[] = {"last",       "lock",  "log",
					    "store/lock", "store", "hvm-store.log"};
	char path[64];

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		remove(path);
	}
	rmdir(dir);
}

/* Where guests are, and the log of a store that is never started. */
static void make_dir(void)
{
	static bool made;

	if (made)
		return;
	made = true;
	if (!mkdtemp(dir) || setenv("HVM_RUN_DIR", dir, 1) || setenv("HVM_LOG_DIR", dir, 1) ||
	    atexit(remove_dir))
		abort();
}

static void begin(struct rig *r)
{
	static const char text[] = "name='fuzz'\nmemory=16\ndisk=['vdev=hdc,devtype=cdrom']";
	char log[64];

	make_dir();
	fuzz_log_errors();
	snprintf(log, sizeof(log), "%s/log", dir);
	*r = (struct rig){.s = {.state = SUP_RUNNING, .loop = loop_new(NULL)}};
	for (unsigned i = 0; i < CLIENTS; i++)
		r->clients[i] = -1;
	if (cfg_read(&r->s.cfg, "f", text, strlen(text), NULL) ||
	    guest_read(&r->s.guest, &r->s.cfg, NULL, NULL) || sup_life_open(&r->s, NULL) ||
	    rundir_new("fuzz", &r->s.domid, &r->s.lock, NULL) || sup_files_new(&r->s, NULL) ||
	    sup_control_open(&r->s, NULL) ||
	    rundir_guest_path(r->path, r->s.domid, "control", NULL))
		abort();
	spawn_program = "/nonexistent"; /* no store is started */
	r->s.log = guest_log_open(r->s.loop, log, false, NULL);
	give_dm(r);
}

static void end(struct rig *r)
{
	qmp_client_free(r->s.qmp);
	sup_control_close(&r->s);
	sup_store_leave(&r->s);
	sup_files_free(&r->s);
	guest_log_free(r->s.log);
	alarm_free(&r->s.deadline);
	alarm_free(&r->s.publish);
	rundir_remove(r->s.domid);
	close(r->s.lock);
	guest_free(&r->s.guest);
	cfg_free(&r->s.cfg);
	loop_free(r->s.loop);
	close(r->dm);
	for (unsigned i = 0; i < CLIENTS; i++)
		if (r->clients[i] >= 0)
			close(r->clients[i]);
}

static int client(struct rig *r, unsigned i)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (r->clients[i] >= 0)
		return r->clients[i];
	memcpy(a.sun_path, r->path, strlen(r->path) + 1);
	r->clients[i] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connect(r->clients[i], (struct sockaddr *)&a, sizeof(a)) && errno != EAGAIN)
		abort();
	turn(r);
	return r->clients[i];
}

/* An answer is one packet of JSON with one of two members; then it is over. */
static void hear(struct rig *r, unsigned i)
{
	char text[65536];
	ssize_t n = r->clients[i] < 0 ? -1 : recv(r->clients[i], text, sizeof(text), 0);
	json_t *j = n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;

	if (n > 0 && (!j || !json_object_get(j, "return") == !json_object_get(j, "error")))
		abort();
	json_decref(j);
	if (n >= 0) {
		close(r->clients[i]);
		r->clients[i] = -1;
	}
}

static void answer_last(struct rig *r, unsigned *id)
{
	char asked[4096], text[64];

	while (recv(r->dm, asked, sizeof(asked), 0) > 0)
		;
	snprintf(text, sizeof(text), "{\"return\":{},\"id\":%u}\n", ++*id);
	say(r->dm, text);
}

static void packet(struct rig *r, unsigned how, const uint8_t *data, size_t n)
{
	const struct iovec iov = {(void *)data, n};
	int s = client(r, how % CLIENTS);

	if (n)
		packet_send(s, &iov, 1, &s, how & HAND ? 1 : 0);
	turn(r);
	if (how & GO)
		shutdown(r->dm, SHUT_RDWR);
	if (how & STATE)
		r->s.state = (r->s.state + 1) % (SUP_ENDING + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rig r;
	unsigned id = 1;

	begin(&r);
	while (size >= 3) {
		unsigned how = *data;
		size_t n = MIN((size_t)load_le(data + 1, 2) & 0x7ff, size - 3);

		packet(&r, how, data + 3, n);
		if (how & ANSWER)
			answer_last(&r, &id);
		turn(&r);
		hear(&r, how % CLIENTS);
		if (how & LEAVE && r.clients[how % CLIENTS] >= 0) {
			close(r.clients[how % CLIENTS]);
			r.clients[how % CLIENTS] = -1;
		}
		data += n + 3;
		size -= n + 3;
	}
	sup_control_tell(&r.s, "end", "fuzz");
	turn(&r);
	end(&r);
	return 0;
}
