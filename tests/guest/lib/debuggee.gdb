# SPDX-License-Identifier: GPL-2.0-or-later
# What tests/guest/gdb.sh has gdb do with lib/debuggee.c, stopped before its first instruction. Lines
# that begin with "T" are compared with debuggee.want.
set pagination off
set confirm off
set width 0
hbreak debuggee
continue
printf "T hardware breakpoint: %d\n", $pc >= (long)debuggee && $pc < (long)debuggee + 12
delete
break work
continue
printf "T breakpoint: n %d, called by debuggee %d\n", n, *(long *)($rbp + 8) > (long)debuggee
printf "T memory: %02x %02x %02x, read as one %lx\n", pattern[0], pattern[1], pattern[7], *(long *)&pattern
printf "T registers: cs %x, protected and paging %x, flags %x\n", $cs, $cr0 & 0x80000001, $eflags & 0x202
step
step
printf "T stepped into twice: n %d\n", n
finish
delete
watch counter
continue
printf "T watched: %d\n", counter
continue
printf "T watched: %d\n", counter
delete
rwatch rounds
continue
printf "T read watched, in debuggee: %d\n", $pc > (long)debuggee
delete
set $before = $pc
stepi
printf "T one instruction: %d\n", $pc > $before && $pc - $before < 16
set $before = $pc
stepi 3
printf "T three instructions: %d\n", $pc != $before
set var rounds = 6
printf "T written: %u\n", rounds
set $kept = $r12
set $r12 = 0x1122334455667788
stepi
printf "T register written: %lx\n", $r12
set $r12 = $kept
break work if n == 4
continue
printf "T conditional: n %d, counter %d\n", n, counter
delete
detach
