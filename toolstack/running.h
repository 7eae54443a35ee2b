/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/running.h: for verbs: which guests are meant, and what is known of them. */
#ifndef TOOLSTACK_RUNNING_H
#define TOOLSTACK_RUNNING_H
#include "toolstack/guest.h"
#include "toolstack/verbs.h"

#include <jansson.h>

/* The guest that argument i names, after a sweep. */
int running_find(const struct verb_call *c, unsigned i, unsigned *domid, struct err *e);
/* All of them; their number. *ids is to be freed. */
int running_all(unsigned **ids, struct err *e);
/* Those that the arguments name, or all: an array of what `info` says of each. A guest that ends
 * meanwhile is left out, one whose supervisor does not answer has its id and name alone. */
json_t *running_rows(const struct verb_call *c, struct err *e);
/* What its supervisor says of one (sup_info.c). NULL and a sentence. */
json_t *running_info(unsigned domid, struct err *e);
/* Its configuration as it was created; both are to be freed either way. */
int running_config(unsigned domid, struct cfg *cfg, struct guest *g, struct err *e);

/* Frees an answer (control.h) that says nothing else. 0, or -EIO if there is none. */
int running_done(json_t *answer);
/* A member of an object, with what it is when it is not there. */
const char *running_text(const json_t *info, const char *key, const char *none);
long long running_number(const json_t *info, const char *key);

/* vcpus.c: the processors of a guest, as threads of its hvm-core. */
struct running_vcpu {
	double seconds; /* of processor time */
	int cpu;        /* where it ran last */
	bool runs;      /* now */
};
/* Fills the first n; how many there are. */
unsigned running_vcpus(long pid, struct running_vcpu *v, unsigned n);
#endif
