#!/bin/sh
# The whole service as if installed, on a machine that never sees it: private mount, pid and network
# namespaces, overlays on /etc, /usr and /var/lib, memory under /run. Called by `./dev sandbox`.
#
# Invariant: nothing is written to the file system outside, so nothing has to be undone; when the first
# process of the pid namespace ends, the kernel ends all others and drops all mounts.
#
#   sandbox.sh enter STAGE LOG [--account NAME[:PASSWORD]]... -- COMMAND   outside: checks, new namespaces
#   sandbox.sh inside STAGE LOG COMMAND                                    the first process in there
#   sandbox.sh supervise                                                   keeps bitsd running, in there
#
# Not here: building and staging (dev), user mode (dev).
set -eu

self=$0
here=/run/bits-sandbox      # ours alone, mode 0700, in there
homes=/run/home             # of the accounts
ready_sec=30
stop_sec=20

die() {
	echo "sandbox: $*" >&2
	exit 125 # as env(1), timeout(1): the failure is ours, not the command's
}

# ---- outside ----------------------------------------------------------------------------------------

valid_name() {
	case $1 in
	'' | -* | *[!a-z0-9_-]*) return 1 ;;
	esac
}

# The hash is made out here: no password is on a command line or in the environment in there.
account_entry() {
	name=${1%%:*}
	[ "$(id -u "$name" 2>/dev/null || echo 1000)" -ge 1000 ] || die "'$name' is a system account of this machine"
	valid_name "$name" || die "'$name' is no account name (a-z, 0-9, _ and -)"
	case $1 in
	*:*) hash=$(printf '%s\n' "${1#*:}" | openssl passwd -6 -stdin) || die "openssl cannot hash a password" ;;
	*) hash='!' ;;
	esac
	printf '%s:%s' "$name" "$hash"
}

enter() {
	stage=$1 log=$2
	shift 2
	[ "$(id -u)" = 0 ] || die "needs root"
	for program in unshare mount ip openssl setsid; do
		command -v "$program" >/dev/null || die "$program is missing: run ./dev deps"
	done
	[ -d "$stage/usr" ] || die "nothing is staged in $stage: run ./dev build"

	BITS_SANDBOX_ACCOUNTS=
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		[ "$1" = --account ] || die "'$1' is no option of the sandbox"
		[ $# -ge 2 ] || die "--account needs NAME[:PASSWORD]"
		entry=$(account_entry "$2")
		BITS_SANDBOX_ACCOUNTS="$BITS_SANDBOX_ACCOUNTS $entry"
		shift 2
	done
	[ $# -ge 2 ] || die "which command? ... -- COMMAND"
	shift
	export BITS_SANDBOX_ACCOUNTS # which others in there cannot read, unlike a command line

	unshare --mount --pid --net --fork true 2>/dev/null || die \
		"this kernel or container refuses namespaces (CAP_SYS_ADMIN): in a container, start it with --privileged"
	exec unshare --mount --propagation private --pid --net --fork --kill-child --mount-proc \
		-- /bin/sh "$self" inside "$stage" "$log" "$@"
}

# ---- inside -----------------------------------------------------------------------------------------

memory() { # DIRECTORY MODE
	mkdir -p "$1"
	mount -t tmpfs -o "mode=$2,nosuid,nodev" bits-sandbox "$1" || die "cannot mount memory on $1"
}

mounts_below() { # the mount points below a directory, outermost first
	awk -v top="$1/" 'index($5, top) == 1 { print $5 }' /proc/self/mountinfo | sort -u
}

# An overlay hides what is mounted below its directory (container engines mount /etc/hosts): put it back.
overlay() { # DIRECTORY OPTIONS
	below=$(mounts_below "$1")
	name=$(echo "$1" | tr / _)
	mkdir -p "$here/below/$name"
	if [ -n "$below" ]; then
		mount --rbind "$1" "$here/below/$name"
	fi
	mount -t overlay -o "$2" bits-sandbox "$1" || die "cannot mount an overlay on $1 (no overlayfs in this kernel?)"
	echo "$below" | while read -r point; do
		[ -z "$point" ] || mount --rbind "$here/below/$name${point#"$1"}" "$point" || true
	done
}

writable_overlay() { # DIRECTORY
	name=$(echo "$1" | tr / _)
	mkdir -p "$here/upper/$name" "$here/work/$name"
	overlay "$1" "lowerdir=$1,upperdir=$here/upper/$name,workdir=$here/work/$name"
}

free_id() { # FIRST STEP: the first number from FIRST on that is neither a uid nor a gid
	awk -F: -v id="$1" -v step="$2" '{ used[$3] = 1 } END { while (id in used) id += step; print id }' \
		/etc/passwd /etc/group
}

forget() { # NAME, when the machine outside has one
	for file in passwd shadow group gshadow; do
		[ -e "/etc/$file" ] || continue
		if grep -q "^$1:" "/etc/$file"; then
			grep -v "^$1:" "/etc/$file" >"$here/edit" || true
			cat "$here/edit" >"/etc/$file"
		fi
	done
}

add_account() { # NAME HASH UID HOME SHELL
	forget "$1"
	echo "$1:x:$3:$3:$1:$4:$5" >>/etc/passwd
	echo "$1:$2:19000:0:99999:7:::" >>/etc/shadow
	add_group "$1" "$3"
}

add_group() { # NAME GID
	echo "$1:x:$2:" >>/etc/group
	[ ! -e /etc/gshadow ] || echo "$1:!::" >>/etc/gshadow
}

add_person() { # NAME HASH
	forget "$1" # before its uid is looked for: a second --account of the same name wins
	uid=$(free_id 2001 1)
	add_account "$1" "$2" "$uid" "$homes/$1" /bin/sh
	mkdir -p "$homes/$1"
	chown "$uid:$uid" "$homes/$1"
	chmod 0700 "$homes/$1"
}

build_world() { # STAGE
	( # the stage may lie below /run: stand in it before /run is hidden
		cd "$1"
		memory /run 755
		mkdir -m 0700 "$here"
		mkdir /run/lock /run/shm /run/tmp
		chmod 1777 /run/lock /run/shm /run/tmp
		cp -r --preserve=mode,timestamps,links . "$here/stage" # and not its owner: root's, as installed
	) || exit 125
	memory "$homes" 755

	writable_overlay /etc
	[ ! -d "$here/stage/etc" ] || cp -r "$here/stage/etc/." /etc/
	overlay /usr "lowerdir=$here/stage/usr:/usr"
	[ -d /var/lib/bits ] || {
		writable_overlay /var/lib
		mkdir -p /var/lib/bits
	}
	memory /var/lib/bits 755
	grep -qw localhost /etc/hosts 2>/dev/null || echo "127.0.0.1 localhost" >>/etc/hosts
	ip link set lo up || die "cannot bring the loopback interface up"
}

supervise() {
	trap 'touch "$here/stop"; [ -z "$child" ] || kill -TERM "$child"' TERM
	child=
	while [ ! -e "$here/stop" ]; do
		# the environment a service manager gives, and what sanitizers are told
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
			${ASAN_OPTIONS:+"ASAN_OPTIONS=$ASAN_OPTIONS"} \
			${LSAN_OPTIONS:+"LSAN_OPTIONS=$LSAN_OPTIONS"} \
			${UBSAN_OPTIONS:+"UBSAN_OPTIONS=$UBSAN_OPTIONS"} \
			${BITS_DEBUG:+"BITS_DEBUG=$BITS_DEBUG"} \
			"$bitsd" </dev/null &
		child=$!
		echo "$child" >"$here/bitsd.pid"
		status=0
		wait "$child" || status=$?
		while kill -0 "$child" 2>/dev/null; do # a signal ended the wait, not bitsd
			status=0
			wait "$child" || status=$?
		done
		echo "sandbox: bitsd ended with status $status"
		[ -e "$here/stop" ] || sleep 0.1
	done
}

serving() {
	[ -S /run/bits/identity ] && [ -S /run/bits/bus ] && timeout 10 bitsctl list </dev/null >/dev/null 2>"$here/probe"
}

wait_until_serving() { # LOG
	tries=$((ready_sec * 50))
	until serving; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || {
			tail -n 40 "$1" "$here/probe" >&2 || true
			die "the service did not answer within $ready_sec s"
		}
		sleep 0.02
	done
}

# An orderly end lets the service, and a sanitizer in it, say what it has to say.
stop_service() { # SUPERVISOR
	kill -TERM "$1" 2>/dev/null || return 0
	timeout "$stop_sec" tail --pid="$1" -s 0.02 -f /dev/null || echo "sandbox: the service did not end by itself" >&2
}

inside() {
	stage=$1 log=$2 directory=$PWD
	shift 2
	umask 022
	build_world "$stage"

	forget bits-admin
	forget bitsd
	add_account bitsd '!' "$(free_id 999 -1)" /nonexistent /usr/sbin/nologin
	add_group bits-admin "$(free_id 999 -1)"
	for entry in $BITS_SANDBOX_ACCOUNTS; do # a hash has no blank
		add_person "${entry%%:*}" "${entry#*:}"
	done
	unset BITS_SANDBOX_ACCOUNTS

	cd "$directory" 2>/dev/null || true # one below /run is not visible: then the directory stays, without a name
	[ -r "$self" ] || die "a checkout below /run is not visible in the sandbox"
	[ -n "$log" ] || log=$here/bitsd.log
	: >>"$log" || die "cannot write $log"
	ln -s "$(realpath "$log")" "$here/log"
	setsid /bin/sh "$self" supervise </dev/null >>"$log" 2>&1 &
	supervisor=$!
	wait_until_serving "$log"

	status=0
	HOME=/root USER=root LOGNAME=root TMPDIR=/run/tmp PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		"$@" || status=$?
	stop_service "$supervisor"
	exit "$status"
}

bitsd=/usr/libexec/bits/bitsd
[ -x "$bitsd" ] || bitsd=$(command -v bitsd || echo "$bitsd")

verb=$1
shift
case $verb in
enter) enter "$@" ;;
inside) inside "$@" ;;
supervise) supervise ;;
*) die "unknown verb '$verb'" ;;
esac
