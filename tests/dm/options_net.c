/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -nic, -net and -object filter-dump: their text, and the machine that comes of it. */
#include "base/util.h"
#include "dm/options.h"
#include "tests/hw/bus.h"
#include "tests/test.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct machine_config c;

static void good(const char *text)
{
	struct err e = {""};

	NOTE("%s", text);
	EQ(OPTIONS_RUN, options_parse_text(&c, text, &e));
	EQS("", e.msg);
}

static void refused(const char *text, const char *sentence)
{
	struct err e = {""};

	NOTE("%s", text);
	CHECK(options_parse_text(&c, text, &e) < 0);
	EQS(sentence, e.msg);
	config_free(&c);
}

TEST(nic)
{
	good("-nic user,model=rtl8139,mac=52:54:00:00:00:01,hostfwd=tcp::1-:2,hostfwd=tcp::3-:4 "
	     "-nic tap,id=t0,ifname=a,,b");
	EQ(2, c.n_nics);
	EQS("rtl8139", c.nics[0].model);
	EQS("52:54:00:00:00:01", c.nics[0].mac);
	EQS("#net0", c.nics[0].netdev);
	EQS("t0", c.nics[1].netdev);
	CHECK(!c.nics[1].model && !c.nics[1].old);
	EQ(2, c.netdevs.n);
	EQS("user,id=#net0,hostfwd=tcp::1-:2,hostfwd=tcp::3-:4", c.netdevs.v[0]);
	EQS("tap,id=t0,ifname=a,,b", c.netdevs.v[1]);
	CHECK(c.net_given);
	config_free(&c);
	good("-nic none");
	CHECK(c.net_given && !c.n_nics && !c.netdevs.n);
	config_free(&c);
	good("-nic model=e1000");
	EQS("user,id=#net0", c.netdevs.v[0]);
	config_free(&c);
	refused("-nic user,model=ne2k_pci",
		"-nic: model=ne2k_pci: no such NIC (model=help lists them)");
	refused("-nic mac=1", "-nic mac=1: lacks the type: user, tap, socket or none");
}

TEST(net)
{
	good("-net nic,model=e1000,macaddr=52:54:00:00:00:02 -net user,hostname=h "
	     "-net nic,netdev=x -net socket,name=s,fd=5");
	EQ(2, c.n_nics);
	CHECK(c.nics[0].old && !c.nics[0].netdev);
	CHECK(!c.nics[1].old);
	EQS("x", c.nics[1].netdev);
	EQ(2, c.old_nets.n);
	EQS("user,id=#hub0,hostname=h", c.netdevs.v[0]);
	EQS("socket,id=s,fd=5", c.netdevs.v[1]);
	config_free(&c);
	refused("-net nic,mac=1", "-net: no such key 'mac'");
}

TEST(filter_dump)
{
	good("-object filter-dump,id=f,netdev=n,file=/x");
	EQ(1, c.dumps.n);
	config_free(&c);
	refused("-object filter-dump,id=f,netdev=n", "-object filter-dump: lacks file=");
	refused("-object rng-random,id=f", "-object rng-random,id=f: only filter-dump exists");
}

/* ---- machines */

static int wire = -1;

static const char *with_socket(const char *text)
{
	static char args[300];
	int sv[2];

	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv));
	wire = sv[0];
	snprintf(args, sizeof(args), text, sv[1]);
	return args;
}

BUS_TEST(nic_in_a_machine, with_socket("-nodefaults -nic socket,id=n0,fd=%d,model=rtl8139"))
{
	const char *s;

	CHECK(bus_find_pci(b, 0x10ec8139) > 0);
	EQ(-1, bus_find_pci(b, 0x8086100e));
	s = bus_qmp(b, "{\"execute\":\"human-monitor-command\",\"arguments\":"
		       "{\"command-line\":\"info network\"}}");
	CHECK(strstr(s, "model=rtl8139,macaddr=52:54:00:12:34:56"));
	CHECK(strstr(s, "n0: index=0"));
}

BUS_TEST(old_words_in_a_machine, with_socket("-nodefaults -net nic -net socket,fd=%d"))
{
	CHECK(bus_find_pci(b, 0x8086100e) > 0);
	CHECK(strstr(bus_qmp(b, "{\"execute\":\"human-monitor-command\",\"arguments\":"
				"{\"command-line\":\"info network\"}}"),
		     "#hub0: index=0"));
}

BUS_TEST(default_nic, "-display none -vga none")
{
	CHECK(bus_find_pci(b, 0x8086100e) > 0);
}

BUS_TEST(no_default_nic, "-display none -vga none -nic none")
{
	EQ(-1, bus_find_pci(b, 0x8086100e));
}
