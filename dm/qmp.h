/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/qmp.h: the machine monitor: what commands see, and the tables they stand
 * in. A command is a row {name, arguments, handler}; arguments are checked
 * against their rows before the handler runs.
 */
#ifndef DM_QMP_H
#define DM_QMP_H
#include "base/err.h"
#include "dm/machine.h"

#include <jansson.h>

struct qmp_session;

enum qmp_type { QMP_STR, QMP_INT, QMP_BOOL, QMP_ARRAY, QMP_OBJECT, QMP_ANY };

struct qmp_arg {
	const char *name; /* NULL ends a list */
	enum qmp_type type;
	bool optional;
	const char *const *values;     /* STR: the legal ones, NULL-ended; NULL = any */
	const struct qmp_arg *members; /* OBJECT: NULL = any */
	const struct qmp_arg *of;      /* ARRAY: of each element, name ignored; NULL = any */
};

/* Rows of arguments, one a command's: ARGS(ARG("id", QMP_STR), OPT("force", QMP_BOOL)). */
#define ARG(n, t, ...)                              \
	{                                           \
		.name = n, .type = t, ##__VA_ARGS__ \
	}
#define OPT(n, t, ...)                                                \
	{                                                             \
		.name = n, .type = t, .optional = true, ##__VA_ARGS__ \
	}
#define ARGS(...) ((const struct qmp_arg[]){__VA_ARGS__, {0}})

/* One command being carried out. */
struct qmp_call {
	struct machine *m;
	struct qmp_session *session;
	const json_t *args; /* an object */
	json_t *ret;        /* the handler's answer; NULL = {} */
	const char *class;  /* of the error; NULL = GenericError */
	struct err err;
};

struct qmp_command {
	const char *name; /* NULL ends a table */
	const struct qmp_arg *args;
	int (*run)(struct qmp_call *c); /* < 0: c->err says why */
	bool open;                      /* takes arguments that have no row */
	bool negotiation;               /* before negotiation only; all others after it */
};

#define COMMAND(n, a, fn, ...)                                 \
	{                                                      \
		.name = n, .args = a, .run = fn, ##__VA_ARGS__ \
	}
#define COMMANDS_END \
	{            \
		0    \
	}

/* The tables: one for each file that has commands. */
extern const struct qmp_command qmp_monitor_commands[], qmp_query_commands[], qmp_run_commands[],
	qmp_vnc_commands[], qmp_block_commands[], qmp_backend_commands[], qmp_device_commands[],
	qmp_qom_commands[], qmp_fd_commands[], qmp_schema_commands[], qmp_input_commands[];
/* All of them, by number; NULL behind the last. */
const struct qmp_command *qmp_command(unsigned n);

/* Arguments: absent ones give NULL, or `def`. */
const char *qmp_str(const struct qmp_call *c, const char *name);
int64_t qmp_int(const struct qmp_call *c, const char *name, int64_t def);
bool qmp_bool(const struct qmp_call *c, const char *name, bool def);
bool qmp_has(const struct qmp_call *c, const char *name);

/* Notes class (NULL = GenericError) and sentence, returns -1. */
int qmp_fail(struct qmp_call *c, const char *class, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int qmp_not_found(struct qmp_call *c, const char *device);
/* Text for JSON: any bytes; NULL gives "". */
json_t *qmp_text(const char *text);
json_t *qmp_bytes(const char *bytes, size_t len);
/* The text that an option would have for a value; NULL: it has none. buf: for numbers. */
const char *qmp_option_text(const json_t *v, char buf[40]);
/* The oldest descriptor that came with the commands so far, the caller's; -1 = none. */
int qmp_take_fd(struct qmp_call *c);
/* What QMP and HMP answer with alike. */
#define QMP_VERSION_MAJOR 7
#define QMP_VERSION_MINOR 2
#define QMP_VERSION_MICRO 22
#define QMP_PACKAGE       "hvm-dm"

/* Checks an object against rows; the sentence is QEMU's. open: further members are fine. */
int qmp_check(const struct qmp_arg *rows, const json_t *object, bool open, struct err *e);

/* Carries a command out for HMP: args (NULL = none) is taken; *ret, if wanted, is the caller's. */
int qmp_do(struct machine *m, const char *name, json_t *args, json_t **ret, struct err *e);

/* What an event of the VNC server carries. */
json_t *qmp_vnc_event(const struct machine *m, const struct vnc_peer *p);

/* A session on a stream that nobody else has; -mon and -qmp come here. Ends with the machine. */
int qmp_open(struct machine *m, struct chr *c, bool pretty, struct err *e);
void qmp_close_all(struct machine *m);

/* vCPUs: what query-cpus-fast lists, by number; their objects hang in /machine/unattached. */
unsigned qmp_cpus(const struct machine *m);
#define QMP_CPU_TYPE "qemu64-x86_64-cpu"
#define QMP_CPU_PATH "/machine/unattached/cpu[%u]"

/* ---- HMP: what human-monitor-command runs ---- */
/* What the line printed (lines end in CR LF); the caller frees it. NULL: out of memory. */
char *hmp_run(struct machine *m, const char *line);
#endif
