/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From an xl.cfg to a guest and to libxl's command line for it. */
#include "toolstack/guest.h"

#include "base/util.h"
#include "tests/test.h"
#include "toolstack/keys.h"

#include <errno.h>
#include <stdlib.h>

struct box {
	struct cfg c;
	struct guest g;
	struct err e;
	char *said;
	size_t n_said;
	char args[4000];
};

static int take(struct box *b, const char *text)
{
	FILE *say;
	int rc;

	*b = (struct box){.said = NULL};
	say = open_memstream(&b->said, &b->n_said);
	rc = cfg_read(&b->c, "g.cfg", text, strlen(text), &b->e);
	if (!rc)
		rc = guest_read(&b->g, &b->c, say, &b->e);
	fclose(say);
	return rc;
}

static void drop(struct box *b)
{
	guest_free(&b->g);
	cfg_free(&b->c);
	free(b->said);
}

static const char *args(struct box *b)
{
	char **v = guest_args(&b->g, 1, "/path/to/dm");

	MUST(v);
	b->args[0] = '\0';
	for (char **p = v; *p; p++) {
		if (p != v)
			strcat(b->args, " ");
		strcat(b->args, *p);
	}
	guest_args_free(v);
	return b->args;
}

/* What libxl 4.17 was seen to make of this configuration (its sound card, which we have not). */
TEST(a_windows_guest_as_libxl_starts_it)
{
	struct box b;

	OK(take(&b, "name='win10'\ntype='hvm'\nmemory=2048\nvcpus=2\nmaxvcpus=4\nboot='dc'\n"
		    "vnclisten='0.0.0.0'\nvncdisplay=3\nvncpasswd='x'\nkeymap='de'\nvga='stdvga'\n"
		    "videoram=32\nserial='pty'\nusb=1\nusbdevice='tablet'\n"
		    "vif=['mac=00:16:3e:11:22:33,bridge=xenbr0,model=e1000',\n"
		    " 'mac=00:16:3e:11:22:34,bridge=xenbr1']\n"
		    "disk=['/srv/win.raw,raw,hda,rw','/srv/data.qcow2,qcow2,hdb,rw',\n"
		    " '/srv/win.iso,,hdc,cdrom','vdev=hdd,cdrom']\n"
		    "device_model_args_hvm=['-foo','bar']\n"));
	EQS("g.cfg:5: maxvcpus does nothing here: processors beyond vcpus are not plugged in "
	    "later\n",
	    b.said);
	EQS("/path/to/dm -xen-domid 1 -no-shutdown "
	    "-chardev socket,id=libxl-cmd,path=/var/run/xen/qmp-libxl-1,server=on,wait=off "
	    "-mon chardev=libxl-cmd,mode=control "
	    "-chardev socket,id=libxenstat-cmd,path=/var/run/xen/qmp-libxenstat-1,server=on,"
	    "wait=off -mon chardev=libxenstat-cmd,mode=control "
	    "-nodefaults -no-user-config -name win10 -vnc 0.0.0.0:3,password=on,to=99 "
	    "-display none -k de -serial pty -device VGA,vgamem_mb=32 -boot order=dc -usb "
	    "-usbdevice tablet -smp 2,maxcpus=4 "
	    "-device e1000,id=nic0,netdev=net0,mac=00:16:3e:11:22:33 "
	    "-netdev type=tap,id=net0,ifname=vif1.0-emu,br=xenbr0,script=no,downscript=no "
	    "-device rtl8139,id=nic1,netdev=net1,mac=00:16:3e:11:22:34 "
	    "-netdev type=tap,id=net1,ifname=vif1.1-emu,br=xenbr1,script=no,downscript=no "
	    "-machine xenfv,suppress-vmdesc=on -foo bar -m 2016 "
	    "-drive file=/srv/win.raw,if=ide,index=0,media=disk,format=raw,cache=writeback "
	    "-drive file=/srv/data.qcow2,if=ide,index=1,media=disk,format=qcow2,cache=writeback "
	    "-drive if=none,readonly=on,id=ide-5632,file=/srv/win.iso,format=raw "
	    "-device ide-cd,id=ide-5632,drive=ide-5632,bus=ide.1,unit=0 "
	    "-drive if=none,readonly=on,id=ide-5696 "
	    "-device ide-cd,id=ide-5696,drive=ide-5696,bus=ide.1,unit=1",
	    args(&b));
	drop(&b);
}

TEST(the_least_guest_as_libxl_starts_it)
{
	struct box b;

	OK(take(&b, "name='m'\nmemory=64\n"));
	CHECK(strstr(args(&b), " -name m -vnc 127.0.0.1:0,to=99 -display none -device "
			       "cirrus-vga,vgamem_mb=8 -boot order=cda -net none -machine "
			       "xenfv,suppress-vmdesc=on -m 56"));
	drop(&b);
}

TEST(a_kernel_and_a_window)
{
	struct box b;

	OK(take(&b, "name='k'\nmemory='0x100'\nkernel='/boot/vmlinuz'\nramdisk='/boot/initrd'\n"
		    "root='/dev/sda1 ro'\nextra='quiet'\nvnc=0\nsdl=1\nvga='none'\nacpi=0\n"
		    "mmio_hole=1024\nxen_platform_pci=0\nvif=['type=vif']\n"));
	CHECK(strstr(args(&b), " -vnc none -display none -display sdl -kernel /boot/vmlinuz "
			       "-initrd /boot/initrd -append root=/dev/sda1 ro quiet -boot "
			       "order=cda -no-acpi -net none -machine pc,accel=xen,suppress-vmdesc="
			       "on,max-ram-below-4g=3221225472 -m 256"));
	drop(&b);
}

/* A configuration for xend: each thing that is spelled otherwise today is said, and works. */
TEST(an_old_configuration)
{
	struct box b;

	OK(take(&b, "kernel = '/usr/lib/xen/boot/hvmloader'\nbuilder='hvm'\nmemory = 512\n"
		    "name = 'old'\nvif = [ 'type=ioemu, bridge=xenbr0' ]\n"
		    "disk = [ 'file:/x.img,ioemu:hda,w', 'phy:/dev/cdrom,hdc:cdrom,r' ]\n"
		    "device_model = '/usr/lib/xen/bin/qemu-dm'\nsdl=0\nvnc=1\nvncconsole=1\n"
		    "serial='pty'\nusbdevice='tablet'\nstdvga=1\nlocaltime=1\npae=1\n"));
	EQS("g.cfg:2: builder is an old spelling: hvm\n"
	    "g.cfg:7: device_model is an old spelling: the device model is "
	    "hvm-dm\n"
	    "g.cfg:10: vncconsole is an old spelling: hvm create -V\n"
	    "g.cfg:13: stdvga is an old spelling: vga=\"stdvga\"\n"
	    "g.cfg:15: pae does nothing here: processors have PAE as their model does\n"
	    "g.cfg:1: kernel names hvmloader: not needed, left out\n"
	    "g.cfg:6: disk: hda is spelled as of old: \"/x.img,raw,hda,rw\"\n"
	    "g.cfg:6: disk: hdc is spelled as of old: \"/dev/cdrom,raw,hdc,cdrom\"\n",
	    b.said);
	CHECK(!b.g.kernel);
	EQ(1, b.g.vncconsole);
	EQ(1, b.g.localtime);
	EQ(VGA_STD, b.g.vga);
	EQ(16, b.g.videoram);
	CHECK(strstr(args(&b), "-usb -usbdevice tablet"));
	drop(&b);
}

TEST(mac_addresses_are_the_guests_own)
{
	struct box a, b;

	OK(take(&a, "name='a'\nmemory=64\nvif=['','model=e1000']\n"));
	OK(take(&b, "name='b'\nmemory=64\nvif=['']\n"));
	CHECK(strstr(args(&a), "mac=00:16:3e:"));
	args(&b);
	CHECK(!strstr(a.args, strstr(b.args, "mac=")));
	EQ(2, a.g.n_vifs);
	CHECK(strncmp(strstr(a.args, "mac="), strstr(strstr(a.args, "id=nic1"), "mac="), 21));
	drop(&a);
	drop(&b);
}

TEST(actions)
{
	struct box b;

	OK(take(&b, "name='a'\nmemory=64\non_poweroff='preserve'\non_crash='rename-restart'\n"));
	EQ(ACTION_PRESERVE, b.g.on_poweroff);
	EQ(ACTION_RENAME_RESTART, b.g.on_crash);
	EQ(ACTION_RESTART, b.g.on_reboot);
	drop(&b);
}

#define BASE "name='a'\nmemory=64\n"
static const struct {
	const char *text, *said;
} wrong[] = {
	{"memory=64", "g.cfg: name is missing"},
	{"name='a'", "g.cfg: memory is missing"},
	{"name='a b'\nmemory=64", "g.cfg:1: name=\"a b\": no blanks, no '/'"},
	{"name='../a'\nmemory=64", "g.cfg:1: name=\"../a\": no blanks, no '/'"},
	{"name='17'\nmemory=64", "g.cfg:1: name=\"17\": 1 to 63 characters, not a number alone"},
	{"name='a'\nmemory='lots'", "g.cfg:2: memory=\"lots\": not a number"},
	{"name='a'\nmemory=[64]", "g.cfg:2: memory is a number, not a list"},
	{"name=['a']\nmemory=64", "g.cfg:1: name is a text, not a list"},
	{BASE "acpi=2", "g.cfg:3: acpi=2: from 0 to 1"},
	{BASE "vcpus=0", "g.cfg:3: vcpus=0: from 1 to 128"},
	{BASE "vcpus=4\nmaxvcpus=2", "g.cfg:3: vcpus=4: more than maxvcpus, 2"},
	{BASE "maxmem=32", "g.cfg:2: memory=64: more than maxmem, 32"},
	{BASE "type='pv'", "g.cfg:3: type=\"pv\": one of hvm"},
	{BASE "builder='linux'", "g.cfg:3: builder=\"linux\": one of hvm"},
	{BASE "vga='qxl'",
	 "g.cfg:3: vga=\"qxl\": no SPICE and no QXL card; stdvga has the same modes"},
	{BASE "vga='voodoo'", "g.cfg:3: vga=\"voodoo\": one of cirrus|stdvga|none|qxl"},
	{BASE "vga='stdvga'\nvideoram=8", "g.cfg:4: videoram=8: this adapter has 16 at least"},
	{BASE "boot='x'", "g.cfg:3: boot=\"x\": of the letters a, c, d and n"},
	{BASE "uuid='12'", "g.cfg:3: uuid=\"12\": not like 01234567-89ab-cdef-0123-456789abcdef"},
	{BASE "on_crash='explode'",
	 "g.cfg:3: on_crash=\"explode\": one of destroy|restart|rename-restart|preserve|"
	 "coredump-destroy|coredump-restart|soft-reset"},
	{BASE "usbversion=2", "g.cfg:3: usbversion=2: there is UHCI alone: 1"},
	{BASE "usbversion=1\nusb=1", "g.cfg:3: usbversion: not together with usb or usbdevice"},
	{BASE "pci=['01:00.0']", "g.cfg:3: pci: no devices of the host"},
	{BASE "spice=1", "g.cfg:3: spice: no SPICE: VNC"},
	{BASE "bootloader='pygrub'", "g.cfg:3: bootloader: for PV guests: the type is hvm"},
	{BASE "serial=[['pty']]", "g.cfg:3: serial holds texts, no lists"},
	{BASE "disk=['/a,raw,hda,w',\n'/b,raw,hda,w']",
	 "g.cfg:4: two disks are at one place: hda here, hda on line 3"},
	{BASE "disk=['/a,raw,hdc,w',\n\n'/b,raw,hdc,cdrom']",
	 "g.cfg:5: two disks are at one place: hdc here, hdc on line 3"},
	{BASE "disk=['/a,raw,xvda,w',\n'/b,raw,hda,w']",
	 "g.cfg:4: two disks are at one place: hda here, xvda on line 3"},
	{BASE "disk=['/a,raw,hda,w',\n'/b,raw']",
	 "g.cfg:4: '/b,raw' does not say which disk of the guest (vdev) it is"},
	{BASE "disk=['/a,raw,sda,w']", "g.cfg:3: sda: there is no SCSI controller: hda to hdd"},
	{BASE "disk=['/a,raw,hda,r']", "g.cfg:3: hda: an IDE disk cannot be read-only"},
	{BASE "disk=['/a,vhd,hda,w']", "g.cfg:3: hda: images are raw or qcow2 (hvm-img knows no "
				       "other either: qemu-img converts)"},
	{BASE "vif=['',\n'mac=1:2']", "g.cfg:4: mac=1:2: not like 00:16:3e:01:02:03"},
	{BASE "vif=['mac=01:16:3e:00:00:01']",
	 "g.cfg:3: mac=01:16:3e:00:00:01 is a group's address"},
	{BASE "vif=['model=ne2k_pci']", "g.cfg:3: model=ne2k_pci: rtl8139 or e1000"},
	{BASE "vif=['bridge']", "g.cfg:3: 'bridge': NAME=VALUE, parted by commas"},
	{BASE "vif=['wheels=4']", "g.cfg:3: wheels is nothing that a network card has"},
	{BASE "vif=['mtu=9']", "g.cfg:3: mtu=9: from 68 to 65535"},
	{BASE "vnclisten='0.0.0.0:1'\nvncdisplay=2",
	 "g.cfg:4: vncdisplay: vnclisten=\"0.0.0.0:1\" names the display already"},
};

TEST_EACH(refused, ARRAY_SIZE(wrong), wrong[i].said)
{
	struct box b;

	EQ(-EINVAL, take(&b, wrong[i].text));
	EQS(wrong[i].said, b.e.msg);
	drop(&b);
}

/* An empty list or a 0 asks for nothing that could be refused; what nobody knows is said. */
TEST(asked_for_nothing)
{
	struct box b;

	OK(take(&b, BASE "pci=[]\nspice=0\ngfx_passthru=0\nflavour='vanilla'\n"));
	EQS("g.cfg:6: flavour: no such setting is known; it does nothing\n", b.said);
	drop(&b);
}

/* Each of the table, given as often as it may be: read or refused with its place. */
TEST_EACH(key, n_keys, keys[i].name)
{
	static const char *const values[] = {"1", "0", "'x'", "[]", "['x']", "[['x']]"};
	char text[200];

	for (unsigned v = 0; v < ARRAY_SIZE(values); v++) {
		struct box b;
		int rc;

		snprintf(text, sizeof(text), "%s%s=%s",
			 !strcmp(keys[i].name, "name")     ? "memory=64\n\n"
			 : !strcmp(keys[i].name, "memory") ? "name='a'\n\n"
							   : BASE,
			 keys[i].name, values[v]);
		NOTE("%s", text);
		rc = take(&b, text);
		CHECK(!rc || (rc == -EINVAL && strstr(b.e.msg, "g.cfg:")));
		if (rc && strncmp(b.e.msg, "g.cfg: memory is", 16) &&
		    strncmp(b.e.msg, "g.cfg:2: memory=64: more", 24))
			CHECK(strstr(b.e.msg, "g.cfg:3: "));
		drop(&b);
	}
}
