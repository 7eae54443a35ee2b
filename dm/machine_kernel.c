/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/machine_kernel.c: -kernel, -initrd, -append: reads the files once, and puts them into RAM at
 * the start and at each reset.
 */
#include "dm/machine_parts.h"

#include "dm/boot.h"
#include "dm/host.h"
#include "hw/misc/fw_cfg.h"
#include "hypervisor/domain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (1ull << 30)

struct kernel {
	struct boot boot;
	struct boot_items items; /* with by_rom */
	bool by_rom;
	struct boot_file *modules;
	struct boot_entry entry;
};

/* ---- files ---- */

static int read_all(int fd, struct boot_file *f, struct err *e)
{
	struct stat st;
	uint8_t *p;
	size_t done = 0;
	ssize_t n = 1;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > FILE_MAX)
		return err_set(e, -EINVAL, "%s: not a file of at most 1 GiB", f->name);
	p = malloc((size_t)st.st_size + 1);
	if (!p)
		return err_set(e, -ENOMEM, "%s: no memory for it", f->name);
	f->data = p;
	for (; done < (size_t)st.st_size && n > 0; done += n > 0 ? (size_t)n : 0)
		n = read(fd, p + done, (size_t)st.st_size - done);
	f->len = done;
	return n < 0 ? err_errno(e, -errno, "cannot read %s", f->name) : 0;
}

static int read_file(struct boot_file *f, const char *name, struct err *e)
{
	int fd, rc;

	f->name = strdup(name);
	if (!f->name)
		return err_set(e, -ENOMEM, "out of memory");
	fd = host_open(name, O_RDONLY, 0, e);
	if (fd < 0)
		return fd;
	rc = read_all(fd, f, e);
	close(fd);
	return rc;
}

static void free_file(struct boot_file *f)
{
	free((void *)f->name);
	free((void *)f->args);
	free((void *)f->data);
}

/* "FILE words": the guest sees all of it. */
static int read_module(struct kernel *k, const char *text, struct err *e)
{
	size_t n = strcspn(text, " ");
	struct boot_file *f;
	char *name;
	int rc;

	f = realloc(k->modules, (k->boot.n_modules + 1) * sizeof(*f));
	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	k->boot.modules = k->modules = f;
	f += k->boot.n_modules++;
	*f = (struct boot_file){.args = strdup(text)};
	name = strndup(text, n);
	rc = f->args && name ? read_file(f, name, e) : err_set(e, -ENOMEM, "out of memory");
	free(name);
	return rc;
}

/* Parts between commas; ",," is a comma. A Linux initrd is one file whose name has none. */
static int read_modules(struct kernel *k, const char *list, struct err *e)
{
	char *part = strdup(list), *to = part;
	int rc = part ? 0 : err_set(e, -ENOMEM, "out of memory");

	for (const char *p = list; part && !rc; p++) {
		if (*p && (*p != ',' || *++p == ',')) {
			*to++ = *p;
			continue;
		}
		*to = 0;
		to = part;
		rc = read_module(k, part, e);
		if (!*p)
			break;
		p--; /* the first byte of the next part */
	}
	free(part);
	return rc;
}

/* ---- RAM ---- */

int machine_ram_write(struct machine *m, uint64_t gpa, const void *buf, size_t len)
{
	const uint8_t *from = buf;

	while (len) {
		size_t n = len;
		void *p = m->hv->ops->dma_map(m->hv, gpa, &n, true);

		if (!p || !n)
			return -EFAULT;
		n = MIN(n, len);
		memcpy(p, from, n);
		m->hv->ops->dma_unmap(m->hv, p, gpa, n);
		gpa += n;
		from += n;
		len -= n;
	}
	return 0;
}

static int ram_write(void *arg, uint64_t gpa, const void *buf, size_t len)
{
	return machine_ram_write(arg, gpa, buf, len);
}

int machine_kernel_load(struct machine *m, struct err *e)
{
	uint64_t low = machine_ram_below_4g(m), reserved = machine_firmware_reserved(m);
	const struct boot_ram ram = {.below_4g = low - reserved,
				     .above_4g = m->cfg->ram - low,
				     .reserved = reserved,
				     .rsdp = machine_firmware_rsdp(m),
				     .write = ram_write,
				     .arg = m};
	bool here = m->kernel && !m->kernel->by_rom;
	int rc = here ? machine_setup(m, e) : 0;

	if (here && !rc)
		rc = boot_load(&m->kernel->boot, &ram, &m->kernel->entry, e);
	if (rc)
		err_prefix(e, "-kernel");
	return rc;
}

const struct boot_entry *machine_kernel_entry(const struct machine *m)
{
	return m->kernel && !m->kernel->by_rom ? &m->kernel->entry : NULL;
}

bool machine_kernel_by_rom(const struct machine *m)
{
	return m->kernel && m->kernel->by_rom;
}

/* ---- through firmware ---- */

static int fill_fw_cfg(struct kernel *k, struct dev *d)
{
	const struct boot_items *it = &k->items;
	const struct boot_file *rd = k->boot.n_modules ? k->boot.modules : &(struct boot_file){0};
	const struct {
		uint16_t addr, size, data;
		uint64_t at;
		const void *p;
		size_t len;
	} parts[] = {
		{FW_CFG_SETUP_ADDR, FW_CFG_SETUP_SIZE, FW_CFG_SETUP_DATA, BOOT_SETUP_AT, it->setup,
		 it->setup_len},
		{FW_CFG_KERNEL_ADDR, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA, it->kernel_at,
		 it->kernel, it->kernel_len},
		{FW_CFG_INITRD_ADDR, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA, it->initrd_at,
		 rd->data, rd->len},
		{FW_CFG_CMDLINE_ADDR, FW_CFG_CMDLINE_SIZE, FW_CFG_CMDLINE_DATA, BOOT_CMDLINE_AT,
		 k->boot.append, strlen(k->boot.append) + 1},
	};
	int rc = fw_cfg_add_file(d, BOOT_ROM_FILE, it->rom, (uint32_t)it->rom_len);

	for (unsigned i = 0; i < ARRAY_SIZE(parts) && !rc; i++) {
		rc = fw_cfg_add_number(d, parts[i].addr, 4, parts[i].at);
		if (!rc)
			rc = fw_cfg_add_number(d, parts[i].size, 4, parts[i].len);
		if (!rc && parts[i].len)
			rc = fw_cfg_add(d, parts[i].data, parts[i].p, (uint32_t)parts[i].len);
	}
	return rc;
}

static int choose(struct machine *m, struct err *e)
{
	const struct machine_config *c = m->cfg;
	struct kernel *k = m->kernel;
	bool runs = !c->core && (!c->accel || strcmp(c->accel, "qtest"));

	if (c->kernel_loader == LOADER_ROM && !m->has_rom)
		return err_set(e, -ENOENT, "kernel-loader=rom: there is no system ROM (seabios)");
	k->by_rom = c->kernel_loader == LOADER_ROM ||
		    (c->kernel_loader == LOADER_AUTO && runs && m->has_rom && m->displays &&
		     boot_is_linux(&k->boot.kernel));
	return 0;
}

static int offer(struct machine *m, struct err *e)
{
	struct dev *d = dev_find(m->env, "fw_cfg");
	struct kernel *k = m->kernel;
	int rc = boot_items(&k->boot, machine_ram_below_4g(m), &k->items, e);

	if (!rc && (!d || fill_fw_cfg(k, d)))
		rc = err_set(e, -ENOSPC, "fw_cfg has no room for a kernel");
	return rc;
}

int machine_kernel_open(struct machine *m, struct err *e)
{
	const struct machine_config *c = m->cfg;
	struct kernel *k;
	int rc;

	if (!c->kernel)
		return c->initrd || c->append
			       ? err_set(e, -EINVAL, "-initrd and -append go with -kernel")
			       : 0;
	if (!m->hv)
		return err_set(e, -EINVAL, "-kernel: this machine has no RAM");
	k = m->kernel = calloc(1, sizeof(*k));
	if (!k)
		return err_set(e, -ENOMEM, "out of memory");
	k->boot.append = c->append ? c->append : "";
	rc = read_file(&k->boot.kernel, c->kernel, e);
	if (!rc && c->initrd)
		rc = read_modules(k, c->initrd, e);
	if (!rc)
		rc = choose(m, e);
	if (!rc && k->by_rom)
		rc = offer(m, e);
	if (rc)
		err_prefix(e, "-kernel");
	return rc;
}

void machine_kernel_close(struct machine *m)
{
	struct kernel *k = m->kernel;

	if (!k)
		return;
	for (unsigned i = 0; i < k->boot.n_modules; i++)
		free_file(&k->modules[i]);
	free_file(&k->boot.kernel);
	free(k->items.setup);
	free(k->items.rom);
	free(k->modules);
	free(k);
}
