/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firmware is told: -boot -smbios -fw_cfg. */
#include "dm/options.h"

#include "base/util.h"
#include "hw/misc/fw_cfg.h"
#include "roms/smbios.h"

#include <errno.h>
#include <stdio.h>

/* ---- -boot */

/* Each of a … p once at most. */
static int set_letters(char **to, const char *what, const char *key, const char *v, struct err *e)
{
	unsigned seen = 0;

	if (!v)
		return 0;
	for (const char *p = v; *p; p++) {
		if (*p < 'a' || *p > 'p')
			return err_set(e, -EINVAL,
				       "%s: %s=%s: '%c' is no boot device (a, c, d, n are)", what,
				       key, v, *p);
		if (seen & 1u << (*p - 'a'))
			return err_set(e, -EINVAL, "%s: %s=%s: '%c' is there twice", what, key, v,
				       *p);
		seen |= 1u << (*p - 'a');
	}
	return options_text(to, what, v, e);
}

/* -1 of the second is to wait for ever, as without it. */
static int set_times(struct machine_config *c, const char *what, const struct opts *o,
		     struct err *e)
{
	const char *reboot = opts_get(o, "reboot-timeout");
	uint64_t splash = c->splash_time, again = 0;
	int rc = opts_number(o, "splash-time", 0xffff, &splash, what, e);

	if (!rc && reboot && strcmp(reboot, "-1"))
		rc = opts_number(o, "reboot-timeout", 0xffff, &again, what, e);
	if (rc)
		return rc;
	c->splash_given |= opts_get(o, "splash-time") != NULL;
	c->splash_time = (uint16_t)splash;
	if (reboot) {
		c->reboot_given = strcmp(reboot, "-1") != 0;
		c->reboot_timeout = (uint16_t)again;
	}
	return 0;
}

static int set_boot(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	static const char *const keys[] = {"order",       "once",           "menu",   "splash",
					   "splash-time", "reboot-timeout", "strict", NULL};
	struct opts o;
	int rc = opts_parse(&o, arg, "order", e);

	if (!rc)
		rc = opts_only(&o, keys, what, e);
	if (!rc)
		rc = set_letters(&c->boot_order, what, "order", opts_get(&o, "order"), e);
	if (!rc)
		rc = set_letters(&c->boot_once, what, "once", opts_get(&o, "once"), e);
	if (!rc)
		rc = opts_bool(&o, "menu", &c->boot_menu, what, e);
	if (!rc)
		rc = opts_bool(&o, "strict", &c->boot_strict, what, e);
	if (!rc)
		rc = set_times(c, what, &o, e);
	opts_free(&o);
	return rc;
}

/* ---- -smbios */

int options_uuid(const char *what, const char *text, struct err *e)
{
	const char *form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	bool good = strlen(text) == strlen(form);

	for (unsigned i = 0; form[i] && good; i++)
		good = form[i] == '-' ? text[i] == '-'
				      : strchr("0123456789abcdefABCDEF", text[i]) != NULL;
	return good ? 0 : err_set(e, -EINVAL, "%s %s: want %s in hex digits", what, text, form);
}

/* "1.15": both up to 255. */
static int check_release(const char *text, const char *what, struct err *e)
{
	unsigned major, minor;
	char more;

	if (!text ||
	    (sscanf(text, "%3u.%3u%c", &major, &minor, &more) == 2 && major < 256 && minor < 256))
		return 0;
	return err_set(e, -EINVAL, "%s: release=%s: want two numbers up to 255: 1.0", what, text);
}

static int check_smbios(const struct opts *o, unsigned type, const char *what, struct err *e)
{
	static const char *const bios[] = {"type",    "vendor", "version", "date",
					   "release", "uefi",   NULL};
	static const char *const system[] = {"type", "manufacturer", "product", "version", "serial",
					     "uuid", "sku",          "family",  NULL};
	bool uefi;
	int rc = opts_only(o, type ? system : bios, what, e);

	if (!rc)
		rc = opts_bool(o, "uefi", &uefi, what, e);
	if (!rc)
		rc = check_release(opts_get(o, "release"), what, e);
	if (!rc && opts_get(o, "uuid"))
		rc = options_uuid(what, opts_get(o, "uuid"), e);
	for (unsigned i = 0; i < o->n && !rc; i++)
		if (strlen(o->v[i].value) > SMBIOS_TEXT_MAX)
			rc = err_set(e, -E2BIG, "%s: %s= is longer than %u characters", what,
				     o->v[i].key, SMBIOS_TEXT_MAX);
	return rc;
}

static int merge(struct opts *to, const struct opts *from, const char *what, struct err *e)
{
	for (unsigned i = 0; i < from->n; i++)
		if (opts_add(to, from->v[i].key, from->v[i].value))
			return err_set(e, -ENOMEM, "%s: out of memory", what);
	return 0;
}

static int set_smbios(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	struct opts o;
	uint64_t type = 0;
	int rc = opts_parse(&o, arg, NULL, e);

	if (!rc && !opts_get(&o, "type"))
		rc = err_set(e, -EINVAL, "%s %s: want type=0 or type=1 and its texts", what, arg);
	if (!rc)
		rc = opts_number(&o, "type", 255, &type, what, e);
	if (!rc && type > 1)
		rc = err_set(e, -ENOTSUP, "%s type=%u: only types 0 and 1 can be given words", what,
			     (unsigned)type);
	if (!rc)
		rc = check_smbios(&o, (unsigned)type, what, e);
	if (!rc)
		rc = merge(type ? &c->smbios_system : &c->smbios_bios, &o, what, e);
	opts_free(&o);
	return rc;
}

/* ---- -fw_cfg */

static int set_fw_cfg(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	static const char *const keys[] = {"name", "file", "string", NULL};
	struct opts *o = opts_list_add(&c->fw_cfg);
	int rc = o ? opts_parse(o, arg, "name", e) : err_set(e, -ENOMEM, "out of memory");
	const char *name;

	if (!rc)
		rc = opts_only(o, keys, what, e);
	if (rc)
		return rc;
	name = opts_get(o, "name");
	if (!name || !*name || strlen(name) > FW_CFG_NAME_MAX)
		return err_set(e, -EINVAL, "%s %s: want name= of 1 to %d characters", what, arg,
			       FW_CFG_NAME_MAX);
	if (!opts_get(o, "file") == !opts_get(o, "string"))
		return err_set(e, -EINVAL, "%s %s: want one of file= and string=", what, arg);
	return 0;
}

static const struct option rows[] = {
	OPTION("boot",
	       "[order=LETTERS][,once=…][,menu=on][,splash-time=MS][,reboot-timeout=MS]"
	       "[,strict=on]",
	       "a floppy, c disk, d CD, n network", set_boot),
	OPTION("smbios", "type=0|1,KEY=TEXT…", "BIOS's and system's words in SMBIOS", set_smbios),
	OPTION("fw_cfg", "[name=]NAME,string=TEXT|file=FILE", "an item for firmware and guest",
	       set_fw_cfg),
};
const struct option_table options_firmware = {"Firmware", rows, ARRAY_SIZE(rows)};
