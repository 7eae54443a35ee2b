/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/vif.c: one network card of a guest, as xl-network-configuration(5) writes it.
 *
 * Tests: tests/toolstack/guest.c
 */
#include "toolstack/guest.h"

#include "base/util.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	size_t at;
} texts[] = {
	{"mac", offsetof(struct vif, mac)},
	{"bridge", offsetof(struct vif, bridge)},
	{"model", offsetof(struct vif, model)},
	{"vifname", offsetof(struct vif, vifname)},
	{"script", offsetof(struct vif, script)},
	{"ip", offsetof(struct vif, ip)},
	{"backend", offsetof(struct vif, backend)},
	{"rate", offsetof(struct vif, rate)},
	{"gatewaydev", offsetof(struct vif, gatewaydev)},
};

static int set_text(struct vif *v, unsigned i, const char *text, struct err *e)
{
	char **to = (char **)((char *)v + texts[i].at);

	if (*to)
		return err_set(e, -EINVAL, "%s is given twice", texts[i].name);
	*to = strdup(text);
	return *to ? 0 : err_set(e, -ENOMEM, "out of memory");
}

/* A card's own address: not that of a group. */
static int check_mac(const char *mac, struct err *e)
{
	bool good = strlen(mac) == 17;

	for (unsigned i = 0; good && i < 17; i++)
		good = i % 3 == 2 ? mac[i] == ':' : !!strchr("0123456789abcdefABCDEF", mac[i]);
	if (!good)
		return err_set(e, -EINVAL, "mac=%s: not like 00:16:3e:01:02:03", mac);
	if (strchr("13579bdfBDF", mac[1]))
		return err_set(e, -EINVAL, "mac=%s is a group's address", mac);
	return 0;
}

static int set_type(struct vif *v, const char *text, struct err *e)
{
	v->emulated = !strcmp(text, "ioemu");
	if (v->emulated || !strcmp(text, "vif"))
		return 0;
	return err_set(e, -EINVAL, "type=%s: ioemu or vif", text);
}

static int set_mtu(struct vif *v, const char *text, struct err *e)
{
	char *end;
	unsigned long mtu = strtoul(text, &end, 10);

	if (end == text || *end || mtu < 68 || mtu > 65535)
		return err_set(e, -EINVAL, "mtu=%s: from 68 to 65535", text);
	v->mtu = (unsigned)mtu;
	return 0;
}

/* Which a guest of a real Xen has, and here mean nothing. */
static bool ignored(const char *name)
{
	return !strcmp(name, "devid") || !strcmp(name, "trusted") || !strcmp(name, "accel") ||
	       !strncmp(name, "colo_", 5);
}

static int set(struct vif *v, char *word, struct err *e)
{
	char *text = strchr(word, '=');

	if (!text) /* as xl does for models of old configurations: "type=ioemu" without its name */
		return err_set(e, -EINVAL, "'%s': NAME=VALUE, parted by commas", word);
	*text++ = '\0';
	if (!strcmp(word, "type"))
		return set_type(v, text, e);
	if (!strcmp(word, "mtu"))
		return set_mtu(v, text, e);
	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(word, texts[i].name))
			return set_text(v, i, text, e);
	if (ignored(word))
		return 0;
	return err_set(e, -EINVAL, "%s is nothing that a network card has", word);
}

static int check(struct vif *v, struct err *e)
{
	static const char *const models[] = {"rtl8139", "e1000", "e1000-82544gc", "e1000-82545em"};

	if (v->mac && check_mac(v->mac, e))
		return -EINVAL;
	if (v->backend && strcmp(v->backend, "0") && strcmp(v->backend, "Domain-0"))
		return err_set(e, -EINVAL, "backend=%s: there are no driver domains", v->backend);
	for (unsigned i = 0; v->model && i <= ARRAY_SIZE(models); i++)
		if (i == ARRAY_SIZE(models))
			return err_set(e, -EINVAL, "model=%s: rtl8139 or e1000", v->model);
		else if (!strcmp(v->model, models[i]))
			break;
	return 0;
}

int vif_parse(struct vif *v, const char *spec, struct err *e)
{
	char *copy = strdup(spec), *rest = copy, *word;
	int rc = copy ? 0 : err_set(e, -ENOMEM, "out of memory");

	*v = (struct vif){.emulated = true};
	while (!rc && (word = strsep(&rest, ",")) && (rest || *word)) {
		word += strspn(word, " \t");
		rc = *word ? set(v, word, e) : 0;
	}
	free(copy);
	return rc ? rc : check(v, e);
}

void vif_free(struct vif *v)
{
	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++)
		free(*(char **)((char *)v + texts[i].at));
	*v = (struct vif){.mac = NULL};
}
