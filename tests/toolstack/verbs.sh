#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# hvm's verbs as a person types them: create -n, help, what is wrong; docs/xl.cfg-support.md is what
# the parser's table says.
set -eu
hvm=${BUILD:-build}/bin/hvm
[ -x "$hvm" ] || { echo "hvm is not built" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
	echo "$*"
	exit 1
}

# says STATUS SENTENCE WORDS…: on standard error, alone
says() {
	want=$1 sentence=$2 rc=0
	shift 2
	"$hvm" "$@" >"$dir/out" 2>"$dir/err" </dev/null || rc=$?
	[ $rc = "$want" ] || fail "hvm $*: status $rc, not $want"
	[ "$(cat "$dir/err")" = "$sentence" ] || fail "hvm $* said: $(cat "$dir/err")"
}

cd "$dir"
hvm=$OLDPWD/$hvm
case $hvm in "$OLDPWD"//*) hvm=${hvm#"$OLDPWD"/} ;; esac
cat >web.cfg <<'END'
name = "web"
memory = 256
disk = [ "/srv/a b.img,raw,hda,w" ]
END
says 0 '' create -n web.cfg
grep -q '^hvm-dm -xen-domid 1 .* -name web .* -m 248 ' out || fail "create -n: $(cat out)"
eval "set -- $(cat out)"
for word; do last=$word; done
[ "$last" = 'file=/srv/a b.img,if=ide,index=0,media=disk,format=raw,cache=writeback' ] ||
	fail "a shell takes back: $last"
says 0 '' create -n web.cfg memory=512 'name="x"'
grep -q -- '-name x .* -m 504 ' out || fail "the command line did not win: $(cat out)"
says 0 'command line:1: pae does nothing here: processors have PAE as their model does' \
	create web.cfg pae=1 -n
says 1 'hvm: error: create which? A configuration file is missing' create
says 1 'hvm: error: create does not know -x' create -x
says 1 'hvm: error: nowhere.cfg: cannot open it: No such file or directory' create -n nowhere.cfg
says 1 'hvm: error: command line:1: memory="much": not a number' create -n web.cfg 'memory="much"'
says 1 'hvm: error: no verb is called creat (hvm help lists them)' creat
printf 'name="p"\nmemory=64\n' | "$hvm" create -n - | grep -q -- '-name p ' || fail 'from stdin'
says 0 '' help
for verb in create help config-keys; do grep -q "^  $verb " out || fail "help: no $verb"; done
says 0 '' help create
grep -q '^usage: hvm create ' out || fail "help create: $(cat out)"
cd "$OLDPWD"
"$hvm" config-keys >"$dir/keys"
sed -n '/^| key/,$p' docs/xl.cfg-support.md | diff - "$dir/keys" ||
	fail 'docs/xl.cfg-support.md is not what hvm config-keys prints'

# Options: behind arguments, in one word, with their value, and what is wrong with them.
cd "$dir"
says 0 '' create -nf web.cfg memory=300
says 0 '' create --dryrun --defconfig=web.cfg
says 1 'hvm: error: create: -f needs a value' create -n -f
says 0 '' create -dnf web.cfg
grep -q '"max_memkb": 262144' out || fail "create -d: $(cat out)"
says 1 'hvm: error: create does not know --dry-clean' create --dry-clean web.cfg
says 1 'hvm: error: help: what is b for?' help create b
says 0 '' -vvv create -h
grep -q -- '^  -n, --dryrun ' out || fail "create -h: $(cat out)"
says 1 '' -v
grep -q '^  create ' out || fail "without a verb: $(cat out)"
ln -s "$hvm" my-xl
hvm=$dir/my-xl
says 1 'xl: error: no verb is called creat (xl help lists them)' creat
says 0 '' help help
[ "$(head -n 1 out)" = 'usage: xl help [VERB]' ] || fail "xl help help: $(cat out)"

# completes WORDS…: what bash makes of the last one
completes() {
	bash -c '. ./completion; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _hvm "$1"
		echo "${COMPREPLY[*]}"' - "$@"
}
hvm=$(readlink my-xl)
"$hvm" completion >completion
[ "$(completes hvm crea)" = create ] || fail "completion: $(completes hvm crea)"
[ "$(completes hvm create --dr)" = --dryrun ] || fail "completion: $(completes hvm create --dr)"
[ "$(completes hvm create -n we)" = web.cfg ] || fail "completion: $(completes hvm create -n we)"
[ "$(completes hvm help con)" = "config-keys console" ] ||
	fail "completion: $(completes hvm help con)"
