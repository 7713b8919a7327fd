#!/bin/sh
# Runs a driver against the real bitsd and bits-become, on a machine with accounts that nobody else has:
# private mount, pid and network namespaces, memory under /run, an overlay on /etc. Nothing remains.
#
#   test-bitsd.sh DRIVER BITSD BITS-BECOME TEST-QUEUE TEST-WORKER PAM-DIRECTORY [ARGUMENT]...
set -eu

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || {
		echo "test-bitsd: needs root, for namespaces and accounts" >&2
		exit 77
	}
	exec unshare --mount --pid --net --fork --kill-child --mount-proc --propagation private \
		/bin/sh "$0" inside "$@"
fi
shift
driver=$1 bitsd=$2 become=$3 queue=$4 worker=$5 pam=$6
shift 6

mkdir -p /dev/shm
mount -t tmpfs -o mode=755 tmpfs /dev/shm
programs=/dev/shm/libexec
mkdir -p "$programs" /dev/shm/upper /dev/shm/work /dev/shm/state /dev/shm/bin
cp "$bitsd" "$programs/bitsd"
cp "$become" "$programs/bits-become"
cp "$queue" "$programs/bits-queue"
cp "$worker" "$programs/bits-file"
cp "$worker" "$programs/bits-net"
chmod 0711 "$programs"/bits-*
cp "$driver" /dev/shm/bin/driver
mount -t overlay -o lowerdir=/etc,upperdir=/dev/shm/upper,workdir=/dev/shm/work overlay /etc
cp "$pam/bits-logon.pam" /etc/pam.d/bits-logon
cp "$pam/bits-worker.pam" /etc/pam.d/bits-worker
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 1777 /run/tmp

account() { # NAME UID PASSWORD-HASH SHELL
	echo "$1:x:$2:$2::/run/home/$1:$4" >>/etc/passwd
	echo "$1:$3:19000:0:99999:7:::" >>/etc/shadow
	echo "$1:x:$2:" >>/etc/group
}
hash='$6$bits$rulSVmFA8Xytg0ODYDNuuHGVcUFXc/y4YCT5P2ygi0KQ19SIBJtRRpLGhemNhzC3XVrxDO7ourLajOd6OiUHr/' # of: correct horse
for old in bitsd alice bob carol dora eve service; do # the machine may know some of them
	sed -i "/^$old:/d" /etc/passwd /etc/shadow /etc/group
done
sed -i '/^bits-admin:/d' /etc/group
account bitsd 901 '!' /usr/sbin/nologin
account service 902 '!' /usr/sbin/nologin
account alice 2001 "$hash" /bin/sh
account bob 2002 "$hash" /usr/sbin/nologin
account carol 2003 "$hash" /bin/sh
account dora 2004 "$hash" /bin/sh
account eve 2005 '' /bin/sh
echo "bits-admin:x:2100:dora" >>/etc/group
echo "extra:x:2101:bob" >>/etc/group
echo "bypam:x:2102:" >>/etc/group
echo 'bits-logon;*;bob;Al0000-2400;bypam' >>/etc/security/group.conf
echo 'bits-worker;*;bob;Al0000-2400;bypam' >>/etc/security/group.conf
echo 'bob hard nofile 1000' >>/etc/security/limits.conf
echo 'bob soft nofile 512' >>/etc/security/limits.conf

status=0
/dev/shm/bin/driver "$@" || status=$? # not exec: this shell reaps orphans
[ $status = 0 ] || tail -n 200 /dev/shm/log
exit $status
