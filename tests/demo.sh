#!/bin/sh
# The story of the README, told inside the sandbox by `./dev demo`: alice downloads a file into a directory
# that only bob may enter.
#
#   demo.sh system TREE   as root in the sandbox, with the accounts alice and bob
#   demo.sh user TREE     without root: the same job as oneself, and why a helper is refused
set -eu
exec 2>&1 # one story, in order

mode=$1 tree=$2
size_mib=256
password=builder # bob's, as ./dev demo made his account

say() {
	if [ -t 1 ]; then
		printf '\n\033[1m%s\033[0m\n' "$*"
	else
		printf '\n%s\n' "$*"
	fi
}

as() { # NAME COMMAND
	name=$1
	shift
	setpriv --reuid "$name" --regid "$name" --init-groups env HOME="$(eval echo "~$name")" USER="$name" LOGNAME="$name" "$@"
}

digest() {
	sha256sum "$1" | cut -d' ' -f1
}

start_server() { # DIRECTORY
	: >"$work/said"
	# shellcheck disable=SC2086 # nothing, or who the server is
	$nobody bits-server --port 0 "$1" >"$work/said" 2>"$work/server.log" &
	server=$!
	tries=500
	until grep -q http: "$work/said"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || {
			cat "$work/server.log" >&2
			exit 1
		}
		sleep 0.02
	done
	url=$(sed -n 's/.*\(http:[^ ]*\).*/\1/p' "$work/said")
	url=${url%/}/film.bin
}

make_film() {
	mkdir "$work/origin"
	chmod 755 "$work" "$work/origin"
	head -c "${size_mib}M" /dev/urandom >"$work/origin/film.bin"
}


system_story() {
	say "A server offers a file of $size_mib MiB: $url"
	target=$(eval echo ~bob)/films
	as bob mkdir -m 0700 "$target"
	say "bob has a directory that only he may enter:"
	ls -ld "$target"
	say "alice compiles examples/helper-token.c against the installed headers (pkg-config bits) ..."
	# shellcheck disable=SC2046 # flags
	cc -o "$work/helper-token" "$tree/examples/helper-token.c" $(pkg-config --cflags --libs bits)
	chmod 755 "$work/helper-token"
	say "... and runs it. She asks for the file with bob as the job's helper for local files; she knows his password:"
	printf '%s\n' "$password" | as alice "$work/helper-token" "$url" "$target/film.bin" . bob
	say "The same by bitsctl, which draws a bar:"
	printf '%s\n' "$password" | as alice bitsctl transfer --helper bob "$url" "$target/film-again.bin"
	say "Who owns what arrived:"
	ls -l "$target"
	compare "$target/film.bin" "$target/film-again.bin"
	say "And alice, who fetched it all? She tries to list the directory:"
	if as alice ls "$target"; then
		echo "She can: this is wrong." >&2
		exit 1
	fi
	say "The transfer ran through the real service, beside which nothing on this machine has changed."
}

compare() { # FILE...
	say "SHA-256 at the origin, and of what arrived:"
	origin=$(digest "$work/origin/film.bin")
	echo "$origin  origin"
	for file in "$@"; do
		echo "$(digest "$file")  $file"
		[ "$(digest "$file")" = "$origin" ] || {
			echo "They differ." >&2
			exit 1
		}
	done
}

user_story() {
	target=$work/films
	mkdir -m 0700 "$target"
	say "A server offers a file of $size_mib MiB: $url"
	say "This is user mode: one person's own service, which can be nobody else. The file arrives as you:"
	bitsctl transfer "$url" "$target/film.bin"
	ls -l "$target"
	compare "$target/film.bin"
	say "A helper token of another user (here: root) is refused:"
	if printf 'any\n' | bitsctl transfer --helper root "$url" "$target/helper.bin"; then
		echo "It was not: this is wrong." >&2
		exit 1
	fi
	say "Only the system service can become other users; for the whole story run ./dev demo as root. Nothing on this machine has changed."
}

server=
work=$(mktemp -d)
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
nobody=
[ "$mode" = user ] || nobody="setpriv --reuid nobody --regid nogroup --clear-groups"
make_film
start_server "$work/origin"
case $mode in
system) system_story ;;
user) user_story ;;
esac
