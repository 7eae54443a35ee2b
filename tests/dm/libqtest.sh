#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# hvm-dm as QEMU's libqtest starts it: by a name that ends in the architecture, through sh, both
# sockets listening already, -accel last; asked on both, ended by SIGTERM with status 0.
set -eu
command -v python3 >/dev/null || { echo "no python3"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for arch in x86_64 i386; do
	ln -s "$(realpath "$BUILD/bin/hvm-dm")" "$dir/qemu-system-$arch"
done
cat >"$dir/client.py" <<'PY'
import json, os, signal, socket, subprocess, sys
program, where = sys.argv[1:]

def listener(name):
    s = socket.socket(socket.AF_UNIX)
    s.bind(name)
    s.listen(1)
    s.settimeout(20)
    return s

class Line:
    def __init__(self, sock):
        self.sock, self.rest = sock, b""
        sock.settimeout(20)
    def line(self):
        while b"\n" not in self.rest:
            more = self.sock.recv(1024)
            assert more, "hung up"
            self.rest += more
        one, self.rest = self.rest.split(b"\n", 1)
        return one.decode()

levels = {}
def ask(q, text, words=1):
    q.sock.sendall((text + "\n").encode())
    while True:
        got = q.line().split(" ")
        if got[0] != "IRQ":
            break
        levels[int(got[2], 0)] = got[1] == "raise"
    assert got[0] == "OK" and len(got) >= words, (text, got)
    return got

def qmp(m, command, **arguments):
    m.sock.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
    events = []
    while True:
        v = json.loads(m.line())
        if "event" not in v:
            return v, events
        events.append(v["event"])

def start(extra):
    for name in ("t", "m"):
        if os.path.exists(where + "/" + name):
            os.unlink(where + "/" + name)
    ls = [listener(where + "/t"), listener(where + "/m")]
    p = subprocess.Popen(["/bin/sh", "-c", "exec %s -qtest unix:%s/t -qtest-log /dev/null "
        "-chardev socket,path=%s/m,id=char0 -mon chardev=char0,mode=control -display none "
        "%s -accel qtest" % (program, where, where, extra)],
        env=dict(os.environ, QEMU_AUDIO_DRV="none"))
    q, m = [Line(s.accept()[0]) for s in ls]
    assert ask(q, "endianness", 2)[1] == "little"
    assert "QMP" in json.loads(m.line())
    assert qmp(m, "qmp_capabilities")[0] == {"return": {}}
    return p, q, m

def stop(p):
    p.send_signal(signal.SIGTERM)
    assert p.wait(30) == 0, p.returncode

p, q, m = start("-machine pc")
assert qmp(m, "query-status")[0]["return"]["status"] == "running"
ask(q, "outb 0x70 0x0f")
ask(q, "outb 0x71 0x5a")
assert int(ask(q, "inb 0x71", 2)[1], 0) == 0x5a
ask(q, "writel 0x100000 0x12345678")
assert int(ask(q, "readw 0x100002", 2)[1], 0) == 0x1234
ask(q, "write 0x2000 0x3 0xa1b2c3")
assert ask(q, "read 0x2000 0x3", 2)[1] == "0xa1b2c3"
ask(q, "b64write 0x3000 0x4 cXRlcw==")
assert ask(q, "b64read 0x3000 0x4", 2)[1] == "cXRlcw=="
ask(q, "memset 0x3000 0x4 0x77")
assert ask(q, "read 0x3000 0x4", 2)[1] == "0x77777777"
ask(q, "irq_intercept_in ioapic")
assert int(ask(q, "clock_step 1000000", 2)[1], 0) == 1000000
ask(q, "outb 0x70 0x0a")        # 32.768 kHz base, 1 s period
ask(q, "outb 0x71 0x2f")
ask(q, "outb 0x70 0x0b")
ask(q, "outb 0x71 0x42")        # periodic interrupt on
assert not levels.get(8)
ask(q, "clock_step 1000000000", 2)
assert levels[8], levels
ask(q, "outb 0x70 0x0c")
ask(q, "inb 0x71", 2)
ask(q, "inb 0x0", 2)
assert not levels[8], levels
now = int(ask(q, "clock_step", 2)[1], 0)   # to the next timer
assert int(ask(q, "clock_set %d" % (now + 5), 2)[1], 0) >= now + 5
reply, events = qmp(m, "system_reset")
while "RESET" not in events:
    events.append(json.loads(m.line())["event"])
reply = qmp(m, "human-monitor-command", **{"command-line": "info version"})[0]
assert reply["return"].endswith("\r\n"), reply
stop(p)

# What suites and wrappers say that changes nothing here.
for extra in ("-nodefaults -machine none", "-M pc-i440fx-7.2 -audiodev none,id=audio0 -vga none "
              "-net none -no-user-config -machine accel=qtest -S -monitor none -parallel none",
              "-machine pc,accel=tcg -cpu qemu64,apic-id=0 -m 64"):
    stop(start(extra)[0])

p, q, m = start("-machine none")
machines = qmp(m, "query-machines")[0]["return"]
names = [x["name"] for x in machines] + [x.get("alias") for x in machines]
assert "pc" in names and "pc-i440fx-7.2" in names and "none" in names, names
assert [x["name"] for x in machines if x.get("is-default")] == ["pc-i440fx-7.2"], machines
types = qmp(m, "qom-list-types", implements="device", abstract=False)[0]["return"]
assert {"rtl8139", "ide-hd", "ide-cd", "isa-serial"} <= {t["name"] for t in types}
reply, events = qmp(m, "quit")
assert reply == {"return": {}}
assert p.wait(30) == 0

r = subprocess.run([program, "-machine", "q35", "-accel", "qtest"], capture_output=True, text=True)
assert r.returncode == 1 and "q35" in r.stderr and "pc" in r.stderr, r
r = subprocess.run([program, "-machine", "help"], capture_output=True, text=True)
assert r.returncode == 0 and "pc-i440fx" in r.stdout and "none" in r.stdout, r
PY
for arch in x86_64 i386; do
	python3 "$dir/client.py" "$dir/qemu-system-$arch" "$dir"
done
