"""The sandbox seen from outside: what it shows, what it passes on, and that nothing is left of it."""

import os
import pathlib
import subprocess

TREE = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.environ.get("BITS_TEST_BUILD", str(TREE / "build-asan"))


def sandbox(*arguments, command, **options):
    return subprocess.run(
        [str(TREE / "dev"), "sandbox", "--build", BUILD, *arguments, "--", *command],
        capture_output=True, text=True, timeout=120, check=False, **options,
    )


def outside():
    """What must be the same before and after: mounts, accounts, runtime and state directories."""
    mounts = pathlib.Path("/proc/self/mountinfo").read_text()
    etc = [pathlib.Path("/etc", name).read_bytes() for name in ("passwd", "shadow", "group")]
    places = {name: sorted(os.listdir(name)) for name in ("/etc", "/run", "/var/lib", "/home", "/usr/bin", "/etc/pam.d")}
    return mounts, etc, places


def service_processes():
    found = set()
    for link in pathlib.Path("/proc").glob("[0-9]*/exe"):
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if "/libexec/bits/" in target:
            found.add((link.parent.name, os.readlink(link.parent / "ns/pid")))
    return found


def test_nothing_is_left():
    before = outside()
    script = "readlink /proc/self/ns/pid; touch /etc/x /run/x /var/lib/x ~alice/x; sleep 1000 & exit 3"
    done = sandbox("--account", "alice:one", command=["sh", "-c", script])
    assert done.returncode == 3, done.stderr
    namespace = done.stdout.split()[0]
    assert outside() == before
    assert namespace not in {inside for _, inside in service_processes()}


def test_status_input_and_directory_are_passed_on(tmp_path):
    done = sandbox(command=["sh", "-c", "pwd; cat; kill -TERM $$"], input="through\n", cwd=tmp_path)
    assert done.stdout == f"{tmp_path}\nthrough\n"
    assert done.returncode in (143, -15)


def test_accounts_exist_and_have_homes_of_their_own():
    script = "id -u alice bob bitsd 2>/dev/null || for n in alice bob bitsd; do id -u $n; done; stat -c '%U %a' ~alice ~bob; getent group bits-admin"
    done = sandbox("--account", "alice:one", "--account", "bob", command=["sh", "-c", script])
    lines = done.stdout.split("\n")
    alice, bob, bitsd = (int(line) for line in lines[:3])
    assert alice >= 2001 and bob >= 2001 and alice != bob and 0 < bitsd < 1000
    assert lines[3:5] == ["alice 700", "bob 700"]
    assert lines[5].startswith("bits-admin:")


def test_password_is_on_no_command_line_in_there():
    script = "for f in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do tr '\\0' '\\n' <$f; done 2>/dev/null"
    done = sandbox("--account", "alice:quite-secret-one", command=["sh", "-c", script])
    assert done.returncode == 0 and "bitsd" in done.stdout
    assert "quite-secret-one" not in done.stdout


def test_installed_as_a_package_would_be():
    script = "set -e; bitsctl --version; pkg-config --cflags --libs bits; ls /etc/pam.d/bits-logon"
    done = sandbox(command=["sh", "-c", script])
    assert done.returncode == 0, done.stderr


def test_network_is_loopback_only():
    done = sandbox(command=["sh", "-c", "ls /proc/self/net/dev >/dev/null; tail -n +3 /proc/self/net/dev | cut -d: -f1; ip -o addr"])
    assert done.stdout.split()[0] == "lo" and "127.0.0.1" in done.stdout


def test_service_returns_when_the_command_kills_it():
    script = """old=$(cat /run/bits-sandbox/bitsd.pid); kill -9 $old
    for i in $(seq 500); do new=$(cat /run/bits-sandbox/bitsd.pid); [ $new = $old ] || break; sleep 0.02; done
    [ $new != $old ] && for i in $(seq 500); do timeout 5 bitsctl list >/dev/null 2>&1 && exit 0; sleep 0.02; done; exit 1"""
    done = sandbox(command=["sh", "-c", script])
    assert done.returncode == 0, done.stderr


def test_a_system_account_is_not_replaced():
    done = sandbox("--account", "root:x", command=["true"])
    assert done.returncode == 125 and "system account" in done.stderr
