/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/toolstack/vif_up.c: cards on bridges in a network namespace, by our script and by Xen's
 * own (Debian's xen-utils-common, unpacked), and cards that get no tap.
 */
#include "toolstack/vif_up.h"

#include "base/util.h"
#include "net/net.h"
#include "tests/test.h"
#include "tests/toolstack/store_run.h"
#include "toolstack/publish.h"
#include "toolstack/vif_script.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DOMID 5

struct world {
	struct store_run run;
	struct xs *x;
	struct cfg c;
	struct guest g;
	struct vif_link l;
	char dir[32]; /* of what is unpacked or written for the test */
	struct err e;
};

/* ---- the world */

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	MUST(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* As root of a user's own namespace, where we are not root. */
static void become_root(void)
{
	char user[32], group[32];

	snprintf(user, sizeof(user), "0 %u 1", geteuid());
	snprintf(group, sizeof(group), "0 %u 1", getegid());
	if (unshare(CLONE_NEWUSER) < 0)
		SKIP("no user namespaces here");
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/uid_map", user);
	write_file("/proc/self/gid_map", group);
}

/* A network of our own, that scripts see, too; and the folder that Xen's scripts log to. */
static void enter_network(void)
{
	int fd;

	if (geteuid())
		become_root();
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		SKIP("no network namespaces here");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		SKIP("no mounts of our own here (a chroot?)");
	OK(mount("sysfs", "/sys", "sysfs", 0, NULL));
	OK(mount("tmpfs", "/var/log", "tmpfs", 0, NULL));
	OK(mkdir("/var/log/xen", 0700));
	fd = open("/dev/net/tun", O_RDWR);
	if (fd < 0)
		SKIP("no /dev/net/tun here");
	close(fd);
}

static int sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int sh(const char *fmt, ...)
{
	char command[512];
	va_list ap;
	int status;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void begin(struct world *w, const char *vif)
{
	char cfg[600];

	memset(w, 0, sizeof(*w));
	strcpy(w->dir, "/tmp/hvm-vif-XXXXXX");
	MUST(mkdtemp(w->dir));
	w->run = store_run_new(NULL, 0);
	w->x = xs_open(w->run.path, NULL);
	MUST(w->x);
	snprintf(cfg, sizeof(cfg), "name='a'\nmemory=64\nvif=['mac=00:16:3e:00:00:01%s%s']\n",
		 *vif ? "," : "", vif);
	OK(cfg_read(&w->c, "g.cfg", cfg, strlen(cfg), &w->e));
	OK(guest_read(&w->g, &w->c, NULL, &w->e));
	EQS("", w->e.msg);
}

static int up(struct world *w)
{
	struct publish_runtime r = {.domid = DOMID, .uuid = "u"};

	OK(publish_all(w->x, &w->g, &r, NULL));
	return vif_up(w->x, &w->g, 0, DOMID, -1, &w->l, &w->e);
}

static void end(struct world *w)
{
	xs_close(w->x);
	guest_free(&w->g);
	cfg_free(&w->c);
	store_run_free(&w->run);
	EQ(0, sh("rm -r '%s'", w->dir));
}

static const char *node(struct world *w, const char *name)
{
	static char path[128], text[XS_TEXT];

	snprintf(path, sizeof(path), VIF_BACKEND "/%u/0/%s", DOMID, name);
	return xs_read(w->x, path, text, NULL) ? "(none)" : text;
}

/* ---- the scripts */

/* What configure wrote. */
static bool setting(const char *name, char value[PATH_MAX])
{
	char line[PATH_MAX + 40];
	FILE *f = fopen("config.mk", "r");
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = !strncmp(line, name, strlen(name)) &&
			sscanf(line + strlen(name), " := %4095[^\n]", value) == 1;
	if (f)
		fclose(f);
	return found;
}

enum { OURS, XENS, SCRIPTS };
static const char *const scripts[] = {"ours", "xen's"};

/* Where the usual script is found from now on. */
static void use(struct world *w, int which)
{
	static char folder[PATH_MAX];
	char deb[PATH_MAX];

	if (which == OURS) {
		MUST(realpath("toolstack/scripts", folder));
	} else {
		if (!setting("DEB_XEN", deb) || access(deb, R_OK))
			SKIP("no xen-utils-common (./configure --install-deps)");
		EQ(0, sh("dpkg-deb -x '%s' '%s'", deb, w->dir));
		snprintf(folder, sizeof(folder), "%s/etc/xen/scripts", w->dir);
	}
	vif_script_folder = folder;
	if (sh("command -v ip >/dev/null"))
		SKIP("no ip (iproute2)");
	if (sh("command -v xenstore-read >/dev/null"))
		SKIP("no xenstore-read (xenstore-utils)");
}

static void add_bridge(const char *name, unsigned mtu)
{
	OK(sh("ip link add %s type bridge", name));
	OK(sh("ip link set %s up mtu %u", name, mtu));
}

static bool is_port(const char *name, const char *bridge)
{
	return sh("ip link show master %s 2>&1 | grep -q ' %s: .*UP'", bridge, name) == 0;
}

static bool has_mtu(const char *name, unsigned mtu)
{
	return sh("ip link show %s | grep -q ' mtu %u '", name, mtu) == 0;
}

/* ---- a frame of the guest's arrives at the bridge */

static void sends_a_frame(int tap, const char *bridge)
{
	static const uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,    0x16,
					  0x3e, 0,    0,    1,    0x88, 0xb5, 0x77, 0x66};
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(0x88b5));
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_protocol = htons(0x88b5),
				 .sll_ifindex = (int)if_nametoindex(bridge)};
	struct pollfd p = {.fd = s, .events = POLLIN};
	struct loop *l = loop_new(NULL);
	uint8_t got[100];
	char opts[40];
	struct netdev *n;

	OK(bind(s, (struct sockaddr *)&at, sizeof(at)));
	snprintf(opts, sizeof(opts), "tap,id=n0,fd=%d", dup(tap));
	n = net_open(l, opts, NULL);
	MUST(n);
	net_send(n, frame, sizeof(frame));
	EQ(1, poll(&p, 1, 5000));
	EQ((int)sizeof(frame), recv(s, got, sizeof(got), 0));
	EQM(frame, got, sizeof(frame));
	net_close(n);
	loop_free(l);
	close(s);
}

/* ---- taps */

TEST_EACH(on_a_bridge, SCRIPTS, scripts[i])
{
	struct world w;

	begin(&w, "bridge=br7");
	enter_network();
	use(&w, (int)i);
	add_bridge("br7", 1400);
	OK(up(&w));
	EQS("", w.e.msg);
	EQ(VIF_TAP, w.l.kind);
	EQS("vif5.0-emu", w.l.name);
	EQS("", w.l.why);
	CHECK(is_port("vif5.0-emu", "br7"));
	CHECK(has_mtu("vif5.0-emu", 1400));
	EQS("connected", node(&w, VIF_STATUS));
	EQS("(none)", node(&w, "hotplug-error"));
	sends_a_frame(w.l.fd, "br7");
	vif_down(w.x, DOMID, 0, -1, &w.l);
	EQ(-1, w.l.fd);
	EQ(0, if_nametoindex("vif5.0-emu"));
	EQS("(none)", node(&w, VIF_STATUS));
	OK(publish_remove(w.x, DOMID, NULL));
	EQS("(none)", node(&w, "bridge"));
	EQ(0, if_nametoindex("vif5.0-emu"));
	end(&w);
}

TEST_EACH(named_and_sized, SCRIPTS, scripts[i])
{
	struct world w;

	begin(&w, "bridge=br7,vifname=web,mtu=1300");
	enter_network();
	use(&w, (int)i);
	add_bridge("br7", 1500);
	OK(up(&w));
	EQS("", w.e.msg);
	EQS("web-emu", w.l.name);
	CHECK(is_port("web-emu", "br7"));
	CHECK(has_mtu("web-emu", 1300));
	vif_down(w.x, DOMID, 0, -1, &w.l);
	EQ(0, if_nametoindex("web-emu"));
	end(&w);
}

TEST_EACH(bridge_that_is_not_there, SCRIPTS, scripts[i])
{
	struct world w;

	begin(&w, "bridge=br9");
	enter_network();
	use(&w, (int)i);
	EQ(-EIO, up(&w));
	CHECK(!strncmp(w.e.msg, "network card 0: script ", 23));
	CHECK(strstr(w.e.msg, "/vif-bridge add ended with status 1: "));
	CHECK(strstr(w.e.msg, "Could not find bridge device br9"));
	NOTE("%s", w.e.msg);
	EQ(-1, w.l.fd);
	EQ(0, if_nametoindex("vif5.0-emu"));
	EQS("(none)", node(&w, VIF_STATUS));
	end(&w);
}

/* Its supervisor and its hvm-dm are dead: the tap has gone with them, the script ends the rest. */
TEST_EACH(swept, SCRIPTS, scripts[i])
{
	struct world w;

	begin(&w, "");
	enter_network();
	use(&w, (int)i);
	add_bridge("xenbr0", 1500); /* libxl's own choice */
	OK(up(&w));
	CHECK(is_port("vif5.0-emu", "xenbr0"));
	vif_sweep(w.x, 6, -1); /* another's */
	EQS("connected", node(&w, VIF_STATUS));
	close(w.l.fd);
	vif_sweep(w.x, DOMID, -1);
	EQS("(none)", node(&w, VIF_STATUS));
	EQS("xenbr0", node(&w, "bridge"));
	vif_sweep(w.x, DOMID, -1);
	end(&w);
}

TEST(name_that_is_taken)
{
	struct world w;

	begin(&w, "bridge=br7");
	enter_network();
	use(&w, OURS);
	add_bridge("br7", 1500);
	OK(sh("ip tuntap add vif5.0-emu mode tap"));
	EQ(-EBUSY, up(&w));
	EQS("network card 0: cannot make the interface vif5.0-emu: Device or resource busy",
	    w.e.msg);
	CHECK(if_nametoindex("vif5.0-emu")); /* whose it is */
	end(&w);
}

/* ---- a script of one's own */

static void own_script(struct world *w, const char *lines)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/own", w->dir);
	free(w->g.vifs[0].script);
	w->g.vifs[0].script = strdup(path);
	f = fopen(path, "w");
	MUST(f);
	fprintf(f, "#!/bin/sh\necho \"$1 $2 $INTERFACE [$netdev]\" >>%s/ran\n%s\n", w->dir, lines);
	fclose(f);
	OK(chmod(path, 0755));
}

static void ran(struct world *w, const char *want)
{
	char path[64], text[600];
	FILE *f;

	snprintf(path, sizeof(path), "%s/ran", w->dir);
	f = fopen(path, "r");
	MUST(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	EQS(want, text);
}

/* It is asked for, so there need be no bridge, and it says nothing into the store. */
TEST(script_of_ones_own)
{
	struct world w;

	begin(&w, "gatewaydev=eth3");
	enter_network();
	own_script(&w, ":");
	OK(up(&w));
	EQ(VIF_TAP, w.l.kind);
	EQS("connected", node(&w, VIF_STATUS));
	vif_down(w.x, DOMID, 0, -1, &w.l);
	ran(&w, "add type_if=tap vif5.0-emu [eth3]\nremove type_if=tap vif5.0-emu [eth3]\n");
	vif_down(w.x, DOMID, 0, -1, &w.l); /* once */
	ran(&w, "add type_if=tap vif5.0-emu [eth3]\nremove type_if=tap vif5.0-emu [eth3]\n");
	end(&w);
}

/* What it began is undone by its remove. */
TEST(script_that_fails)
{
	struct world w;

	begin(&w, "");
	enter_network();
	own_script(&w, "[ $1 = remove ] || { echo out of luck; exit 7; }");
	EQ(-EIO, up(&w));
	CHECK(strstr(w.e.msg, "/own add ended with status 7: out of luck"));
	ran(&w, "add type_if=tap vif5.0-emu []\nremove type_if=tap vif5.0-emu []\n");
	EQ(VIF_NONE, w.l.kind);
	EQ(0, if_nametoindex("vif5.0-emu"));
	end(&w);
}

TEST(script_that_says_so_in_the_store)
{
	struct world w;

	begin(&w, "");
	enter_network();
	use(&w, OURS);
	own_script(&w, "xenstore-write $XENBUS_PATH/hotplug-error 'no way' "
		       "$XENBUS_PATH/hotplug-status error");
	EQ(-EIO, up(&w));
	CHECK(strstr(w.e.msg, "/own add: no way"));
	end(&w);
}

TEST(script_that_is_not_there)
{
	struct world w;

	begin(&w, "script=vif-none");
	enter_network();
	vif_script_folder = "/nowhere/x";
	EQ(-ENOENT, up(&w));
	CHECK(!strncmp(w.e.msg, "network card 0: no script vif-none, neither in /nowhere/x", 57));
	EQ(0, if_nametoindex("vif5.0-emu"));
	end(&w);
}

/* ---- no tap */

TEST(no_rights)
{
	struct world w;

	begin(&w, "bridge=br7");
	if (!geteuid())
		OK(seteuid(65534)); /* its capabilities go as well */
	OK(up(&w));
	EQ(VIF_USER, w.l.kind);
	EQ(-1, w.l.fd);
	CHECK(!strncmp(w.l.why, "network card 0 has the user-mode network: cannot ", 49));
	EQS("", w.e.msg);
	EQS("(none)", node(&w, VIF_STATUS));
	vif_down(w.x, DOMID, 0, -1, &w.l);
	vif_sweep(w.x, DOMID, -1);
	OK(seteuid(getuid()));
	end(&w);
}

TEST(no_bridge)
{
	struct world w;

	begin(&w, "");
	enter_network();
	OK(up(&w));
	EQ(VIF_USER, w.l.kind);
	EQS("network card 0 has the user-mode network: no bridge is named, and there is no xenbr0",
	    w.l.why);
	EQ(0, if_nametoindex("vif5.0-emu"));
	end(&w);
}

TEST(not_emulated)
{
	struct world w;

	begin(&w, "type=vif");
	OK(up(&w));
	EQ(VIF_NONE, w.l.kind);
	EQ(-1, w.l.fd);
	EQS("network card 0 is left out: type=vif is for Xen's own drivers", w.l.why);
	end(&w);
}

/* Killed while the guest ran: nothing is known of scripts any more, the tap goes all the same. */
TEST(store_gone)
{
	struct world w;

	begin(&w, "");
	enter_network();
	own_script(&w, ":");
	OK(up(&w));
	store_run_kill(&w.run);
	vif_down(w.x, DOMID, 0, -1, &w.l);
	EQ(0, if_nametoindex("vif5.0-emu"));
	ran(&w, "add type_if=tap vif5.0-emu []\n");
	xs_close(w.x);
	w.x = NULL;
	vif_down(NULL, DOMID, 0, -1, NULL);
	end(&w);
}
