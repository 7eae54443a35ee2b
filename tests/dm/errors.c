/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/dm/errors.c: werror= and rerror=. A limit on the size of files makes the host fail writes,
 * and lifting it is what an administrator does; a descriptor that only writes fails reads.
 */
#include "block/impl.h"
#include "dm/machine_parts.h"
#include "tests/dm/vm.h"
#include "tests/hw/ide.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { BEHIND = 512 << 10 }; /* the limit is below */

static void limit(rlim_t bytes)
{
	struct rlimit l;

	MUST(!getrlimit(RLIMIT_FSIZE, &l));
	l.rlim_cur = MIN(bytes, l.rlim_max);
	MUST(!setrlimit(RLIMIT_FSIZE, &l));
}

/* ---- a drive of a machine ---- */

static char log_text[4096]; /* events, one behind the other */
static int last;
static unsigned n_done;

static void hear(void *arg, const struct machine_event *ev)
{
	char one[128] = "";

	(void)arg;
	if (ev->type == EVENT_BLOCK_IO_ERROR)
		snprintf(one, sizeof(one), "%s %s %s %d;", ev->device, ev->read ? "read" : "write",
			 blk_answers[ev->answer], -ev->error);
	else
		snprintf(one, sizeof(one), "%s;",
			 ev->type == EVENT_STOP     ? "STOP"
			 : ev->type == EVENT_RESUME ? "RESUME"
						    : "?");
	MUST(strlen(log_text) + strlen(one) < sizeof(log_text));
	strcat(log_text, one);
}

static void done(struct blk_req *r, int rc)
{
	(void)r;
	last = rc;
	n_done++;
}

static struct machine_listener ear = {.fn = hear};
static struct blk_req req;
static uint8_t data[512];

static void submit(struct vm *v, enum blk_op op, uint64_t at)
{
	req = (struct blk_req){.op = op, .offset = at, .bytes = 512, .done = done};
	req.iov[0] = (struct iovec){data, 512};
	req.iovcnt = op == BLK_READ || op == BLK_WRITE;
	n_done = 0;
	log_text[0] = 0;
	blk_submit(v->m->drives->blk, &req);
}

/* Until it is finished, or the machine stopped; in which state it is then. */
static const char *outcome(struct vm *v)
{
	for (unsigned i = 0; i < 500 && !n_done && v->m->state == RUN_RUNNING; i++)
		vm_turn(v, 10);
	return run_state_name(v->m->state);
}

static void open_drive(struct vm *v, const char *ways)
{
	char options[400];

	snprintf(options, sizeof(options),
		 "-accel qtest -nodefaults -drive file=%%s/hd.img,format=raw,id=d0%s", ways);
	vm_open(v, options);
	machine_listen(v->m, &ear);
}

static void close_drive(struct vm *v)
{
	limit(RLIM_INFINITY);
	machine_unlisten(v->m, &ear);
	vm_close(v);
}

TEST(stop_and_try_again)
{
	struct err e = {""};
	struct vm v;

	open_drive(&v, ",werror=stop");
	limit(BEHIND);
	memset(data, 0x5a, sizeof(data));
	submit(&v, BLK_WRITE, BEHIND);
	EQS("io-error", outcome(&v));
	EQS("d0 write stop 27;STOP;", log_text); /* EFBIG */
	EQ((unsigned)-EFBIG, (unsigned)v.m->drives->error);
	OK(machine_cont(v.m, &e)); /* nothing was done about it */
	EQS("io-error", outcome(&v));
	EQS("d0 write stop 27;STOP;RESUME;d0 write stop 27;STOP;", log_text);
	EQ(0, n_done);
	limit(RLIM_INFINITY);
	OK(machine_cont(v.m, &e));
	EQ(0, v.m->drives->error);
	EQS("running", outcome(&v));
	EQ(1, n_done);
	EQ(0, last);
	memset(data, 0, sizeof(data));
	submit(&v, BLK_READ, BEHIND);
	outcome(&v);
	EQ(0x5a, data[511]);
	close_drive(&v);
}

TEST(read_again)
{
	struct err e = {""};
	char path[100];
	int fd, kept;
	struct vm v;

	open_drive(&v, ",rerror=stop");
	fd = v.m->drives->blk->file.fd;
	kept = dup(fd);
	snprintf(path, sizeof(path), "%s/hd.img", v.dir);
	MUST(kept >= 0 && dup2(open(path, O_WRONLY | O_CLOEXEC), fd) == fd);
	submit(&v, BLK_READ, 0);
	EQS("io-error", outcome(&v));
	EQS("d0 read stop 9;STOP;", log_text); /* EBADF */
	MUST(dup2(kept, fd) == fd);
	close(kept);
	OK(machine_cont(v.m, &e));
	outcome(&v);
	EQ(1, n_done);
	EQ(0, last);
	close_drive(&v);
}

TEST(stopped_and_taken_back)
{
	struct vm v;

	open_drive(&v, ",werror=stop");
	limit(BEHIND);
	submit(&v, BLK_WRITE, BEHIND);
	EQS("io-error", outcome(&v));
	blk_drain(v.m->drives->blk); /* does not wait for it */
	blk_cancel(&req);
	blk_retry(v.m->drives->blk);
	blk_drain(v.m->drives->blk);
	EQ(0, n_done);
	submit(&v, BLK_WRITE, BEHIND);
	blk_drain(v.m->drives->blk);
	EQ(0, n_done); /* held, and the drive goes */
	close_drive(&v);
}

TEST(report_and_ignore)
{
	struct vm v;

	open_drive(&v, ",werror=report");
	limit(BEHIND);
	submit(&v, BLK_WRITE, BEHIND);
	EQS("running", outcome(&v));
	EQ((unsigned)-EFBIG, (unsigned)last);
	EQS("d0 write report 27;", log_text);
	close_drive(&v);
	open_drive(&v, ",werror=ignore");
	limit(BEHIND);
	submit(&v, BLK_WRITE, BEHIND);
	EQS("running", outcome(&v));
	EQ(0, last);
	EQS("d0 write ignore 27;", log_text);
	close_drive(&v);
}

/* The default: no room stops, whatever else is reported. */
TEST(no_space_alone_stops)
{
	struct vm v;

	open_drive(&v, "");
	limit(BEHIND);
	submit(&v, BLK_WRITE, BEHIND);
	outcome(&v);
	EQ((unsigned)-EFBIG, (unsigned)last);
	log_text[0] = 0;
	EQ(BLK_REPORT, machine_drive_failed(v.m->drives, BLK_READ, -ENOSPC));
	EQ(BLK_REPORT, machine_drive_failed(v.m->drives, BLK_FLUSH, -EIO));
	EQ(BLK_STOP, machine_drive_failed(v.m->drives, BLK_FLUSH, -ENOSPC));
	vm_turn(&v, 10);
	EQS("io-error", run_state_name(v.m->state));
	EQS("d0 read report 28;d0 write report 5;d0 write stop 28;STOP;", log_text);
	close_drive(&v);
}

/* What leads out of the disk is nobody's failure but the device's. */
TEST(nonsense_stops_nobody)
{
	struct vm v;

	open_drive(&v, ",werror=stop,rerror=stop");
	submit(&v, BLK_READ, 1 << 20);
	EQS("running", outcome(&v));
	EQ((unsigned)-EIO, (unsigned)last);
	EQS("", log_text);
	close_drive(&v);
}

TEST(many_failures_are_told_now_and_then)
{
	unsigned n = 0;
	struct vm v;

	open_drive(&v, "");
	log_text[0] = 0;
	for (unsigned i = 0; i < 1000; i++)
		machine_drive_failed(v.m->drives, BLK_READ, -EIO);
	for (char *p = log_text; *p; p++)
		n += *p == ';';
	EQ(10, n);
	close_drive(&v);
}

/* ---- seen by a guest's driver ---- */

static const char *with(const char *ways)
{
	static char args[400];

	snprintf(args, sizeof(args), "-nodefaults -drive file=%s,format=raw,werror=stop,id=d0%s",
		 bus_tmpfile(1 << 20), ways);
	return args;
}

static void says(struct guest *b, const char *command, const char *want)
{
	char text[100];
	const char *reply;

	snprintf(text, sizeof(text), "{\"execute\":\"%s\"}", command);
	reply = bus_qmp(b, text);
	if (!CHECK(strstr(reply, want)))
		NOTE("%s", reply);
}

static bool is_stopped(struct guest *b, void *arg)
{
	(void)arg;
	return strstr(bus_qmp(b, "{\"execute\":\"query-status\"}"), "io-error");
}

static bool is_ready(struct guest *b, void *arg)
{
	(void)arg;
	return !(ide_in(b, R_STATUS) & BSY);
}

static void start_write(struct guest *b, uint8_t byte)
{
	uint8_t sector[512];

	memset(sector, byte, sizeof(sector));
	ide_address(b, BEHIND / 512, 1);
	EQ(DRDY | DSC | DRQ, ide_command(b, 0x30));
	ide_words_out(b, sector, 256);
}

static void write_waits(struct guest *b)
{
	uint8_t sector[512];

	ide_start(b);
	limit(BEHIND);
	start_write(b, 0x77);
	CHECK(bus_wait(b, is_stopped, NULL));
	CHECK(ide_in(b, R_STATUS) & BSY);
	says(b, "query-block", "\"io-status\": \"failed\"");
	limit(RLIM_INFINITY);
	says(b, "cont", "return");
	says(b, "query-block", "\"io-status\": \"ok\"");
	CHECK(bus_wait(b, is_ready, NULL));
	EQ(DRDY | DSC, ide_in(b, R_STATUS));
	ide_address(b, BEHIND / 512, 1);
	ide_command(b, 0x20);
	ide_words_in(b, sector, 256);
	EQ(0x77, sector[0]);
	EQ(0x77, sector[511]);
}

TEST(write_that_waits)
{
	bus_run(false, with(""), write_waits);
}

/* A reset of the machine, or of the drive, forgets it. */
static void reset_forgets(struct guest *b)
{
	ide_start(b);
	limit(BEHIND);
	start_write(b, 0x66);
	CHECK(bus_wait(b, is_stopped, NULL));
	says(b, "system_reset", "return");
	says(b, "query-status", "prelaunch");
	says(b, "cont", "return");
	ide_out(b, R_DEVICE, 0xa0);
	CHECK(bus_wait(b, is_ready, NULL));
	says(b, "query-status", "running");
	start_write(b, 0x55);
	CHECK(bus_wait(b, is_stopped, NULL));
	bus_out(b, IDE0_CONTROL, 1, 4);
	bus_out(b, IDE0_CONTROL, 1, 0);
	limit(RLIM_INFINITY);
	says(b, "cont", "return");
	CHECK(bus_wait(b, is_ready, NULL));
	EQ(DRDY | DSC, ide_in(b, R_STATUS));
}

TEST(reset_of_a_write_that_waits)
{
	bus_run(false, with(""), reset_forgets);
}

/* The bus master is stopped meanwhile: the command ends, and with an error. */
static void abandoned(struct guest *b)
{
	const struct prd p = {IDE_MEM, 512};

	ide_start(b);
	limit(BEHIND);
	ide_prdt(b, &p, 1);
	ide_address(b, BEHIND / 512, 1);
	ide_out(b, R_COMMAND, 0xca);
	bus_out(b, IDE_BM, 1, BM_ACTIVE);
	CHECK(bus_wait(b, is_stopped, NULL));
	bus_out(b, IDE_BM, 1, 0);
	EQ(DRDY | ERR, ide_in(b, R_STATUS));
	limit(RLIM_INFINITY);
	says(b, "cont", "return");
	EQ(DRDY | ERR, ide_in(b, R_STATUS));
}

TEST(bus_master_stopped_while_it_waits)
{
	bus_run(false, with(""), abandoned);
}
