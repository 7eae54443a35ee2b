/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dm/machine_core.c: the core behind a machine: embedded or remote; its ROM and shadow RAM. */
#include "dm/machine_parts.h"

#include "base/log.h"
#include "base/packet.h"
#include "config.h"
#include "dm/board.h"
#include "dm/host.h"
#include "dm/ioreq.h"
#include "hypervisor/domain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- the core ---- */

void machine_lock(struct machine *m)
{
	if (m->dom)
		domain_lock(m->dom);
}

void machine_unlock(struct machine *m)
{
	if (m->dom)
		domain_unlock(m->dom);
}

static void lock_hook(void *arg)
{
	machine_lock(arg);
}

static void unlock_hook(void *arg)
{
	machine_unlock(arg);
}

/* What the clock on the board shows when the machine is switched on. */
static int64_t rtc_base(const struct machine_config *c)
{
	time_t now = time(NULL);
	struct tm tm;

	if (c->rtc == RTC_DATE)
		return MAX(c->rtc_date, 0);
	if (c->rtc == RTC_LOCALTIME && localtime_r(&now, &tm))
		now += tm.tm_gmtoff;
	return now;
}

static int open_embedded(struct machine *m, struct err *e)
{
	const struct domain_config c = {.ram = m->cfg->ram,
					.ram_below_4g = m->cfg->max_ram_below_4g,
					.vcpus = m->cfg->cpus,
					.rtc_base = rtc_base(m->cfg),
					.clock = m->clock};

	m->dom = domain_new(&c, e);
	if (!m->dom)
		return -ENOMEM;
	m->hv = hv_embedded_open(m->dom, e);
	loop_lock_hooks(m->loop, lock_hook, unlock_hook, m);
	return m->hv ? 0 : -EIO;
}

/* -core fd=N, or the path of a socket that hvm-core listens on. */
static int core_socket(const char *where, struct err *e)
{
	char fd_name[40];
	int fd;

	if (!strncmp(where, "fd=", 3)) {
		snprintf(fd_name, sizeof(fd_name), "fd:%s", where + 3);
		return host_open(fd_name, O_RDWR, 0, e);
	}
	fd = packet_connect(where);
	if (fd == -ENAMETOOLONG)
		return err_set(e, fd, "-core %s: the path is too long for a socket", where);
	return fd < 0 ? err_errno(e, fd, "-core %s: cannot connect", where) : fd;
}

static int open_remote(struct machine *m, struct err *e)
{
	int fd = core_socket(m->cfg->core, e);

	if (fd < 0)
		return fd;
	m->hv = hv_remote_open(fd, e);
	return m->hv ? m->hv->ops->follow(m->hv, m->clock) : -EIO;
}

int machine_core_open(struct machine *m, struct err *e)
{
	if (!strcmp(m->cfg->machine, "none"))
		return 0;
	return m->cfg->core ? open_remote(m, e) : open_embedded(m, e);
}

void machine_core_close(struct machine *m)
{
	if (m->hv)
		m->hv->ops->close(m->hv);
	if (m->dom)
		loop_lock_hooks(m->loop, NULL, NULL, NULL);
	domain_free(m->dom);
}

static void core_gone(void *arg, const char *why)
{
	struct board *b = arg;

	log_error("the core is gone: %s", why);
	b->m->exit_status = 1;
	b->m->want.exit = true;
	loop_defer(b->m->loop, &b->m->want.defer);
}

static void core_triple_fault(void *arg)
{
	machine_want_reset(((struct board *)arg)->m, true, "guest-reset");
}

int machine_core_attach(struct machine *m, struct err *e)
{
	const struct hv_client client = {.ioreq = ioreq_client,
					 .buffered = ioreq_client_buffered,
					 .gone = core_gone,
					 .triple_fault = core_triple_fault,
					 .arg = m->board};
	const struct hv_ops *ops = m->hv->ops;
	int rc = ops->attach(m->hv, m->loop, &client, e);

	if (!rc)
		rc = ops->create_ioreq_server(m->hv, true, &m->board->server);
	if (!rc)
		rc = ops->set_ioreq_server_state(m->hv, m->board->server, true);
	if (!rc) /* nothing runs before the board is complete, with -S before `cont` */
		rc = ops->quiesce(m->hv, true);
	return rc ? err_errno(e, rc, "the core gives no I/O request server") : 0;
}

/* ---- ROM ---- */

#define ROM_LOW        0x20000u /* the part that is also seen below 1 MiB */
#define DEVICE_ROM_MAX (16 << 20)

/* The first of the `n` names that is in a folder of -L, or else in one of the usual ones: open. */
static int open_rom(const struct machine_config *c, const char *const *names, unsigned n,
		    char *path, size_t size)
{
	static const char *const dirs[] = {CONFIG_DATADIR, "/usr/share/seabios", "/usr/share/qemu",
					   "/usr/lib/ipxe/qemu"};

	int fd;

	for (unsigned i = 0; i < c->rom_dirs.n + ARRAY_SIZE(dirs); i++)
		for (unsigned k = 0; k < n; k++) {
			snprintf(path, size, "%s/%s",
				 i < c->rom_dirs.n ? c->rom_dirs.v[i] : dirs[i - c->rom_dirs.n],
				 names[k]);
			fd = host_open(path, O_RDONLY, 0, NULL);
			if (fd >= 0)
				return fd;
		}
	return -ENOENT;
}

static int read_rom(int fd, const char *path, uint8_t **data, size_t *len, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(e, -errno, "cannot read %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size < 1 || st.st_size > DEVICE_ROM_MAX)
		return err_set(e, -EINVAL, "%s is no ROM: it has no bytes or too many", path);
	*len = (size_t)st.st_size;
	*data = malloc(*len);
	if (!*data)
		return err_set(e, -ENOMEM, "out of memory");
	if (pread(fd, *data, *len, 0) == (ssize_t)*len)
		return 0;
	free(*data);
	*data = NULL;
	return err_set(e, -EIO, "cannot read all of %s", path);
}

int machine_rom_file(struct machine *m, const struct dev *d, const char *name, uint8_t **data,
		     size_t *len, struct err *e)
{
	const char *path = name;
	char found[4096];
	int fd, rc;

	*data = NULL;
	if (!strchr(name, '/')) {
		fd = open_rom(m->cfg, &name, 1, found, sizeof(found));
		if (fd < 0) {
			log_warn("%s has no ROM: %s is in no folder of firmware (-L names more)",
				 d->class->name, name);
			return 0;
		}
		path = found;
	} else {
		fd = host_open(path, O_RDONLY, 0, e);
	}
	if (fd < 0)
		return fd;
	rc = read_rom(fd, path, data, len, e);
	close(fd);
	return rc;
}

static int rom_size(int fd, const char *path, uint32_t *size, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(e, -errno, "cannot read %s", path);
	if (st.st_size != 64 << 10 && st.st_size != 128 << 10 && st.st_size != 256 << 10)
		return err_set(e, -EINVAL,
			       "%s: a system ROM has 64, 128 or 256 KiB, not %lld bytes", path,
			       (long long)st.st_size);
	*size = (uint32_t)st.st_size;
	return 0;
}

static int load_rom(struct machine *m, int fd, const char *path, struct err *e)
{
	const struct hv_ops *ops = m->hv->ops;
	uint32_t size = 0, low;
	unsigned region;
	void *p;
	int rc = rom_size(fd, path, &size, e);

	if (rc)
		return rc;
	rc = ops->ram_create(m->hv, "pc.bios", size, &region);
	if (!rc)
		rc = ops->ram_ptr(m->hv, region, &p);
	if (rc)
		return err_errno(e, rc, "%s: the core has no room for it", path);
	if (pread(fd, p, size, 0) != (ssize_t)size)
		return err_set(e, -EIO, "cannot read all of %s", path);
	low = MIN(size, ROM_LOW);
	rc = ops->map(m->hv, (4ull << 30) - size, region, 0, size, HV_SRC_ROM, HV_SRC_ROM);
	if (!rc)
		rc = ops->map(m->hv, (1u << 20) - low, region, size - low, low, HV_SRC_ROM,
			      HV_SRC_ROM);
	return rc ? err_errno(e, rc, "%s: the core does not map it", path) : 0;
}

int machine_rom_load(struct machine *m, struct err *e)
{
	static const char *const names[] = {"bios-256k.bin", "bios.bin"};
	const char *path = m->cfg->bios;
	char found[4096];
	int fd, rc;

	if (!path) {
		fd = open_rom(m->cfg, names, ARRAY_SIZE(names), found, sizeof(found));
		if (fd < 0)
			return 0; /* nothing runs it under qtest */
		path = found;
	} else {
		fd = host_open(path, O_RDONLY, 0, e);
	}
	if (fd < 0)
		return fd;
	rc = load_rom(m, fd, path, e);
	m->has_rom = !rc;
	close(fd);
	return rc;
}

/* From 0xa0000 to 1 MiB there is RAM only where the shadow registers say so. */
int machine_dig_hole(struct machine *m, struct err *e)
{
	int rc = m->hv->ops->map(m->hv, 0xa0000, 0, 0xa0000, 0x60000, HV_SRC_NONE, HV_SRC_NONE);

	return rc ? err_errno(e, rc, "the core does not open the hole below 1 MiB") : 0;
}

void machine_shadow(struct machine *m, uint64_t gpa, uint64_t len, bool rd, bool wr)
{
	/* Not unmapped: a ROM of 64 KiB has exactly the range of the last shadow register. */
	m->hv->ops->map(m->hv, gpa, 0, gpa, len, rd ? HV_SRC_RAM : HV_SRC_BELOW,
			wr ? HV_SRC_RAM : HV_SRC_BELOW);
}
