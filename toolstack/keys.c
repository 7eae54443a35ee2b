/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/keys.c: each key of xl.cfg(5), Xen 4.17, that an HVM guest's configuration may hold,
 * and what becomes of it here. docs/xl.cfg-support.md is printed from this table.
 *
 * Tests: tests/toolstack/guest.c, tests/toolstack/keys.sh
 */
#include "toolstack/keys.h"

#include "base/util.h"
#include "toolstack/guest.h"

#define AT(member) offsetof(struct guest, member)
#define TEXT(key, member, ...)                                             \
	{                                                                  \
		key, KEY_TEXT, KEY_WORKS, AT(member), 0, 0, 0, __VA_ARGS__ \
	}
#define LIST(key, member, ...)                                             \
	{                                                                  \
		key, KEY_LIST, KEY_WORKS, AT(member), 0, 0, 0, __VA_ARGS__ \
	}
#define BOOL(key, member, d, ...)                                          \
	{                                                                  \
		key, KEY_BOOL, KEY_WORKS, AT(member), d, 0, 1, __VA_ARGS__ \
	}
#define NUMBER(key, member, d, lo, hi, ...)                                    \
	{                                                                      \
		key, KEY_NUMBER, KEY_WORKS, AT(member), d, lo, hi, __VA_ARGS__ \
	}
#define CHOICE(key, member, d, ...)                                          \
	{                                                                    \
		key, KEY_CHOICE, KEY_WORKS, AT(member), d, 0, 0, __VA_ARGS__ \
	}
#define ONLY(key, word)                                            \
	{                                                          \
		key, KEY_CHOICE, KEY_WORKS, NOWHERE, 0, 0, 0, word \
	}
#define NOTED(key, ...)                                                \
	{                                                              \
		key, KEY_ANY, KEY_NOTED, NOWHERE, 0, 0, 0, __VA_ARGS__ \
	}
/* … whose value is looked at all the same */
#define NOTED_AT(key, kind, member, d, lo, hi, ...)                      \
	{                                                                \
		key, kind, KEY_NOTED, AT(member), d, lo, hi, __VA_ARGS__ \
	}
#define REFUSED(key, ...)                                                \
	{                                                                \
		key, KEY_ANY, KEY_REFUSED, NOWHERE, 0, 0, 0, __VA_ARGS__ \
	}
#define OLD(key, ...)                                                \
	{                                                            \
		key, KEY_ANY, KEY_OLD, NOWHERE, 0, 0, 0, __VA_ARGS__ \
	}

#define ACTIONS \
	"destroy|restart|rename-restart|preserve|coredump-destroy|coredump-restart|soft-reset"
#define LOTS 1000000000l

/* clang-format off */
const struct key keys[] = {
	/* ---- who it is ---- */
	TEXT("name", name, "must be there"),
	TEXT("uuid", uuid, "made at random when it is not given"),
	ONLY("type", "hvm"),
	{"builder", KEY_CHOICE, KEY_OLD, NOWHERE, 0, 0, 0, "hvm"},
	NOTED("pool", "there is one pool of processors"),
	NOTED("seclabel", "no Xen security module"),
	NOTED("init_seclabel", "no Xen security module"),
	/* ---- processors and memory ---- */
	NUMBER("vcpus", vcpus, 1, 1, 128, ""),
	NOTED_AT("maxvcpus", KEY_NUMBER, maxvcpus, 0, 1, 128,
		 "processors beyond vcpus are not plugged in later"),
	NUMBER("memory", memory, 0, 1, LOTS, "MiB; must be there"),
	NUMBER("maxmem", maxmem, 0, 1, LOTS,
	       "MiB; the guest has all of it, there is no ballooning"),
	NOTED("cpus", "the host's scheduler places processors"),
	NOTED("cpus_soft", "the host's scheduler places processors"),
	NOTED("cpu_weight", "the host's scheduler shares processors"),
	NOTED("cap", "the host's scheduler shares processors"),
	NOTED("shadow_memory", "there is no shadow memory to size"),
	NOTED("iommu_memory", "there is no IOMMU"),
	NOTED("vnuma", "the guest has one node of memory"),
	NUMBER("mmio_hole", mmio_hole, 0, 256, 3840, "MiB below 4 GiB for devices"),
	TEXT("cpuid", cpuid,
	     "a processor model of hvm-core's -cpu; host, xl's policy, is the usual one"),
	TEXT("hvm_accel", accel, "ours: what hvm-core's -accel says, \"soft,tier=translate\""),
	NOTED("claim_mode", "memory is taken when the guest is made"),
	/* ---- what starts ---- */
	TEXT("boot", boot, "a floppy, c disk, d CD-ROM, n network"),
	TEXT("kernel", kernel, "a Linux kernel; …hvmloader is taken for none"),
	TEXT("ramdisk", ramdisk, ""),
	TEXT("cmdline", cmdline, ""),
	TEXT("root", root, "put into the kernel's command line"),
	TEXT("extra", extra, "put into the kernel's command line"),
	ONLY("bios", "seabios"),
	REFUSED("bios_path_override", "the firmware is Debian's SeaBIOS"),
	REFUSED("firmware_override", "the firmware is Debian's SeaBIOS"),
	REFUSED("firmware", "there is no UEFI: SeaBIOS alone"),
	/* ---- the machine ---- */
	BOOL("acpi", acpi, 1, ""),
	NOTED("apic", "the machine has its APICs; a kernel can be told noapic"),
	NOTED("hpet", "the machine has its HPET; a kernel can be told hpet=disable"),
	BOOL("localtime", localtime, 0, ""),
	NUMBER("rtc_timeoffset", rtc_timeoffset, 0, -LOTS, LOTS, "seconds"),
	NOTED_AT("xen_platform_pci", KEY_BOOL, xen_platform_pci, 1, 0, 1, "no device of Xen's"),
	NOTED("acpi_s3", "the chipset has S3 as its tables say"),
	NOTED("acpi_s4", "the chipset has S4 as its tables say"),
	NOTED("acpi_laptop_slate", "no such switch"),
	REFUSED("acpi_firmware", "no tables of others"),
	REFUSED("smbios_firmware", "no tables of others"),
	NOTED("pae", "processors have PAE as their model does"),
	NOTED("nx", "processors have NX as their model does"),
	NOTED("viridian", "no Hyper-V interfaces"),
	NOTED("tsc_mode", "the TSC runs with the guest's time"),
	NOTED("timer_mode", "timers follow the guest's time"),
	NOTED("vpt_align", "timers follow the guest's time"),
	NOTED("hap", "the core chooses"),
	NOTED("oos", "the core chooses"),
	NOTED("nestedhvm", "no virtualization in the guest"),
	NOTED("altp2m", "no alternate memory maps"),
	NOTED("altp2mhvm", "no alternate memory maps"),
	NOTED("ms_vm_genid", "no generation id"),
	NOTED("vendor_device", "no device for Xen's drivers"),
	NOTED("max_grant_frames", "no grants"),
	NOTED("max_maptrack_frames", "no grants"),
	NOTED("max_grant_version", "no grants"),
	NOTED("max_event_channels", "no event channels"),
	NOTED("xend_suspend_evtchn_compat", "no event channels"),
	NOTED("vmtrace_buf_kb", "no tracing by the processor"),
	NOTED("passthrough", "no devices of the host"),
	NOTED("driver_domain", "no driver domains"),
	NOTED("nomigrate", "no migration yet"),
	/* ---- disks and network ---- */
	LIST("disk", disk_specs, "xl-disk-configuration(5); hda to hdd and xvda to xvdd"),
	ONLY("hdtype", "ide"),
	LIST("vif", vif_specs,
	     "xl-network-configuration(5): a tap on bridge= (xenbr0) by script=, as root; else the "
	     "user-mode network, said. type=vif is left out and rate does nothing, said"),
	REFUSED("netif", "vif is its name"),
	REFUSED("vtpm", "no TPM"),
	REFUSED("p9", "no 9pfs"),
	REFUSED("pvcalls", "no paravirtual devices"),
	REFUSED("vdispl", "no paravirtual devices"),
	REFUSED("vsnd", "no paravirtual devices"),
	REFUSED("channel", "no paravirtual consoles"),
	NOTED("vkb", "the keyboard is PS/2 or USB"),
	NOTED("vkb_device", "the keyboard is PS/2 or USB"),
	NOTED("vfb", "an HVM guest's screen is set by vnc, sdl and their like"),
	/* ---- screen ---- */
	CHOICE("vga", vga, VGA_CIRRUS, "cirrus|stdvga|none|qxl"),
	{"stdvga", KEY_BOOL, KEY_OLD, AT(stdvga), 0, 0, 1, "vga=\"stdvga\""},
	NUMBER("videoram", videoram, 0, 1, 256, "MiB"),
	BOOL("vnc", vnc, 1, ""),
	TEXT("vnclisten", vnclisten, "127.0.0.1 if not given; ADDRESS or ADDRESS:DISPLAY"),
	TEXT("vncpasswd", vncpasswd, ""),
	NUMBER("vncdisplay", vncdisplay, 0, 0, 59635, ""),
	BOOL("vncunused", vncunused, 1, "the first free display from vncdisplay on"),
	{"vncconsole", KEY_BOOL, KEY_OLD, AT(vncconsole), 0, 0, 1, "hvm create -V"},
	{"vncviewer", KEY_BOOL, KEY_OLD, AT(vncconsole), 0, 0, 1, "hvm create -V"},
	BOOL("sdl", sdl, 0, "without DISPLAY and WAYLAND_DISPLAY VNC alone, said"),
	NOTED("opengl", "the window is drawn without OpenGL"),
	NOTED("display", "the window goes where DISPLAY of the caller says"),
	NOTED("xauthority", "the window goes where XAUTHORITY of the caller says"),
	NOTED_AT("nographic", KEY_BOOL, nographic, 0, 0, 1,
		 "vnc=0 is enough, a window is opened for sdl=1 alone"),
	TEXT("keymap", keymap, ""),
	REFUSED("spice", "no SPICE: VNC"),
	NOTED("spicehost", "no SPICE"),
	NOTED("spiceport", "no SPICE"),
	NOTED("spicetls_port", "no SPICE"),
	NOTED("spicedisable_ticketing", "no SPICE"),
	NOTED("spicepasswd", "no SPICE"),
	NOTED("spiceagent_mouse", "no SPICE"),
	NOTED("spicevdagent", "no SPICE"),
	NOTED("spice_clipboard_sharing", "no SPICE"),
	NOTED("spiceusbredirection", "no SPICE"),
	NOTED("spice_image_compression", "no SPICE"),
	NOTED("spice_streaming_video", "no SPICE"),
	/* ---- other devices ---- */
	LIST("serial", serial, "a text or a list: pty, stdio, file:PATH, none, …"),
	BOOL("usb", usb, 0, ""),
	LIST("usbdevice", usbdevice, "a text or a list: tablet, mouse, keyboard"),
	NUMBER("usbversion", usbversion, 0, 1, 3, "1 alone: UHCI"),
	REFUSED("usbctrl", "no paravirtual USB"),
	REFUSED("usbdev", "no devices of the host"),
	NOTED("soundhw", "no sound card yet"),
	REFUSED("pci", "no devices of the host"),
	NOTED("pci_permissive", "no devices of the host"),
	NOTED("pci_msitranslate", "no devices of the host"),
	NOTED("pci_seize", "no devices of the host"),
	NOTED("pci_power_mgmt", "no devices of the host"),
	REFUSED("gfx_passthru", "no devices of the host"),
	NOTED("rdm", "no devices of the host"),
	NOTED("rdm_mem_boundary", "no devices of the host"),
	REFUSED("ioports", "no ports of the host"),
	REFUSED("iomem", "no memory of the host"),
	REFUSED("irqs", "no interrupts of the host"),
	REFUSED("dtdev", "no devices of the host"),
	/* ---- what happens when ---- */
	CHOICE("on_poweroff", on_poweroff, ACTION_DESTROY, ACTIONS),
	CHOICE("on_reboot", on_reboot, ACTION_RESTART, ACTIONS),
	CHOICE("on_crash", on_crash, ACTION_DESTROY, ACTIONS),
	NOTED("on_watchdog", "no watchdog device"),
	NOTED("on_soft_reset", "only a kernel for Xen asks for it"),
	/* ---- the device model ---- */
	NOTED("device_model_version", "the device model is hvm-dm"),
	OLD("device_model", "the device model is hvm-dm"),
	NOTED_AT("device_model_override", KEY_TEXT, dm_override, 0, 0, 0,
		 "hvm-dm runs; create -n prints it"),
	LIST("device_model_args", dm_args, ""),
	LIST("device_model_args_hvm", dm_args_hvm, ""),
	NOTED("device_model_args_pv", "for PV guests"),
	NOTED("device_model_user", "each process has what rights it needs: --jail"),
	NOTED_AT("dm_restrict", KEY_BOOL, dm_restrict, 0, 0, 1, "hvm-dm always is: --jail"),
	REFUSED("device_model_stubdomain_override", "no stub domains"),
	NOTED("device_model_stubdomain_seclabel", "no stub domains"),
	REFUSED("stubdomain_kernel", "no stub domains"),
	REFUSED("stubdomain_ramdisk", "no stub domains"),
	REFUSED("stubdomain_cmdline", "no stub domains"),
	NOTED("stubdomain_memory", "no stub domains"),
	/* ---- PV guests' ---- */
	REFUSED("bootloader", "for PV guests: the type is hvm"),
	REFUSED("bootloader_args", "for PV guests: the type is hvm"),
	NOTED("e820_host", "for PV guests"),
	NOTED("pvh", "for PVH guests"),
	NOTED("pvshim", "for PVH guests"),
	NOTED("event_channels", "no event channels"),
};
/* clang-format on */
const unsigned n_keys = ARRAY_SIZE(keys);
