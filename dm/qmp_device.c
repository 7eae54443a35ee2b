/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/qmp_device.c: devices come and go; the PCI bus as a list. */
#include "dm/qmp.h"

#include "hw/pci/pci.h"

#include <errno.h>

/* ---- device_add, device_del ---- */

static int add_options(struct qmp_call *c, struct opts *o)
{
	const char *name, *text;
	char buf[40];
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)c->args, name, v)
	{
		text = qmp_option_text(v, buf);
		if (!text)
			return qmp_fail(c, NULL,
					"Invalid parameter type for '%.80s', expected: string",
					name);
		if (opts_add(o, name, text))
			return qmp_fail(c, NULL, "out of memory");
	}
	return 0;
}

static int device_add(struct qmp_call *c)
{
	struct opts o = {0};
	int rc;

	if (!qmp_has(c, "driver"))
		return qmp_fail(c, NULL, "Parameter 'driver' is missing");
	rc = add_options(c, &o);
	if (!rc && !machine_device_add(c->m, &o, &c->err))
		rc = -1;
	opts_free(&o);
	return rc;
}

static int device_del(struct qmp_call *c)
{
	const char *id = qmp_str(c, "id");

	if (!machine_qom_find(c->m, id))
		return qmp_not_found(c, id);
	return machine_device_del(c->m, id, &c->err);
}

/* ---- query-pci ---- */

static const char *class_name(unsigned class)
{
	static const struct {
		unsigned class;
		const char *name;
	} names[] = {
		{0x0100, "SCSI controller"},  {0x0101, "IDE controller"},
		{0x0106, "SATA controller"},  {0x0200, "Ethernet controller"},
		{0x0300, "VGA controller"},   {0x0380, "Display controller"},
		{0x0401, "Audio controller"}, {0x0403, "Audio controller"},
		{0x0500, "RAM controller"},   {0x0600, "Host bridge"},
		{0x0601, "ISA bridge"},       {0x0604, "PCI bridge"},
		{0x0680, "Bridge"},           {0x0700, "Serial port"},
		{0x0c03, "USB controller"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].class == class)
			return names[i].name;
	return NULL;
}

static json_t *pci_regions(struct dev *d)
{
	const struct pci_info *info = d->class->bus_info;
	json_t *list = json_array(), *v;

	for (unsigned i = 0; i <= 6; i++) {
		bool io = i < 6 && info->bar[i].io, prefetch = i < 6 && info->bar[i].prefetch;
		uint64_t base = pci_bar_base(d, i);

		if (!pci_bar_size(d, i))
			continue;
		v = json_pack("{s:i, s:I, s:I, s:s}", "bar", (int)i, "size",
			      (json_int_t)pci_bar_size(d, i), "address",
			      base == WINDOW_OFF ? (json_int_t)-1 : (json_int_t)base, "type",
			      io ? "io" : "memory");
		if (!io)
			json_object_update_new(
				v, json_pack("{s:b, s:b}", "prefetch", prefetch, "mem_type_64", 0));
		json_array_append_new(list, v);
	}
	return list;
}

static json_t *pci_row(struct machine *m, struct dev *d)
{
	static const char given[] = "/machine/peripheral/";
	const struct pci_info *info = d->class->bus_info;
	unsigned devfn = pci_devfn(d);
	int class = (int)dev_read(d, info->region, 0x0a, 2);
	int pin = (int)dev_read(d, info->region, 0x3d, 1);
	json_t *what = json_pack("{s:i}", "class", class), *v;
	char path[128];

	if (class_name((unsigned)class))
		json_object_set_new(what, "desc", json_string(class_name((unsigned)class)));
	machine_qom_path(m, d, path, sizeof(path));
	v = json_pack("{s:i, s:i, s:i, s:o, s:o, s:i, s:o}", "bus", 0, "slot", (int)(devfn >> 3),
		      "function", (int)(devfn & 7), "qdev_id",
		      qmp_text(strncmp(path, given, strlen(given)) ? "" : path + strlen(given)),
		      "class_info", what, "irq_pin", pin, "regions", pci_regions(d));
	json_object_set_new(v, "id",
			    json_pack("{s:i, s:i, s:i, s:i}", "vendor",
				      (int)dev_read(d, info->region, 0x00, 2), "device",
				      (int)dev_read(d, info->region, 0x02, 2), "subsystem-vendor",
				      (int)dev_read(d, info->region, 0x2c, 2), "subsystem",
				      (int)dev_read(d, info->region, 0x2e, 2)));
	if (pin)
		json_object_set_new(v, "irq",
				    json_integer((json_int_t)dev_read(d, info->region, 0x3c, 1)));
	return v;
}

static int query_pci(struct qmp_call *c)
{
	struct dev *functions[256] = {NULL};
	json_t *list = json_array();
	bool any = false;

	if (c->m->env)
		for_each_dev(d, c->m->env)
			if (d->class->bus == &pci_bus_type && dev_realized(d))
				functions[pci_devfn(d)] = d;
	for (unsigned i = 0; i < 256; i++) {
		if (!functions[i])
			continue;
		json_array_append_new(list, pci_row(c->m, functions[i]));
		any = true;
	}
	c->ret = any ? json_pack("[{s:i, s:o}]", "bus", 0, "devices", list) : json_array();
	if (!any)
		json_decref(list);
	return 0;
}

/* clang-format off */
const struct qmp_command qmp_device_commands[] = {
	COMMAND("device_add", NULL, device_add, .open = true),
	COMMAND("device_del", ARGS(ARG("id", QMP_STR)), device_del),
	COMMAND("query-pci", NULL, query_pci),
	COMMANDS_END,
};
/* clang-format on */
