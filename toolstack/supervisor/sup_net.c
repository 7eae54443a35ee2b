/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/supervisor/sup_net.c: the guest's network cards, connected once, before hvm-dm is
 * started for the first time, and for as long as there is the guest.
 */
#include "toolstack/supervisor/sup.h"

#include "base/log.h"
#include "toolstack/vif_up.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct sup_net {
	unsigned n; /* connected so far */
	struct vif_link *links;
	char (*words)[32];
	const char **nets;
};

static int make(struct sup *s)
{
	unsigned n = s->guest.n_vifs + 1;
	struct sup_net *t = calloc(1, sizeof(*t));

	s->net = t;
	if (!t)
		return -ENOMEM;
	t->links = calloc(n, sizeof(*t->links));
	t->words = calloc(n, sizeof(*t->words));
	t->nets = calloc(n, sizeof(*t->nets));
	return t->links && t->words && t->nets ? 0 : -ENOMEM;
}

static int connect_card(struct sup *s, unsigned i, struct err *e)
{
	struct sup_net *t = s->net;
	struct vif_link *l = &t->links[i];
	int rc = vif_up(s->xs, &s->guest, i, s->domid, STDERR_FILENO, l, e);

	if (rc)
		return rc;
	t->n++;
	if (l->why[0])
		sup_note(s, l->why);
	if (l->kind == VIF_TAP)
		snprintf(t->words[i], sizeof(t->words[i]), "tap,fd=%d", l->fd);
	else
		snprintf(t->words[i], sizeof(t->words[i]), "user");
	t->nets[i] = t->words[i];
	return 0;
}

int sup_net_up(struct sup *s, struct err *e)
{
	int rc = 0;

	if (s->net)
		return 0;
	if (make(s))
		return err_set(e, -ENOMEM, "out of memory");
	if (!s->guest.n_vifs)
		return 0;
	sup_store_publish(s); /* scripts read the cards' nodes */
	if (!s->xs)
		return err_set(e, -EIO, "no store for the network cards' scripts");
	for (unsigned i = 0; i < s->guest.n_vifs && !rc; i++)
		rc = connect_card(s, i, e);
	return rc;
}

const char *const *sup_net_words(const struct sup *s)
{
	return s->net->nets;
}

void sup_net_hand(const struct sup *s, struct spawn *d)
{
	for (unsigned i = 0; i < s->net->n; i++)
		if (s->net->links[i].kind == VIF_TAP)
			spawn_hand(d, s->net->links[i].fd, true);
}

void sup_net_see(const struct sup *s, bool *connected, unsigned n)
{
	for (unsigned i = 0; s->net && i < s->net->n && i < n; i++)
		connected[i] = s->net->links[i].kind == VIF_TAP;
}

void sup_net_down(struct sup *s)
{
	struct sup_net *t = s->net;

	if (!t)
		return;
	while (t->n) {
		t->n--;
		vif_down(s->xs, s->domid, t->n, STDERR_FILENO, &t->links[t->n]);
	}
	free(t->links);
	free(t->words);
	free(t->nets);
	free(t);
	s->net = NULL;
}
