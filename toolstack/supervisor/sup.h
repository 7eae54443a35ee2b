/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/supervisor/sup.h: one guest and the processes it is made of, for the files here.
 *
 * Everything runs on one loop and nothing waits: a start, a stop, a question to hvm-dm go on when
 * the answer comes.
 */
#ifndef TOOLSTACK_SUPERVISOR_SUP_H
#define TOOLSTACK_SUPERVISOR_SUP_H
#include "base/loop.h"
#include "proc/broker.h"
#include "proc/child.h"
#include "proc/kid.h"
#include "proc/spawn.h"
#include "toolstack/guest.h"
#include "toolstack/rundir.h"

#include <jansson.h>
#include <sys/types.h>
#include <time.h>

/* ---- sup_alarm.c: one timer */
struct alarm_clock {
	int fd; /* timerfd */
	struct watch *watch;
	void (*fn)(void *arg);
	void *arg;
};
int alarm_new(struct alarm_clock *a, struct loop *l, void (*fn)(void *arg), void *arg,
	      struct err *e);
void alarm_set(struct alarm_clock *a, unsigned ms); /* 0: not any more */
bool alarm_is_set(const struct alarm_clock *a);
void alarm_free(struct alarm_clock *a);

/* ---- sup_log.c: what is said, into a file of bounded size */
struct guest_log;
/* raw: as it comes; else lines with the time before them. NULL and a sentence on failure. */
struct guest_log *guest_log_open(struct loop *l, const char *path, bool raw, struct err *e);
int guest_log_end(const struct guest_log *g); /* where to write; stays the log's */
void guest_log_adopt(struct guest_log *g);    /* from here on descriptors 1 and 2 are its */
/* Reads what has been said up to now. */
void guest_log_drain(struct guest_log *g);
/* The last error that a program complained of ("" if none); forgets it. */
void guest_log_error(struct guest_log *g, const char *program, char *text, size_t size);
void guest_log_free(struct guest_log *g);

/* ---- sup_qmp.c: hvm-dm's monitor */
struct qmp_client;
/* The answer's "return", borrowed; or NULL and a sentence. */
typedef void qmp_answer(void *arg, json_t *value, const char *error);
struct qmp_client_ops {
	void (*ready)(void *arg, const char *error); /* commands can be sent; NULL: all is well */
	void (*event)(void *arg, const char *name, json_t *data);
};
struct qmp_client *qmp_client_new(struct loop *l, int fd, const struct qmp_client_ops *ops,
				  void *arg, struct err *e); /* takes fd over */
void qmp_client_free(struct qmp_client *q);                  /* pending answers are errors */
/* Takes arguments over (NULL: none); fd goes with it and stays the caller's (-1: none). */
void qmp_client_send(struct qmp_client *q, const char *command, json_t *arguments, int fd,
		     qmp_answer *fn, void *arg);

/* ---- the guest */
enum sup_state { SUP_STARTING, SUP_RUNNING, SUP_PAUSED, SUP_SHUTDOWN, SUP_CRASHED, SUP_ENDING };

struct sup {
	const struct child *child; /* how we were started; told once */
	bool told, start_paused;
	unsigned domid;
	struct loop *loop;
	struct cfg cfg;
	struct guest guest;
	struct guest_log *log, *console; /* console: of serial ports on a pty */
	struct kid core, dm;
	struct kid another; /* hvm create, for rename-restart … */
	bool renames;       /* … once hvm-dm has ended */
	struct qmp_client *qmp;
	struct broker *broker;
	struct broker_ops broker_ops;
	struct sup_files *files;
	struct sup_control *control;
	struct sup_net *net; /* NULL: not connected yet */
	struct xs *xs;       /* the store; NULL: not there */
	struct watch *xs_watch;
	struct alarm_clock deadline; /* of a start or a stop */
	struct alarm_clock publish;  /* what has changed goes to the store then */
	enum sup_state state;
	void (*stopped)(struct sup *s); /* what comes when all processes have ended */
	const char *reason;             /* "poweroff", "reboot", "crash", "destroy" */
	time_t created, started;
	int64_t rtc_offset; /* s; what the guest has set its clock to */
	char vnc_host[64], *tty[4];
	unsigned vnc_port;
	unsigned reboots;
};

/* sup_start.c */
int sup_start(struct sup *s, struct err *e);
/* sup_life.c */
int sup_life_open(struct sup *s, struct err *e);
void sup_note(struct sup *s, const char *text);  /* for who creates the guest, and the log */
void sup_failed(struct sup *s, const char *why); /* a start that came to nothing */
void sup_stop(struct sup *s, void (*then)(struct sup *s));
void sup_end(struct sup *s, const char *reason);
void sup_kid_ended(void *arg, struct kid *k);
int sup_rename(struct sup *s, const char *name, struct err *e);
void sup_event(void *arg, const char *name, json_t *data);
const char *sup_state_name(enum sup_state state);
/* sup_control.c */
int sup_control_open(struct sup *s, struct err *e);
void sup_control_close(struct sup *s);
/* Answers those that wait for `what` ("end", "reboot"). */
void sup_control_tell(struct sup *s, const char *what, const char *reason);
/* sup_store.c: writes all nodes, again when something has changed; takes them away. */
void sup_store_publish(struct sup *s);
void sup_store_leave(struct sup *s);
/* sup_net.c: connects the cards, the first time; what -netdev says of each; their descriptors. */
int sup_net_up(struct sup *s, struct err *e);
const char *const *sup_net_words(const struct sup *s);
void sup_net_hand(const struct sup *s, struct spawn *d);
void sup_net_see(const struct sup *s, bool *connected, unsigned n);
void sup_net_down(struct sup *s);
/* sup_info.c: what there is to know of the guest, for `info`. */
json_t *sup_info(struct sup *s);
/* sup_files.c: what the broker may open for hvm-dm. */
int sup_files_new(struct sup *s, struct err *e);
void sup_files_free(struct sup *s);
int sup_files_allow(struct sup *s, const char *path, bool writable);
/* … to be read, with all that lies under it if it is a qcow2 image (sup_chain.c). */
int sup_files_allow_chain(struct sup *s, const char *path, const char *format);
int sup_files_open(void *arg, const char *path, int flags, unsigned mode, struct err *e);
#endif
