/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dm/machine.h: one guest's machine as this process has it: the core (embedded,
 * or a remote one), the devices on the board, their back ends, its run state.
 * Monitors, qtest and main drive it; everything here runs on the loop's thread.
 */
#ifndef DM_MACHINE_H
#define DM_MACHINE_H
#include "base/dev_owner.h"
#include "base/loop.h"
#include "block/blk.h"
#include "char/chr.h"
#include "dm/machine_config.h"
#include "hypervisor/public/hv.h"
#include "net/net.h"
#include "ui/input.h"

struct board;   /* dm/board.h: what surrounds the device model's devices */
struct display; /* ui/display.h */
struct domain;
struct gdb;
struct firmware; /* dm/machine_firmware.c */
struct kernel;   /* dm/machine_kernel.c */
struct machine;
struct note;
struct qtest;
struct vcpus;
struct sdl; /* ui/sdl.h */
struct vnc; /* ui/vnc.h */
struct vnc_peer;

/* ---- run state ---- */
enum run_state { RUN_PRELAUNCH, RUN_RUNNING, RUN_PAUSED, RUN_SHUTDOWN, RUN_IO_ERROR };
const char *run_state_name(enum run_state s); /* QMP's: "prelaunch", … */

/* ---- what monitors tell their clients ---- */
enum machine_event_type {
	EVENT_STOP,
	EVENT_RESUME,
	EVENT_RESET,
	EVENT_POWERDOWN,
	EVENT_SHUTDOWN,
	EVENT_DEVICE_DELETED,
	EVENT_DEVICE_TRAY_MOVED,
	EVENT_RTC_CHANGE,
	EVENT_VNC_CONNECTED,
	EVENT_VNC_INITIALIZED,
	EVENT_VNC_DISCONNECTED,
	EVENT_BLOCK_IO_ERROR,
};
struct machine_event {
	enum machine_event_type type;
	bool guest;         /* RESET, SHUTDOWN: the guest asked */
	const char *reason; /* RESET, SHUTDOWN: "guest-reset", "host-qmp-quit", … */
	const char *device; /* id, or drive id; NULL = none (DEVICE_DELETED of an unnamed one) */
	const char *path;   /* QOM path, "/machine/peripheral/x" */
	bool tray_open;
	const struct vnc_peer *viewer; /* VNC_* */
	/* BLOCK_IO_ERROR */
	bool read;
	enum blk_answer answer;
	int error; /* -errno */
};
struct machine_listener { /* the caller's storage */
	void (*fn)(void *arg, const struct machine_event *ev);
	void *arg;
	struct machine_listener *next;
};
void machine_listen(struct machine *m, struct machine_listener *l);
void machine_unlisten(struct machine *m, struct machine_listener *l); /* safe inside fn */
void machine_notify(struct machine *m, const struct machine_event *ev);

/* ---- back ends, by name; each has one user at most ---- */
struct chr_slot {
	struct chr *chr;
	struct dev *user; /* the device that holds it, or NULL … */
	bool monitor;     /* … and a monitor or qtest */
	struct chr_slot *next;
};
struct net_slot {
	struct netdev *net;
	struct dev *user;
	struct net_slot *next;
};

struct display_slot {
	struct display *display;
	struct dev *user;
	struct display_slot *next;
};

struct machine {
	const struct machine_config *cfg;
	struct loop *loop;
	struct clock *clock; /* the virtual one */
	struct domain *dom;  /* the embedded core; NULL with a remote one */
	struct hv *hv;       /* NULL with -machine none */
	struct board *board;
	struct dev_env *env; /* the board's: the device model's devices */
	struct drive *drives;
	struct chr_slot *chrs;
	struct net_slot *nets;
	struct display_slot *displays;      /* the first one is the console */
	struct display *no_display;         /* an empty one for VNC; NULL = not needed */
	struct vnc *vnc;                    /* NULL without -vnc */
	struct sdl *sdl;                    /* the window; NULL = none … */
	struct machine_listener on_stopped; /* … else what its title follows */
	struct input *input;                /* keyboards and pointers */
	struct input_source monitors;       /* what QMP and HMP hold down */
	struct typist *typist;              /* NULL: nothing was typed yet */
	uint8_t e820[40];                   /* RAM, as fw_cfg has it … */
	uint8_t hpets[121];                 /* … and HPETs */
	struct firmware *firmware;
	struct kernel *kernel; /* NULL without -kernel */
	bool has_rom;          /* a system ROM */
	struct qtest *qtest;   /* NULL without -qtest */
	struct gdb *gdb;       /* NULL without -gdb */
	struct vcpus *vcpus;   /* NULL: no engine runs here */
	struct note *notes;    /* dm/machine_device.c */
	bool complete;         /* devices from here on are hot-plugged */
	enum run_state state;
	struct machine_listener *listeners, *next_listener;
	int exit_status; /* of the process, once the loop has ended */
	/* Asked for, carried out by machine_requests (dm/machine.c). */
	struct {
		bool debug; /* debug_vcpu met what a debugger waits for */
		unsigned debug_vcpu;
		bool reset, cpu_reset, shutdown, quit, guest, powerdown, exit, io_error;
		const char *reason;
		struct defer defer;
	} want;
	void (*power_button)(struct machine *m); /* NULL while there is none */
};

/*
 * Builds everything that cfg says: core, board, back ends, devices, monitors, qtest; leaves it in
 * prelaunch (-S) or running. cfg and l outlive it. NULL and a sentence on failure.
 */
struct machine *machine_new(const struct machine_config *cfg, struct loop *l, struct err *e);
/* The two halves of that: between them no thread and no guest runs, and all that options name has
 * been opened. */
struct machine *machine_build(const struct machine_config *cfg, struct loop *l, struct err *e);
int machine_start(struct machine *m, struct err *e);
void machine_free(struct machine *m); /* NULL is fine */

/* The device lock. The loop holds it in callbacks; others take it round whatever they do here. */
void machine_lock(struct machine *m);
void machine_unlock(struct machine *m);

/* ---- life; all emit their events ---- */
int machine_stop(struct machine *m); /* running → paused, drives drained; else nothing */
int machine_cont(struct machine *m, struct err *e); /* prelaunch, paused, io-error → running */
void machine_powerdown(struct machine *m);          /* the ACPI power button */
/* These are carried out by machine_requests, at the next turn of the loop at the latest.
 * reason: QAPI's ShutdownCause: "host-qmp-quit", "host-qmp-system-reset", "host-signal", … */
void machine_want_reset(struct machine *m, bool guest, const char *reason);
void machine_want_shutdown(struct machine *m, bool guest,
			   const char *reason);           /* -no-shutdown holds */
void machine_quit(struct machine *m, const char *reason); /* the process ends whatever was said */
void machine_requests(struct machine *m);

/* ---- devices ---- */
/* -device and device_add: `o` has "driver", optional "id", "bus", and properties. Hot when the
 * machine is complete. NULL and a sentence on failure. */
struct dev *machine_device_add(struct machine *m, const struct opts *o, struct err *e);
/* id or QOM path. DEVICE_DELETED comes when it is gone (today at once). */
int machine_device_del(struct machine *m, const char *id, struct err *e);
/* "/machine/peripheral/ID", "/machine/peripheral-anon/device[N]", else under unattached/ */
void machine_qom_path(struct machine *m, const struct dev *d, char *buf, size_t len);
struct dev *machine_qom_find(struct machine *m, const char *path); /* those, or a bare id */

/* ---- back ends ---- */
struct drive *machine_drive(struct machine *m, const char *id); /* drive id, or its device's id */
struct chr_slot *machine_chr(struct machine *m, const char *id);
struct net_slot *machine_net(struct machine *m, const char *id);
/* chardev-add, -chardev: text for chr_open. NULL and a sentence. */
struct chr_slot *machine_chr_add(struct machine *m, const char *opts, struct err *e);
int machine_chr_remove(struct machine *m, const char *id, struct err *e);
struct net_slot *machine_net_add(struct machine *m, const char *opts, struct err *e);
int machine_net_remove(struct machine *m, const char *id, struct err *e);
/* QMP's eject: opens the tray and takes the medium; a locked tray asks the guest unless force. */
int machine_eject(struct machine *m, struct drive *d, bool force, struct err *e);
/* Opens the tray (a locked one as above) or shuts it; the medium stays. */
int machine_tray(struct machine *m, struct drive *d, bool open, bool force, struct err *e);
/* blockdev-change-medium. readonly: "retain" (NULL), "read-only", "read-write". */
int machine_change_medium(struct machine *m, struct drive *d, const char *file, const char *format,
			  const char *readonly, bool force, struct err *e);

/* ---- the display and keyboard: -ENOTSUP and a sentence while there are none ---- */
/* That of a device's id or QOM path; NULL: the console. NULL and a sentence. */
struct display *machine_display(struct machine *m, const char *device, struct err *e);
/* For main: shows the console as QEMU would when neither -display nor -vnc says how, in a window
 * if there is a desktop, else by VNC on this host; and says where. */
void machine_show(struct machine *m);
int machine_screendump(struct machine *m, const char *device, unsigned head, const char *file,
		       const char *format, struct err *e);
/* keys: evdev codes, pressed in order and lifted in reverse, hold_ms after each. */
int machine_send_key(struct machine *m, const uint8_t *keys, unsigned n, unsigned hold_ms,
		     struct err *e);
/* UTF-8 by the layout of -k; *waiting: keys to be typed, those of earlier texts too. */
int machine_type_text(struct machine *m, const char *text, unsigned hold_ms, unsigned *waiting,
		      struct err *e);

/* ---- state: core and device model in one stream, the machine stopped meanwhile ---- */
int machine_save(struct machine *m, struct dev_stream *s, struct err *e);
int machine_load(struct machine *m, const uint8_t *data, size_t len, struct err *e);

/*
 * Monitors say what they are here (constructors of dm/qmp.c, dm/hmp.c); -mon and -qmp open them.
 * They detach by themselves when the machine goes (close_all).
 */
struct monitor_type {
	const char *mode; /* "control", "readline" */
	int (*open)(struct machine *m, struct chr *c, bool pretty, struct err *e);
	void (*close_all)(struct machine *m);
	struct monitor_type *next;
};
void machine_monitor_type(struct monitor_type *t);
int machine_monitor_open(struct machine *m, const struct mon_config *c, struct err *e);
#endif
