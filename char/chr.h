/* SPDX-License-Identifier: GPL-2.0-or-later */
/* char/chr.h: byte streams behind serial ports, debug ports and monitors (-chardev). */
#ifndef CHAR_CHR_H
#define CHAR_CHR_H
#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chr;
enum chr_event { CHR_OPENED, CHR_CLOSED, CHR_BREAK };

struct chr_client { /* all on the main thread */
	size_t (*can_read)(
		void *arg); /* bytes that it takes now; 0 pauses reading until chr_kick */
	void (*read)(void *arg, const uint8_t *buf, size_t len);
	void (*event)(void *arg, enum chr_event ev);
	void *arg;
};

/*
 * QEMU's -chardev text: "null,id=x", "file,id=,path=[,append=on]", "pipe,path=", "pty",
 * "stdio[,signal=off]", "serial,path=", "ringbuf[,size=]" and
 * "socket,id=,path=|host=,port=|fd=,server=on|off,wait=on|off,reconnect=", each with logfile=.
 * NULL and a sentence on failure. A server with wait=on returns when its client has come.
 */
struct chr *chr_open(struct loop *l, const char *opts, struct err *e);
/* The -serial short forms: "pty", "stdio", "null", "none" (NULL without error), "file:P",
 * "unix:P,server,nowait", "tcp:H:P,server", "chardev:ID" is the caller's. label becomes the id. */
struct chr *chr_open_short(struct loop *l, const char *label, const char *spec, struct err *e);
/* For tests: bytes written go to fn; chr_inject plays the other end. */
struct chr *chr_fake(struct loop *l, const char *id,
		     void (*fn)(void *arg, const uint8_t *buf, size_t len), void *arg);
size_t chr_inject(struct chr *c, const uint8_t *buf, size_t len); /* taken */
void chr_inject_event(struct chr *c, enum chr_event ev);
void chr_close(struct chr *c); /* NULL is fine */
/* A socket chardev without a client takes this connected socket as one. On success fd is its. */
int chr_adopt(struct chr *c, int fd, struct err *e);

/* NULL detaches; copied. CHR_OPENED comes at once when a peer is there already. */
void chr_attach(struct chr *c, const struct chr_client *cl);
/* For monitors and qtest: while a peer is there the queue grows, up to 64 MiB, before bytes
 * are lost; while none is there nothing is kept for it. */
void chr_set_reliable(struct chr *c);
/* Never blocks. Returns bytes taken; the rest when a peer is full goes to the ring and the oldest
 * are lost (a full pty never stops the guest): devices may ignore the result. */
size_t chr_write(struct chr *c, const void *buf, size_t len);
void chr_kick(struct chr *c);
/* fds that came by SCM_RIGHTS with the bytes read, oldest first; -1 = none. The caller owns it. */
int chr_take_fd(struct chr *c);
const char *chr_id(const struct chr *c);
const char *
chr_filename(const struct chr *c); /* QEMU's query-chardev text, e.g. "pty:/dev/pts/3" */
bool chr_connected(const struct chr *c);
/* What a ringbuf holds, oldest first, taken out; -EINVAL when c is none (ringbuf-read). */
int chr_ringbuf_read(struct chr *c, void *buf, size_t len);
/* How host files are opened; the device model puts its own here (fd sets, broker). */
extern int (*chr_host_open)(const char *path, int flags, unsigned mode, struct err *e);
#endif
