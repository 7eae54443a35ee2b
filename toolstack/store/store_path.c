/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/store/store_path.c: names of nodes and permissions. */
#include "toolstack/store/store_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RELATIVE_MAX 2048 /* with its NUL */

static bool legal(const char *path)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-/_@";
	size_t len = strlen(path);

	if (!len || path[strspn(path, chars)] || strstr(path, "//"))
		return false;
	return len == 1 || path[len - 1] != '/';
}

int store_path(const struct store_client *c, const char *path, char abs[STORE_PATH_MAX])
{
	size_t most = *path == '/' ? STORE_PATH_MAX : RELATIVE_MAX;

	if (!legal(path) || *path == '@' || strlen(path) >= most)
		return -EINVAL;
	if (*path == '/')
		snprintf(abs, STORE_PATH_MAX, "%s", path);
	else
		snprintf(abs, STORE_PATH_MAX, "/local/domain/%u/%s", c->domid, path);
	return 0;
}

bool store_path_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	if (len == 1) /* the root */
		return *path == '/';
	return !strncmp(path, top, len) && (!path[len] || path[len] == '/');
}

int store_perm_parse(const char *text, struct store_perm *p)
{
	static const char letters[] = "nrwb"; /* none, STORE_READ, STORE_WRITE, both */
	const char *letter = *text ? strchr(letters, *text) : NULL;
	char *end;
	unsigned long domid;

	if (!letter || text[1] < '0' || text[1] > '9')
		return -EINVAL;
	domid = strtoul(text + 1, &end, 10);
	if (*end || domid > 0xffff)
		return -EINVAL;
	*p = (struct store_perm){(uint16_t)domid, (uint8_t)(letter - letters)};
	return 0;
}

void store_perm_print(const struct store_perm *p, char text[8])
{
	snprintf(text, 8, "%c%u", "nrwb"[p->access & 3], p -> domid);
}

bool store_allowed(const struct store_client *c, const struct store_node *n, unsigned access)
{
	unsigned may = n->perms[0].access;

	if (!c->domid || c->domid == n->perms[0].domid)
		return true;
	for (unsigned i = 1; i < n->n_perms; i++)
		if (n->perms[i].domid == c->domid) {
			may = n->perms[i].access;
			break;
		}
	return (may & access) == access;
}
