# SPDX-License-Identifier: GPL-2.0-or-later
# What tests/guest/gdb.sh has gdb do with a running kernel of which it knows $uname and $jiffies,
# addresses of code that the shell reaches each second and of a variable that the timer counts.
set pagination off
set confirm off
set width 0
set architecture i386:x86-64
break *$uname
continue
printf "T at the system call: %d\n", $pc == $uname
printf "T in the kernel: cs %x, stack above %d\n", $cs, (long)$rsp < 0
delete
set $was = *(long *)$jiffies
watch *(long *)$jiffies
continue
printf "T counted: %d\n", *(long *)$jiffies > $was && *(long *)$jiffies < $was + 1000
delete
set $before = $pc
stepi
stepi
printf "T stepped: %d\n", $pc != $before
hbreak *$uname
continue
printf "T at it again: %d\n", $pc == $uname
delete
detach
