/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine itself: -machine -accel -cpu -m -smp -name -uuid -bios -kernel -rtc … */
#include "dm/options.h"

#include "base/util.h"
#include "hypervisor/public/ioreq.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* ---- -machine, -accel */

static int pick_machine(struct machine_config *c, const char *what, const char *type, struct err *e)
{
	if (!strcmp(type, "pc") || !fnmatch("pc-i440fx-*", type, 0))
		return options_text(&c->machine, what, "pc", e);
	if (!strcmp(type, "none"))
		return options_text(&c->machine, what, "none", e);
	if (!strcmp(type, "xenfv") || !strcmp(type, "xenpv"))
		return err_set(e, -ENOTSUP, "%s %s: guests of a real Xen cannot be served yet",
			       what, type);
	return err_set(e, -EINVAL, "%s %s: no such machine (pc and none exist)", what, type);
}

/* The first engine that this program has wins, as with several -accel or QEMU's accel=a:b; when it
 * has none of them, the last one named is what it complains of. QEMU's software engine is ours. */
static int pick_accel(struct machine_config *c, const char *what, const char *names, struct err *e)
{
	static const char *const known[] = {"qtest", "soft", "tcg", "kvm", "xen", "hvf", "whpx"};
	enum { TCG = 2 };
	unsigned i = 0;

	for (const char *p = names; *p; p += *p == ':') {
		size_t n = strcspn(p, ":");
		bool taken =
			c->accel && (!strcmp(c->accel, known[0]) || !strcmp(c->accel, known[1]));

		i = 0;
		while (i < ARRAY_SIZE(known) && (strlen(known[i]) != n || strncmp(known[i], p, n)))
			i++;
		if (i == ARRAY_SIZE(known))
			return err_set(e, -EINVAL, "%s %.*s: no such engine", what, (int)n, p);
		if (!taken && options_text(&c->accel, what, known[i == TCG ? 1 : i], e) < 0)
			return -ENOMEM;
		p += n;
	}
	return 0;
}

/* Keys of -machine that change nothing that a guest of ours could see today. */
static const char *const machine_keys[] = {
	"type",
	"accel",
	"usb",
	"graphics",
	"vmport",
	"smm",
	"mem-merge",
	"dump-guest-core",
	"suppress-vmdesc",
	"hpet",
	"acpi",
	"kernel-irqchip",
	"max-ram-below-4g",
	"smbus",
	"sata",
	"pit",
	"pcspk-audiodev",
	"i8042",
	"nvdimm",
	"fd-bootchk",
	"kernel-loader",
	NULL,
};

static int pick_loader(struct machine_config *c, const char *name, const char *what, struct err *e)
{
	static const char *const names[] = {"auto", "direct", "rom"};
	unsigned i = 0;

	while (i < ARRAY_SIZE(names) && strcmp(name, names[i]))
		i++;
	if (i == ARRAY_SIZE(names))
		return err_set(e, -EINVAL, "%s: kernel-loader=%s: want auto, direct or rom", what,
			       name);
	c->kernel_loader = (enum kernel_loader)i;
	return 0;
}

static int machine_flags(struct machine_config *c, const struct opts *o, const char *what,
			 struct err *e)
{
	const char *low = opts_get(o, "max-ram-below-4g");
	const char *loader = opts_get(o, "kernel-loader");
	bool acpi = !c->no_acpi, hpet = !c->no_hpet, fd_check = !c->no_fd_bootchk;
	int rc = opts_bool(o, "usb", &c->usb, what, e);

	if (!rc)
		rc = opts_bool(o, "acpi", &acpi, what, e);
	if (!rc)
		rc = opts_bool(o, "hpet", &hpet, what, e);
	if (!rc)
		rc = opts_bool(o, "fd-bootchk", &fd_check, what, e);
	if (!rc && loader)
		rc = pick_loader(c, loader, what, e);
	c->no_fd_bootchk = !fd_check;
	c->no_acpi = !acpi;
	c->no_hpet = !hpet;
	if (!rc && low &&
	    (text_size(low, 1, &c->max_ram_below_4g) || c->max_ram_below_4g > 4ull << 30))
		rc = err_set(e, -EINVAL, "%s: max-ram-below-4g=%s: want a size up to 4G", what,
			     low);
	return rc;
}

static int set_machine(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	struct opts o;
	const char *v;
	int rc = opts_parse(&o, arg, "type", e);

	if (!rc && (v = opts_get(&o, "type")) && (!strcmp(v, "help") || !strcmp(v, "?"))) {
		printf("Supported machines are:\n"
		       "pc      i440FX + PIIX3 (default; every pc-i440fx-* means it)\n"
		       "none    no board at all\n");
		rc = 1;
	} else if (!rc) {
		rc = opts_only(&o, machine_keys, what, e);
		if (!rc && v)
			rc = pick_machine(c, what, v, e);
		if (!rc && (v = opts_get(&o, "accel")) && !c->accel_option)
			rc = pick_accel(c, what, v, e);
		if (!rc)
			rc = machine_flags(c, &o, what, e);
	}
	opts_free(&o);
	return rc;
}

/* QEMU's for its own engines: they change nothing here. */
static const char *const foreign_keys[] = {
	"accel",          "thread",         "tb-size",         "split-wx",     "one-insn-per-tb",
	"kernel-irqchip", "kvm-shadow-mem", "dirty-ring-size", "igd-passthru", "notify-vmexit",
};

static int engine_keys(struct machine_config *c, const struct opts *o, const char *what,
		       struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; i < o->n && !rc; i++) {
		unsigned k = 0;

		while (k < ARRAY_SIZE(foreign_keys) && strcmp(foreign_keys[k], o->v[i].key))
			k++;
		if (k == ARRAY_SIZE(foreign_keys))
			rc = engine_config_set(&c->engine, what, o->v[i].key, o->v[i].value, e);
	}
	return rc;
}

static int set_accel(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	struct opts o;
	const char *v;
	int rc = opts_parse(&o, arg, "accel", e);

	v = rc ? NULL : opts_get(&o, "accel");
	if (v && (!strcmp(v, "help") || !strcmp(v, "?"))) {
		printf("Accelerators supported:\n"
		       "soft     in software, on any x86-64 host (default)\n"
		       "           tier=interp|translate, verify=off|lockstep, perf-map=off|on\n"
		       "qtest    no CPU runs; tests drive the machine\n");
		rc = 1;
	} else if (!rc) {
		if (!c->accel_option) {
			free(c->accel);
			c->accel = NULL;
		}
		c->accel_option = true;
		rc = v ? pick_accel(c, what, v, e)
		       : err_set(e, -EINVAL, "%s: lacks the engine's name, e.g. soft", what);
		if (!rc)
			rc = engine_keys(c, &o, what, e);
	}
	opts_free(&o);
	return rc;
}

static int set_core(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return options_text(&c->core, what, arg, e);
}

/* host, or icount[,shift=N] */
static int set_clock(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	static const char *const keys[] = {"mode", "shift", NULL};
	struct opts o;
	const char *mode, *shift;
	char *end = NULL;
	int rc = opts_parse(&o, arg, "mode", e);

	if (!rc)
		rc = opts_only(&o, keys, what, e);
	mode = rc ? NULL : opts_get(&o, "mode");
	shift = rc ? NULL : opts_get(&o, "shift");
	c->icount = mode && !strcmp(mode, "icount");
	c->icount_shift = shift && c->icount ? (unsigned)strtoul(shift, &end, 10) : 0;
	if (!rc && (!mode || (!c->icount && strcmp(mode, "host"))))
		rc = err_set(e, -EINVAL, "%s %s: want host or icount[,shift=N]", what, arg);
	if (!rc && shift && (!c->icount || end == shift || *end || c->icount_shift > 20))
		rc = err_set(e, -EINVAL, "%s %s: shift goes with icount, 0 to 20", what, arg);
	opts_free(&o);
	return rc;
}

static int set_cpu(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	if (!strcmp(arg, "help") || !strcmp(arg, "?")) {
		printf("max, host           all that engine and host can do (default)\n"
		       "qemu64              as QEMU's of that name\n"
		       "x86-64-v1, -v2, -v3 the levels of the x86-64 psABI\n"
		       "Features follow as ,+NAME and ,-NAME.\n");
		return OPTIONS_DONE;
	}
	return options_text(&c->cpu, what, arg, e);
}

/* ---- -m, -smp */

static int set_memory(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	static const char *const keys[] = {"size", "slots", "maxmem", NULL};
	struct opts o;
	const char *v;
	int rc = opts_parse(&o, arg, "size", e);

	if (!rc)
		rc = opts_only(&o, keys, what, e);
	v = rc ? NULL : opts_get(&o, "size");
	if (v && text_size(v, 1 << 20, &c->ram) < 0)
		rc = err_set(e, -EINVAL, "%s %s: want a size, e.g. 512 (MiB) or 1G", what, v);
	opts_free(&o);
	if (!rc && !c->ram)
		c->ram = 128 << 20; /* QEMU's meaning of 0 */
	c->ram = (c->ram + 8191) & ~8191ull;
	if (!rc && (c->ram < 1 << 20 || c->ram > 1ull << 40))
		rc = err_set(e, -EINVAL, "%s %s: want from 1M to 1T", what, arg);
	return rc;
}

/* What is not said follows from what is: sockets stay 1, then cores grow. */
static int fill_smp(struct machine_config *c, const char *what, uint64_t v[6], struct err *e)
{
	uint64_t topo = 1, cpus = v[0], max = v[1];

	for (unsigned i = 2; i < 6; i++)
		topo *= v[i] ? v[i] : 1;
	if (!cpus)
		cpus = max ? max : topo;
	if (!max)
		max = MAX(cpus, topo);
	if (max > HV_IOREQ_SLOTS)
		return err_set(e, -EINVAL, "%s: %llu CPUs are more than %d", what,
			       (unsigned long long)max, HV_IOREQ_SLOTS);
	if (cpus > max)
		return err_set(e, -EINVAL, "%s: maxcpus must not be less than cpus", what);
	if (v[2] && v[4] && v[5] && topo != max)
		return err_set(e, -EINVAL,
			       "%s: sockets * dies * cores * threads (%llu) is not maxcpus (%llu)",
			       what, (unsigned long long)topo, (unsigned long long)max);
	c->cpus = (unsigned)cpus;
	c->maxcpus = (unsigned)max;
	return 0;
}

static int set_smp(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	static const char *const keys[] = {"cpus",  "maxcpus", "sockets", "dies",
					   "cores", "threads", NULL};
	uint64_t v[6] = {0};
	struct opts o;
	int rc = opts_parse(&o, arg, "cpus", e);

	if (!rc)
		rc = opts_only(&o, keys, what, e);
	for (unsigned i = 0; i < 6 && !rc; i++) {
		rc = opts_number(&o, keys[i], 1024, &v[i], what, e);
		if (!rc && opts_get(&o, keys[i]) && !v[i])
			rc = err_set(e, -EINVAL, "%s: %s must be at least 1", what, keys[i]);
	}
	if (!rc)
		rc = fill_smp(c, what, v, e);
	opts_free(&o);
	return rc;
}

/* ---- names */

static int set_name(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	static const char *const keys[] = {"guest", "process", "debug-threads", NULL};
	struct opts o;
	const char *v;
	int rc = opts_parse(&o, arg, "guest", e);

	if (!rc)
		rc = opts_only(&o, keys, what, e);
	if (!rc && (v = opts_get(&o, "guest")))
		rc = options_text(&c->name, what, v, e);
	if (!rc && (v = opts_get(&o, "process")))
		rc = options_text(&c->process_name, what, v, e);
	opts_free(&o);
	return rc;
}

static int set_uuid(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	int rc = options_uuid(what, arg, e);

	return rc ? rc : options_text(&c->uuid, what, arg, e);
}

/* ---- start-up */

static int set_kernel(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return options_text(&c->kernel, what, arg, e);
}

static int set_initrd(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return options_text(&c->initrd, what, arg, e);
}

static int set_append(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return options_text(&c->append, what, arg, e);
}

static int set_bios(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return options_text(&c->bios, what, arg, e);
}

static int set_rom_dir(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	return text_list_add(&c->rom_dirs, arg) ? err_set(e, -ENOMEM, "%s: out of memory", what)
						: 0;
}

static int set_rtc_base(struct machine_config *c, const char *what, const char *v, struct err *e)
{
	struct tm tm = {0};
	const char *end;

	if (!strcmp(v, "utc") || !strcmp(v, "localtime")) {
		c->rtc = *v == 'u' ? RTC_UTC : RTC_LOCALTIME;
		return 0;
	}
	end = strptime(v, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!end)
		end = strptime(v, "%Y-%m-%d", &tm);
	if (!end || *end)
		return err_set(
			e, -EINVAL,
			"%s: base=%s: want utc, localtime, 2026-06-16T16:01:21 or 2026-06-16", what,
			v);
	c->rtc = RTC_DATE;
	c->rtc_date = timegm(&tm);
	return 0;
}

static int set_rtc(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	static const char *const keys[] = {"base", "clock", "driftfix", NULL};
	struct opts o;
	const char *v;
	int rc = opts_parse(&o, arg, NULL, e);

	if (!rc)
		rc = opts_only(&o, keys, what, e);
	if (!rc && (v = opts_get(&o, "base")))
		rc = set_rtc_base(c, what, v, e);
	if (!rc && (v = opts_get(&o, "clock"))) {
		c->rtc_vm_clock = !strcmp(v, "vm");
		if (!c->rtc_vm_clock && strcmp(v, "host") && strcmp(v, "rt"))
			rc = err_set(e, -EINVAL, "%s: clock=%s: want host, rt or vm", what, v);
	}
	opts_free(&o);
	return rc;
}

/* ---- switches */

#define SWITCH(fn, field)                                                                         \
	static int fn(struct machine_config *c, const char *what, const char *arg, struct err *e) \
	{                                                                                         \
		(void)what;                                                                       \
		(void)arg;                                                                        \
		(void)e;                                                                          \
		c->field = true;                                                                  \
		return 0;                                                                         \
	}
SWITCH(set_stopped, stopped)
SWITCH(set_no_shutdown, no_shutdown)
SWITCH(set_no_reboot, no_reboot)
SWITCH(set_no_acpi, no_acpi)
SWITCH(set_no_hpet, no_hpet)
SWITCH(set_no_fd_bootchk, no_fd_bootchk)
SWITCH(set_nodefaults, nodefaults)
SWITCH(set_usb, usb)

static int set_action(struct machine_config *c, const char *what, const char *arg, struct err *e)
{
	static const char *const keys[] = {"reboot", "shutdown", "panic", "watchdog", NULL};
	struct opts o;
	const char *v;
	int rc = opts_parse(&o, arg, NULL, e);

	if (!rc)
		rc = opts_only(&o, keys, what, e);
	if (!rc && (v = opts_get(&o, "reboot")))
		c->no_reboot = !strcmp(v, "shutdown");
	if (!rc && (v = opts_get(&o, "shutdown")))
		c->no_shutdown = !strcmp(v, "pause");
	opts_free(&o);
	return rc;
}

/* clang-format off */
static const struct option rows[] = {
	OPTION("machine", "TYPE[,KEY=V]",
	       "pc or none; accel=, usb=, max-ram-below-4g= (help lists)", set_machine),
	OPTION("M", "TYPE[,KEY=V]", "the same", set_machine),
	OPTION("accel", "ENGINE[,KEY=V]", "what runs the CPUs: soft (default), qtest (help lists)",
	       set_accel),
	OPTION("core", "fd=N|PATH", "the core is hvm-core at that socket, not in this process",
	       set_core),
	OPTION("cpu", "MODEL", "CPU model and features", set_cpu),
	OPTION("clock", "host|icount[,shift=N]",
	       "guest time: the host's, or 2^N ns an instruction (deterministic)", set_clock),
	OPTION("smp", "N[,maxcpus=N][,sockets=…]", "CPUs (default 1)", set_smp),
	OPTION("m", "SIZE", "memory in MiB, or with suffix: 512, 1G (default 128)", set_memory),
	OPTION("name", "NAME[,process=P]", "name of the guest, of the process", set_name),
	OPTION("uuid", "UUID", "of the machine", set_uuid),
	OPTION("bios", "FILE", "system ROM of 64, 128 or 256 KiB", set_bios),
	OPTION("kernel", "FILE", "multiboot or Linux kernel to put into RAM", set_kernel),
	OPTION("initrd", "FILE[ WORDS][,FILE…]", "its initrd or modules", set_initrd),
	OPTION("append", "TEXT", "its command line", set_append),
	OPTION("L", "DIR", "look for ROMs here first", set_rom_dir),
	OPTION("rtc", "[base=utc|localtime|DATE][,clock=host|vm]", "what the clock starts with",
	       set_rtc),
	OPTION("nodefaults", NULL, "only the devices that are asked for", set_nodefaults),
	OPTION("usb", NULL, "a USB controller on the board", set_usb),
	OPTION("no-acpi", NULL, "no ACPI tables", set_no_acpi),
	OPTION("no-hpet", NULL, "no HPET", set_no_hpet),
	OPTION("no-fd-bootchk", NULL, "boots a floppy without looking at its signature",
	       set_no_fd_bootchk),
	OPTION("S", NULL, "do not start until `cont`", set_stopped),
	OPTION("no-reboot", NULL, "a guest's reset ends the process", set_no_reboot),
	OPTION("no-shutdown", NULL, "a guest's power-off stops it, the process stays",
	       set_no_shutdown),
	OPTION("action", "reboot=reset|shutdown,shutdown=poweroff|pause",
	       "the same in QEMU's newer words", set_action),
	LATER("enable-kvm", NULL, "there is no KVM engine yet"),
	LATER("incoming", "FROM", "machines cannot be moved yet"),
	LATER("loadvm", "NAME", "snapshots do not exist yet"),
	LATER("xen-domid", "N", "guests of a real Xen cannot be served yet"),
};
/* clang-format on */
const struct option_table options_machine = {"Machine", rows, ARRAY_SIZE(rows)};
