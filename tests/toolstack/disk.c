/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disks as people write them; each also as libxlutil reads it, where that is installed. */
#include "toolstack/disk.h"

#include "base/util.h"
#include "tests/test.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* target format vdev access kind script, or NULL: refused; xl_takes: libxlutil is less strict */
static const struct {
	const char *spec, *want, *said;
	bool xl_takes;
} rows[] = {
	{"/x,raw,hda,w", "/x raw hda w disk", NULL, 0},
	{"/x,,hda", "/x raw hda w disk", NULL, 0},
	{"/x,qcow2,hdb", "/x qcow2 hdb w disk", NULL, 0},
	{" /x, raw,hda,  w", "/x raw hda w disk", NULL, 0},
	{"/x,raw,hda,w,", "/x raw hda w disk", NULL, 0},
	{"/x,vhd,hda,ro", "/x vpc hda r disk", NULL, 0},
	{"/x,raw,xvdc,rw", "/x raw xvdc w disk", NULL, 0},
	{"/x.iso,,hdc,cdrom", "/x.iso raw hdc r cdrom", NULL, 0},
	{"cdrom,/x,raw,hdc,w", "/x raw hdc r cdrom", NULL, 0},
	{",,hdc:cdrom,r", "- empty hdc r cdrom", NULL, 0},
	{"vdev=hdc,devtype=cdrom", "- empty hdc r cdrom", NULL, 0},
	{"format=qcow2,vdev=hda,access=rw,target=/a,b,c", "/a,b,c qcow2 hda w disk", NULL, 0},
	{"vdev=hda,/x", "/x raw hda w disk", NULL, 0},
	{"/x,format=raw,hda,w", "/x raw hda w disk", NULL, 0},
	{"/x,vdev=hda,raw,w", "/x raw hda w disk", NULL, 0},
	{"/x,vdev=hda,w", NULL, "'w' in '/x,vdev=hda,w' is no format: raw, qcow, qcow2, vhd or qed",
	 0},
	{"/x,raw,hda,w,access=r", "/x raw hda r disk", NULL, 0},
	{"/x,raw,hda,w,discard,no-discard,direct-io-safe", "/x raw hda w disk", NULL, 0},
	{"/x,raw,hda,w,script=block-foo", "/x raw hda w disk block-foo", NULL, 0},
	{"phy:/dev/vg/a,hda,w", "/dev/vg/a raw hda w disk", NULL, 0},
	{"phy:x:y,hda,w", "x:y raw hda w disk", NULL, 0},
	{"file:/x.iso,hdc:cdrom,r", "/x.iso raw hdc r cdrom", NULL, 0},
	{"file:,hdc:cdrom,r", "- empty hdc r cdrom", NULL, 0},
	{"file:/x,ioemu:hda,w", "/x raw hda w disk", NULL, 0},
	{"tap:aio:/x,hda,w", "/x raw hda w disk", NULL, 0},
	{"tap2:qcow2:/x,xvda,w", "/x qcow2 xvda w disk", NULL, 0},
	{"tap2:tapdisk:aio:/x,hda,w", "/x raw hda w disk", NULL, 0},
	{"nbd:h,hda,w", "h raw hda w disk block-nbd", NULL, 0},
	{"/x", NULL, "'/x' does not say which disk of the guest (vdev) it is", 0},
	{"", NULL, "'' does not say which disk of the guest (vdev) it is", 0},
	{"/x,hda,w", NULL, "'hda' in '/x,hda,w' is no format: raw, qcow, qcow2, vhd or qed", 0},
	{"/x,RAW,hda", NULL, "'RAW' in '/x,RAW,hda' is no format: raw, qcow, qcow2, vhd or qed", 0},
	{"/x,raw,hda,!", NULL, "'!' in '/x,raw,hda,!' is no way to access a disk: r or w", 0},
	{"/x,raw,hda,w,foo=1", NULL, "'foo=1' in '/x,raw,hda,w,foo=1' is nothing that a disk has",
	 0},
	{"/x,raw,hda,w,foo", NULL,
	 "'foo' in '/x,raw,hda,w,foo': the target, the format, the device and the access stand "
	 "before it already",
	 0},
	{"/x,raw,hda,r,target=/y", NULL, "the target is given twice in '/x,raw,hda,r,target=/y'",
	 0},
	{"/x,raw,hda,vdev=hdb", NULL, "the device (vdev) is given twice in '/x,raw,hda,vdev=hdb'",
	 0},
	{"raw:qcow2:/x,hda,w", NULL, "the format is given twice in 'raw:qcow2:/x,hda,w'", 0},
	{"/x,raw,hdc:floppy,r", NULL,
	 "':floppy' in '/x,raw,hdc:floppy,r' is no kind of disk: cdrom or disk", 0},
	{"devtype=tape,vdev=hda,target=/x", NULL,
	 "devtype=tape in 'devtype=tape,vdev=hda,target=/x': disk or cdrom", 0},
	{"/x,raw,hda,w,backendtype=none", NULL,
	 "backendtype=none in '/x,raw,hda,w,backendtype=none': phy, tap, qdisk or standalone", 0},
	{",raw,hda,w", NULL, "',raw,hda,w' does not say what is on the disk (target)", 1},
	{"format=empty,vdev=hda", NULL,
	 "'format=empty,vdev=hda' does not say what is on the disk (target)", 0},
	{"/x,raw,hde,w", NULL,
	 "'hde' in '/x,raw,hde,w' is no disk of a guest: hda to hdd, xvda to xvdz", 1},
	{"/x,raw,hda1,w", NULL,
	 "'hda1' in '/x,raw,hda1,w' is no disk of a guest: hda to hdd, xvda to xvdz", 1},
	{"/x,raw,floppy,w", NULL,
	 "'floppy' in '/x,raw,floppy,w' is no disk of a guest: hda to hdd, xvda to xvdz", 1},
};

TEST_EACH(row, ARRAY_SIZE(rows), rows[i].spec)
{
	struct err e = {""};
	struct disk d;
	char got[200];
	int rc = disk_parse(&d, rows[i].spec, &e);

	EQ(rows[i].want ? 0 : -EINVAL, rc);
	EQS(rows[i].said ? rows[i].said : "", e.msg);
	snprintf(got, sizeof(got), "%s %s %s %s %s%s%s", d.target ? d.target : "-",
		 disk_format_name(d.format), d.vdev, d.writable ? "w" : "r",
		 d.cdrom ? "cdrom" : "disk", d.script ? " " : "", d.script ? d.script : "");
	if (!rc)
		EQS(rows[i].want, got);
	disk_free(&d);
}

TEST(numbers)
{
	struct disk d;

	OK(disk_parse(&d, "/x,,hdd", NULL));
	EQ(DISK_IDE, d.bus);
	EQ(3, d.number);
	disk_free(&d);
	OK(disk_parse(&d, "/x,,xvdz", NULL));
	EQ(DISK_XEN, d.bus);
	EQ(25, d.number);
	disk_free(&d);
	OK(disk_parse(&d, "/x,,sdp,discard", NULL));
	EQ(DISK_SCSI, d.bus);
	EQ(15, d.number);
	EQ(1, d.discard);
	CHECK(!d.old);
	disk_free(&d);
	OK(disk_parse(&d, "phy:/x,hda", NULL));
	CHECK(d.old);
	EQ(-1, d.discard);
	disk_free(&d);
}

#if __has_include(<libxlutil.h>)
#include <libxlutil.h>

static const char *their_format(libxl_disk_format f)
{
	switch (f) {
	case LIBXL_DISK_FORMAT_QCOW:
		return "qcow";
	case LIBXL_DISK_FORMAT_QCOW2:
		return "qcow2";
	case LIBXL_DISK_FORMAT_VHD:
		return "vpc";
	case LIBXL_DISK_FORMAT_QED:
		return "qed";
	case LIBXL_DISK_FORMAT_EMPTY:
		return "empty";
	default:
		return "raw";
	}
}

static void as_text(char *out, size_t size, const libxl_device_disk *d)
{
	bool empty = d->format == LIBXL_DISK_FORMAT_EMPTY;

	snprintf(out, size, "%s %s %s %s %s%s%s", empty ? "-" : d->pdev_path,
		 their_format(d->format), d->vdev, d->readwrite ? "w" : "r",
		 d->is_cdrom ? "cdrom" : "disk", d->script ? " " : "", d->script ? d->script : "");
}

TEST(as_libxlutil)
{
	void *lib = dlopen("libxlutil.so", RTLD_NOW), *xl = dlopen("libxenlight.so", RTLD_NOW);
	int (*parse)(XLU_Config *, int, const char *const *, libxl_device_disk *);
	void (*init)(libxl_device_disk *), (*dispose)(libxl_device_disk *);
	XLU_Config *(*open)(FILE *, const char *);
	void (*close)(XLU_Config *);
	FILE *quiet = fopen("/dev/null", "w");
	XLU_Config *c;

	if (!lib || !xl)
		SKIP("no libxlutil (libxen-dev)");
	*(void **)&parse = dlsym(lib, "xlu_disk_parse");
	*(void **)&open = dlsym(lib, "xlu_cfg_init");
	*(void **)&close = dlsym(lib, "xlu_cfg_destroy");
	*(void **)&init = dlsym(xl, "libxl_device_disk_init");
	*(void **)&dispose = dlsym(xl, "libxl_device_disk_dispose");
	MUST(parse && open && close && init && dispose && quiet);
	c = open(quiet, "f");
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		libxl_device_disk d;
		char got[200];
		int rc;

		NOTE("%s", rows[i].spec);
		init(&d);
		rc = parse(c, 1, &rows[i].spec, &d);
		EQ(!rows[i].want && !rows[i].xl_takes, !!rc);
		if (!rc && rows[i].want) {
			as_text(got, sizeof(got), &d);
			EQS(rows[i].want, got);
		}
		dispose(&d);
	}
	close(c);
	fclose(quiet);
}
#endif
