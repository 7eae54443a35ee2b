/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/vnc.h: the VNC server of a machine as the device model sees it, and what it and hvm-vnc say
 * to each other.
 *
 * The device model binds the ports and starts hvm-vnc with the listening sockets and one end of a
 * packet socket, the control socket (proc/helper.h). On it hvm-vnc says "client ADDRESS" or
 * "websocket ADDRESS" with two descriptors for each client that it accepted: one for display_serve
 * (ui/display.h), one for the messages below. The device model says "password TEXT" there, and
 * "expires SECONDS" (since 1970; 0: never). Either socket closed ends the client; the control
 * socket closed ends hvm-vnc.
 */
#ifndef UI_VNC_H
#define UI_VNC_H
#include "base/err.h"
#include "base/loop.h"
#include "ui/display.h"
#include "ui/input.h"

#define VNC_MESSAGE     1024 /* of the control socket, at most */
#define VNC_CLIENTS_MAX 32   /* at once */
#define VNC_PASSWORD    8    /* the bytes of a password that VNC's authentication looks at */

/* One packet on a client's own socket, always this size. */
enum vnc_msg_type {
	VNC_LOGGED_IN = 1, /* client → device model: it may see and type; a: and so may others */
	VNC_KEY,           /* → a: evdev code, b: down */
	VNC_POINTER,       /* → a, b: x, y; c, d: width and height of what it sees; e: buttons */
	VNC_MOTION,        /* → a, b: steps to the right and down; e: buttons */
	VNC_STATE,         /* ← a: enum input_led, b: the pointer is absolute */
};
struct vnc_msg {
	uint32_t type;
	int32_t a, b, c, d;
	uint32_t e; /* as RFB has them: left, middle, right, wheel up, down, left, right, … */
};

/* ---- the device model's side ---- */

struct vnc;
enum vnc_share {
	VNC_ALLOW_EXCLUSIVE, /* who wants to be alone hangs up on the others and keeps them out */
	VNC_FORCE_SHARED,    /* who wants to be alone is hung up on */
	VNC_IGNORE,          /* what they want */
};
enum vnc_event { VNC_CONNECTED, VNC_INITIALIZED, VNC_DISCONNECTED };
struct vnc_peer {            /* a client */
	const char *address; /* "HOST:PORT" */
	bool websocket;
};
struct vnc_config {
	const char *address;   /* "HOST:N", ":N", "unix:PATH" */
	unsigned to;           /* tries displays up to this one; 0 = only N */
	const char *layout;    /* of the guest's keyboard: ui/layout.h; NULL = en-us; outlives it */
	bool password;         /* ask for one */
	bool open;             /* that anybody may get in is what is wanted */
	const char *websocket; /* a second port, for browsers: "on" (5700 + N), "PORT",
				* "HOST:PORT"; NULL: none */
	enum vnc_share share;
	void (*event)(void *arg, enum vnc_event ev, const struct vnc_peer *peer); /* NULL is fine */
	void *arg;
};
struct vnc_info {
	const char *host, *service; /* where it listens; service "" for a path */
	const char *family;         /* "ipv4", "ipv6", "unix" */
	bool password;
	struct {
		const char *host, *service, *family; /* host NULL: none */
	} websocket;
};
/* d, in, l outlive it. NULL and a sentence on failure. */
struct vnc *vnc_open(const struct vnc_config *c, struct display *d, struct input *in,
		     struct loop *l, struct err *e);
void vnc_close(struct vnc *v); /* NULL is fine */
int vnc_set_password(struct vnc *v, const char *password, struct err *e);
/* No one gets in by it from this time on (seconds since 1970; 0: never). */
int vnc_expire_password(struct vnc *v, int64_t when, struct err *e);
void vnc_get_info(const struct vnc *v, struct vnc_info *i);
/* The n-th client that has logged in; false behind the last. */
bool vnc_get_peer(const struct vnc *v, unsigned n, struct vnc_peer *p);

/* ---- what the files of that side share with each other only ---- */

/* vnc_listen.c */
struct vnc_listen {
	int fd; /* -1 = none */
	char host[110], service[8];
	const char *family;
	bool any;   /* of all addresses */
	char *path; /* to be removed; NULL = none */
};
int vnc_listen(struct vnc_listen *at, const char *address, unsigned to, struct err *e);
/* Beside that one: where, as struct vnc_config has it. */
int vnc_listen_web(struct vnc_listen *at, const struct vnc_listen *beside, const char *where,
		   struct err *e);
void vnc_listen_close(struct vnc_listen *at);

/* vnc_client.c */
struct vnc_client;
struct vnc_clients {
	struct vnc_client *first;
	struct display *display;
	struct input *input;
	struct loop *loop;
	enum vnc_share share;
	void (*event)(void *arg, enum vnc_event ev, const struct vnc_peer *peer);
	void *arg;
};
/* Takes over both descriptors. NULL: it has hung up on it. */
struct vnc_client *vnc_client_new(struct vnc_clients *all, const struct vnc_peer *peer, int screen,
				  int events);
void vnc_client_free(struct vnc_client *c);
bool vnc_client_at(const struct vnc_clients *all, unsigned n, struct vnc_peer *p);
#endif
