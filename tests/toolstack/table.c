/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/toolstack/table.c: the columns are those of xl 4.17. */
#include "toolstack/table.h"

#include "tests/test.h"

static const char *printed(const struct table *t, json_t *rows)
{
	static char text[2048];
	FILE *f = fmemopen(text, sizeof(text), "w");

	MUST(f && rows);
	if (t)
		table_print(t, rows, f);
	else
		table_print_json(rows, f);
	fclose(f);
	json_decref(rows);
	return text;
}

static json_t *guest(const char *name)
{
	return json_pack("{ss si si si ss sf ss sn ss}", "name", name, "domid", 12, "mem", 2048,
			 "vcpus", 2, "state", "-b----", "time", 1234.56, "uuid",
			 "9a3b7c1e-0000-4000-8000-001122334455", "reason", "label", "-");
}

TEST(list)
{
	EQS("Name                                        ID   Mem VCPUs\tState\tTime(s)\n"
	    "web                                         12  2048     2     -b----    1234.6\n",
	    printed(&table_list, json_pack("[o]", guest("web"))));
	/* A long name pushes the rest on, as with xl. */
	EQS("Name                                        ID   Mem VCPUs\tState\tTime(s)\n"
	    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop    12  2048     2     -b----    1234.6\n",
	    printed(&table_list,
		    json_pack("[o]", guest("abcdefghijklmnopqrstuvwxyzabcdefghijklmnop"))));
	EQS("Name                                        ID   Mem VCPUs\tState\tTime(s)\n",
	    printed(&table_list, json_array()));
}

TEST(list_verbose)
{
	EQS("Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID"
	    "                            Reason-Code\tSecurity Label\n"
	    "web                                         12  2048     2     -b----    1234.6"
	    " 9a3b7c1e-0000-4000-8000-001122334455        -                -\n",
	    printed(&table_list_verbose, json_pack("[o]", guest("web"))));
}

TEST(vcpus)
{
	EQS("Name                                ID  VCPU   CPU State   Time(s) "
	    "Affinity (Hard / Soft)\n"
	    "web                                 12     0     3   -b-        0.1  all / all\n",
	    printed(&table_vcpus,
		    json_pack("[{ss si si si ss sf ss}]", "name", "web", "domid", 12, "vcpu", 0,
			      "cpu", 3, "state", "-b-", "time", 0.125, "affinity", "all / all")));
}

TEST(blocks)
{
	EQS("Vdev  BE  handle state evt-ch ring-ref BE-path                       \n"
	    "768   0   12     1     -1     -1       /local/domain/0/backend/qdisk/12/768\n",
	    printed(&table_blocks, json_pack("[{si si si si si si ss}]", "vdev", 768, "backend", 0,
					     "handle", 12, "state", 1, "evtch", -1, "rref", -1,
					     "path", "/local/domain/0/backend/qdisk/12/768")));
}

TEST(networks)
{
	EQS("Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref BE-path"
	    "                       \n"
	    "0   0  00:16:3e:11:22:33     0     1     -1    -1/-1          "
	    "/local/domain/0/backend/vif/12/0\n",
	    printed(&table_networks,
		    json_pack("[{si si ss si si si si si ss}]", "idx", 0, "backend", 0, "mac",
			      "00:16:3e:11:22:33", "handle", 0, "state", 1, "evtch", -1, "tx", -1,
			      "rx", -1, "path", "/local/domain/0/backend/vif/12/0")));
}

TEST(json)
{
	EQS("[\n    {\n        \"domid\": 1,\n        \"time\": 0.5\n    }\n]\n",
	    printed(NULL, json_pack("[{si sf}]", "domid", 1, "time", 0.5)));
}

TEST(durations)
{
	static const struct {
		unsigned long s;
		const char *with, *without;
	} rows[] = {
		{0, " 0:00:00", " 0:00"},
		{3599, " 0:59:59", " 0:59"},
		{36061, "10:01:01", "10:01"},
		{86400, "1 day,  0:00:00", "1 day,  0:00"},
		{3 * 86400 + 7384, "3 days,  2:03:04", "3 days,  2:03"},
	};
	char text[40];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EQS(rows[i].with, table_duration(rows[i].s, 1, text));
		EQS(rows[i].without, table_duration(rows[i].s, 0, text));
	}
	EQS("Name                                ID Uptime\n"
	    "web                                 12  0:59:59\n",
	    printed(&table_uptime,
		    json_pack("[{ss si ss}]", "name", "web", "domid", 12, "uptime", " 0:59:59")));
}
