/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui/vnc/vnc_server.h: what the files of hvm-vnc share. Only vnc_rfb.c knows libvncserver. */
#ifndef UI_VNC_VNC_SERVER_H
#define UI_VNC_VNC_SERVER_H
#include "base/err.h"
#include "jail/jail.h"
#include "ui/layout.h"
#include "ui/screen_copy.h"
#include "ui/vnc.h"

/* vnc_accept.c: a process for each client, until the control socket closes. */
struct vnc_accept {
	int listen, websocket, control; /* websocket: -1 = none */
	bool ask;
	enum jail_mode jail;
	char password[VNC_PASSWORD + 1];
	int64_t expires; /* it does, seconds since 1970; 0: never */
	struct layout layout;
};
int vnc_accept_run(struct vnc_accept *a, struct err *e);

/* vnc_rfb.c: one client, on descriptors of its own. Returns when it has gone. */
struct vnc_rfb {
	int client, screen, events;
	bool websocket;       /* the client speaks RFB in WebSocket frames */
	const char *password; /* NULL: none is asked for */
	int64_t expires;      /* as above */
	const struct layout *layout;
};
void vnc_rfb_run(const struct vnc_rfb *how);
/* What libraries do only once, before the jail. */
void vnc_rfb_prepare(void);

/* vnc_keys.c: keysyms to keys of the guest's keyboard. */
struct vnc_keys {
	void (*key)(void *arg, unsigned code, bool down);
	void *arg;
	unsigned leds;           /* enum input_led, as the guest has them */
	uint8_t down[KEY_CODES]; /* by the client: 1 */
	struct layout layout;    /* of the guest's keyboard */
	uint8_t lifted, forced;  /* bits of Shift and AltGr keys: up or down only for now */
	struct {
		uint32_t sym;
		uint8_t code;
	} held[32]; /* what each key was when it went down; sym 0: free */
};
void vnc_keys_sym(struct vnc_keys *k, uint32_t sym, bool down);
void vnc_keys_code(struct vnc_keys *k, uint32_t sym, unsigned set1, bool down);

/* vnc_sym.c: X keysyms and characters. */
uint32_t vnc_sym_char(uint32_t sym); /* a dead key is a combining character; 0: it is none */

/* vnc_jail.c: what this process may do from now on. */
int vnc_jail_server(enum jail_mode mode, struct err *e); /* accept and fork */
int vnc_jail_client(enum jail_mode mode,
		    struct err *e); /* after vnc_jail_server; neither of them */
#endif
