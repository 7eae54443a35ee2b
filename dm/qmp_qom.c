/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/qmp_qom.c: the device table seen as QEMU's object tree: /machine, the
 * devices below it, their classes and properties.
 */
#include "dm/qmp.h"

#include "base/util.h"

#include <stdlib.h>

/* ---- types ---- */

static const struct {
	const char *name, *parent;
} abstract_types[] = {
	{"object", NULL},         {"interface", NULL},      {"device", "object"},
	{"machine", "object"},    {"pci-device", "device"}, {"isa-device", "device"},
	{"ide-device", "device"}, {"bus", "object"},
};
static const struct {
	const char *name, *parent;
} machine_types[] = {{"pc-machine", "machine"}, {"none-machine", "machine"}};

static const char *class_parent(const struct dev_class *c)
{
	const char *bus = c->bus ? c->bus->name : "";

	if (!strcmp(bus, "PCI"))
		return "pci-device";
	if (!strcmp(bus, "IDE"))
		return "ide-device";
	return !strncmp(c->name, "isa-", 4) ? "isa-device" : "device";
}

static const char *type_parent(const char *type)
{
	const struct dev_class *c = dev_class_find(type);

	for (size_t i = 0; i < ARRAY_SIZE(abstract_types); i++)
		if (!strcmp(abstract_types[i].name, type))
			return abstract_types[i].parent;
	for (size_t i = 0; i < ARRAY_SIZE(machine_types); i++)
		if (!strcmp(machine_types[i].name, type))
			return machine_types[i].parent;
	return c ? class_parent(c) : NULL;
}

static bool implements(const char *type, const char *what)
{
	while (type && what && strcmp(type, what))
		type = type_parent(type);
	return type;
}

static void list_type(struct qmp_call *c, const char *name, bool abstract)
{
	const char *parent = type_parent(name);
	json_t *v;

	if (!implements(name, qmp_str(c, "implements")))
		return;
	v = json_pack("{s:s}", "name", name);
	if (parent)
		json_object_set_new(v, "parent", json_string(parent));
	if (abstract)
		json_object_set_new(v, "abstract", json_true());
	json_array_append_new(c->ret, v);
}

static int list_types(struct qmp_call *c)
{
	c->ret = json_array();
	if (qmp_bool(c, "abstract", false))
		for (size_t i = 0; i < ARRAY_SIZE(abstract_types); i++)
			list_type(c, abstract_types[i].name, true);
	for (size_t i = 0; i < ARRAY_SIZE(machine_types); i++)
		list_type(c, machine_types[i].name, false);
	for (const struct dev_class *k = dev_class_first(); k; k = dev_class_next(k))
		list_type(c, k->name, false);
	return 0;
}

/* ---- properties ---- */

static const char *prop_type_name(const struct prop *p)
{
	switch (p->type) {
	case PROP_BOOL:
		return "bool";
	case PROP_U8:
		return "uint8";
	case PROP_U16:
		return "uint16";
	case PROP_U32:
		return "uint32";
	case PROP_U64:
		return "uint64";
	case PROP_SIZE:
		return "size";
	default:
		return "str";
	}
}

/* A property's text as the JSON value of its type. */
static json_t *prop_value(const struct prop *p, const char *text)
{
	uint64_t n;
	bool b;

	switch (p->type) {
	case PROP_BOOL:
		return json_boolean(!text_bool(text, &b) && b);
	case PROP_U8:
	case PROP_U16:
	case PROP_U32:
	case PROP_U64:
		return text_number(text, UINT64_MAX, &n) ? qmp_text(text)
							 : json_integer((json_int_t)n);
	case PROP_SIZE:
		return text_size(text, 1, &n) ? qmp_text(text) : json_integer((json_int_t)n);
	default:
		return qmp_text(text);
	}
}

/* The n-th property of a class, its bus's ones last. */
static const struct prop *class_prop(const struct dev_class *c, unsigned n)
{
	if (n < c->n_props)
		return &c->props[n];
	n -= c->n_props;
	return c->bus && n < c->bus->n_props ? &c->bus->props[n] : NULL;
}

static int list_class_properties(struct qmp_call *c)
{
	const char *type = qmp_str(c, "typename");
	const struct dev_class *k = dev_class_find(type);
	const struct prop *p;

	if (!k)
		return qmp_not_found(c, type);
	c->ret = json_array();
	for (unsigned i = 0; (p = class_prop(k, i)); i++) {
		json_t *v = json_pack("{s:s, s:s}", "name", p->name, "type", prop_type_name(p));

		if (p->help)
			json_object_set_new(v, "description", json_string(p->help));
		if (p->def)
			json_object_set_new(v, "default-value", prop_value(p, p->def));
		json_array_append_new(c->ret, v);
	}
	return 0;
}

/* ---- the tree ---- */

static void list_prop(json_t *list, const char *name, const char *type)
{
	json_array_append_new(
		list, json_pack("{s:o, s:o}", "name", qmp_text(name), "type", qmp_text(type)));
}

static void list_child(json_t *list, const char *name, const char *type)
{
	char text[96];

	snprintf(text, sizeof(text), "child<%.80s>", type);
	list_prop(list, name, text);
}

static const char *machine_type(const struct machine *m)
{
	return strcmp(m->cfg->machine, "none") ? "pc-machine" : "none-machine";
}

static void list_root(struct machine *m, json_t *list)
{
	list_child(list, "machine", machine_type(m));
}

static void list_machine(struct machine *m, json_t *list)
{
	(void)m;
	list_child(list, "peripheral", "container");
	list_child(list, "peripheral-anon", "container");
	list_child(list, "unattached", "container");
}

/* The devices whose path is `folder`/name. */
static void list_devices(struct machine *m, json_t *list, const char *folder)
{
	size_t len = strlen(folder);
	char path[128];

	if (!m->env)
		return;
	for_each_dev(d, m->env) {
		machine_qom_path(m, d, path, sizeof(path));
		if (!strncmp(path, folder, len) && path[len] == '/')
			list_child(list, path + len + 1, d->class->name);
	}
}

static void list_peripheral(struct machine *m, json_t *list)
{
	list_devices(m, list, "/machine/peripheral");
}

static void list_anon(struct machine *m, json_t *list)
{
	list_devices(m, list, "/machine/peripheral-anon");
}

static void list_unattached(struct machine *m, json_t *list)
{
	char name[32];

	for (unsigned i = 0; i < qmp_cpus(m); i++) {
		snprintf(name, sizeof(name), "cpu[%u]", i);
		list_child(list, name, QMP_CPU_TYPE);
	}
	list_devices(m, list, "/machine/unattached");
}

static const struct {
	const char *path;
	void (*list)(struct machine *m, json_t *list);
} folders[] = {
	{"/", list_root},
	{"/machine", list_machine},
	{"/machine/peripheral", list_peripheral},
	{"/machine/peripheral-anon", list_anon},
	{"/machine/unattached", list_unattached},
};

/* Number in folders[], -1 = none. A bare name counts from the root's children, as in QEMU. */
static int find_folder(const char *path)
{
	size_t len = strlen(path);

	if (len > 1 && path[len - 1] == '/')
		len--;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		const char *f = folders[i].path + (path[0] != '/');

		if (strlen(f) == len && len && !strncmp(f, path, len))
			return (int)i;
	}
	return -1;
}

static const char *folder_type(const struct machine *m, int folder)
{
	return folder == 1 ? machine_type(m) : "container";
}

static int list_device(struct qmp_call *c, const struct dev *d)
{
	const struct prop *p;

	list_prop(c->ret, "type", "string");
	list_prop(c->ret, "parent_bus", "link<bus>");
	list_prop(c->ret, "realized", "bool");
	list_prop(c->ret, "hotpluggable", "bool");
	for (unsigned i = 0; (p = class_prop(d->class, i)); i++)
		list_prop(c->ret, p->name, prop_type_name(p));
	return 0;
}

static bool is_cpu(const struct machine *m, const char *path)
{
	char own[64];

	for (unsigned i = 0; i < qmp_cpus(m); i++) {
		snprintf(own, sizeof(own), QMP_CPU_PATH, i);
		if (!strcmp(own, path))
			return true;
	}
	return false;
}

static int qom_list(struct qmp_call *c)
{
	const char *path = qmp_str(c, "path");
	int folder = find_folder(path);
	struct dev *d = folder < 0 ? machine_qom_find(c->m, path) : NULL;

	if (folder < 0 && !d && !is_cpu(c->m, path))
		return qmp_not_found(c, path);
	c->ret = json_array();
	if (d)
		return list_device(c, d);
	list_prop(c->ret, "type", "string");
	if (folder >= 0)
		folders[folder].list(c->m, c->ret);
	return 0;
}

static int no_property(struct qmp_call *c, const char *type, const char *name)
{
	return qmp_fail(c, NULL, "Property '%s.%.80s' not found", type, name);
}

/* What every device has, whatever its class. NULL: not one of these. */
static json_t *common_property(const struct dev *d, const char *name)
{
	const struct bus *b = dev_bus(d);

	if (!strcmp(name, "type"))
		return json_string(d->class->name);
	if (!strcmp(name, "realized"))
		return json_boolean(dev_realized(d));
	if (!strcmp(name, "hotpluggable"))
		return json_boolean(d->class->unpluggable);
	if (!strcmp(name, "parent_bus"))
		return qmp_text(b ? b->name : "");
	return NULL;
}

static int get_device(struct qmp_call *c, const struct dev *d, const char *name)
{
	const struct prop *p;
	char text[512];

	c->ret = common_property(d, name);
	if (c->ret)
		return 0;
	for (unsigned i = 0; (p = class_prop(d->class, i)); i++) {
		if (strcmp(p->name, name))
			continue;
		if (dev_prop_get(d, name, text, sizeof(text)) < 0)
			break;
		c->ret = prop_value(p, text);
		return 0;
	}
	return no_property(c, d->class->name, name);
}

static int qom_get(struct qmp_call *c)
{
	const char *path = qmp_str(c, "path"), *name = qmp_str(c, "property"), *type;
	int folder = find_folder(path);
	struct dev *d = folder < 0 ? machine_qom_find(c->m, path) : NULL;

	if (d)
		return get_device(c, d, name);
	if (folder < 0 && !is_cpu(c->m, path))
		return qmp_not_found(c, path);
	type = folder < 0 ? QMP_CPU_TYPE : folder_type(c->m, folder);
	if (strcmp(name, "type"))
		return no_property(c, type, name);
	c->ret = json_string(type);
	return 0;
}

/* Nothing can be set once a device is made: say which of the three it is. */
static int qom_set(struct qmp_call *c)
{
	const char *path = qmp_str(c, "path"), *name = qmp_str(c, "property");
	int folder = find_folder(path);
	struct dev *d = folder < 0 ? machine_qom_find(c->m, path) : NULL;
	int rc;

	rc = qom_get(c);
	if (rc)
		return rc;
	json_decref(c->ret);
	c->ret = NULL;
	return qmp_fail(c, NULL, "Property '%s.%.80s' is not writable",
			d             ? d->class->name
			: folder >= 0 ? folder_type(c->m, folder)
				      : QMP_CPU_TYPE,
			name);
}

/* clang-format off */
const struct qmp_command qmp_qom_commands[] = {
	COMMAND("qom-list-types",
		ARGS(OPT("implements", QMP_STR), OPT("abstract", QMP_BOOL)), list_types),
	COMMAND("device-list-properties", ARGS(ARG("typename", QMP_STR)), list_class_properties),
	COMMAND("qom-list", ARGS(ARG("path", QMP_STR)), qom_list),
	COMMAND("qom-get", ARGS(ARG("path", QMP_STR), ARG("property", QMP_STR)), qom_get),
	COMMAND("qom-set",
		ARGS(ARG("path", QMP_STR), ARG("property", QMP_STR), ARG("value", QMP_ANY)),
		qom_set),
	COMMANDS_END,
};
/* clang-format on */
