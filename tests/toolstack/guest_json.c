/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/toolstack/guest_json.c: a configuration in libxl's JSON. */
#include "toolstack/guest_json.h"

#include "base/util.h"
#include "tests/test.h"

static const char config[] =
	"name=\"web\"\nuuid=\"11111111-2222-3333-4444-555555555555\"\nmemory=512\nvcpus=2\n"
	"vga=\"stdvga\"\nvideoram=16\nvnc=1\nvnclisten=\"0.0.0.0\"\nvncdisplay=3\nboot=\"dc\"\n"
	"serial=\"pty\"\nkeymap=\"de\"\nusbdevice=\"tablet\"\non_crash=\"preserve\"\n"
	"disk=[\"/a b.img,qcow2,hda,w\",\"/x.iso,raw,hdc,cdrom\",\",raw,hdd,cdrom\"]\n"
	"vif=[\"mac=00:16:3e:00:00:01,bridge=br0,model=e1000\"]\n";

/* At a path of names and numbers. */
static const json_t *at(const json_t *v, const char *path)
{
	char name[64];

	for (; *path && v; path += strspn(path, "/")) {
		size_t n = strcspn(path, "/");

		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		v = json_is_array(v) ? json_array_get(v, strtoul(name, NULL, 10))
				     : json_object_get(v, name);
		path += n;
	}
	return v;
}

static const struct {
	const char *path, *text; /* as JSON */
} rows[] = {
	{"domid", "7"},
	{"config/c_info/type", "\"hvm\""},
	{"config/c_info/name", "\"web\""},
	{"config/c_info/uuid", "\"11111111-2222-3333-4444-555555555555\""},
	{"config/b_info/max_vcpus", "2"},
	{"config/b_info/avail_vcpus", "[0,1]"},
	{"config/b_info/max_memkb", "524288"},
	{"config/b_info/target_memkb", "524288"},
	{"config/b_info/video_memkb", "16384"},
	{"config/b_info/localtime", "\"False\""},
	{"config/b_info/kernel", NULL},
	{"config/b_info/type.hvm/acpi", "\"True\""},
	{"config/b_info/type.hvm/mmio_hole_memkb", NULL},
	{"config/b_info/type.hvm/boot", "\"dc\""},
	{"config/b_info/type.hvm/keymap", "\"de\""},
	{"config/b_info/type.hvm/vga", "{\"kind\":\"std\"}"},
	{"config/b_info/type.hvm/vnc/enable", "\"True\""},
	{"config/b_info/type.hvm/vnc/listen", "\"0.0.0.0\""},
	{"config/b_info/type.hvm/vnc/display", "3"},
	{"config/b_info/type.hvm/vnc/passwd", NULL},
	{"config/b_info/type.hvm/sdl", "{\"enable\":\"False\"}"},
	{"config/b_info/type.hvm/serial_list", "[\"pty\"]"},
	{"config/b_info/type.hvm/usbdevice_list", "[\"tablet\"]"},
	{"config/disks/0/pdev_path", "\"/a b.img\""},
	{"config/disks/0/vdev", "\"hda\""},
	{"config/disks/0/format", "\"qcow2\""},
	{"config/disks/0/readwrite", "1"},
	{"config/disks/0/is_cdrom", "0"},
	{"config/disks/1/readwrite", "0"},
	{"config/disks/1/is_cdrom", "1"},
	{"config/disks/2/pdev_path", NULL},
	{"config/disks/2/format", "\"empty\""},
	{"config/disks/3", NULL},
	{"config/nics/0/devid", "0"},
	{"config/nics/0/mac", "\"00:16:3e:00:00:01\""},
	{"config/nics/0/model", "\"e1000\""},
	{"config/nics/0/bridge", "\"br0\""},
	{"config/nics/0/nictype", "\"vif_ioemu\""},
	{"config/on_poweroff", "\"destroy\""},
	{"config/on_reboot", "\"restart\""},
	{"config/on_crash", "\"preserve\""},
};

TEST(libxls_shape)
{
	struct guest g = {.name = NULL};
	struct err e = {""};
	struct cfg cfg = {0};
	json_t *all;

	OK(cfg_read(&cfg, "web.cfg", config, strlen(config), &e));
	OK(guest_read(&g, &cfg, NULL, &e));
	EQS("", e.msg);
	all = guest_json(&g, 7);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const json_t *v = at(all, rows[i].path);
		char *text = v ? json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

		NOTE("%s", rows[i].path);
		EQS(rows[i].text ? rows[i].text : "-", text ? text : "-");
		free(text);
	}
	json_decref(all);
	guest_free(&g);
	cfg_free(&cfg);
}
