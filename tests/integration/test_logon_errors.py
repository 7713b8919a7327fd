"""LogonUser from end to end: each thing that PAM can say has the error of its own that the manual names."""

import contextlib
import pathlib
import subprocess

import pytest

import people

PAM_FILE = pathlib.Path("/etc/pam.d/bits-logon")
SHADOW = pathlib.Path("/etc/shadow")
NOLOGIN = pathlib.Path("/run/nologin")

LOGON_FAILURE, ACCOUNT_RESTRICTION, PASSWORD_EXPIRED = 1326, 1327, 1330
LOGON_TYPE_NOT_GRANTED, ACCOUNT_EXPIRED, ACCOUNT_LOCKED_OUT = 1385, 1793, 1909


@pytest.fixture(scope="module")
def log_on(compile_example, passwords):
    """log_on(CALLER, ACCOUNT[, PASSWORD]): what GetLastError says, 0 for a good log-on."""
    program = compile_example("../tests/integration/logon-error.c")

    def run(caller, account="carol", password=passwords["carol"]):
        return int(people.run(caller, [program, account], input=f"{password}\n").stdout)

    return run


@contextlib.contextmanager
def changed(path, text=None, argv=None):
    """A file with another text, or as a command leaves it, and put back afterwards."""
    before = path.read_bytes()
    try:
        if argv:
            subprocess.run(argv, check=True, capture_output=True)
        else:
            path.write_text(text)
        assert path.read_bytes() != before
        yield
    finally:
        path.write_bytes(before)


def pam(auth="success", account="success"):
    """The service's file with modules that say what they are told to."""
    return changed(PAM_FILE, f"auth required pam_debug.so auth={auth} cred=success\naccount required pam_debug.so acct={account}\n")


def test_good(log_on):
    assert log_on("alice") == 0


def test_wrong_password_and_unknown_account(log_on):
    assert log_on("bob", password="guess") == LOGON_FAILURE
    assert log_on("bob", "nobody-of-this-name") == LOGON_FAILURE


def test_root(log_on):
    assert log_on("bob", "root") == LOGON_TYPE_NOT_GRANTED


def test_log_ons_are_closed(log_on):
    NOLOGIN.write_text("closed\n")
    try:
        assert log_on("bob") == LOGON_TYPE_NOT_GRANTED
    finally:
        NOLOGIN.unlink()


def test_expired_account(log_on):
    with changed(SHADOW, argv=["chage", "-E", "1", "carol"]):
        assert log_on("bob") == ACCOUNT_EXPIRED


def test_expired_password(log_on):
    with changed(SHADOW, argv=["chage", "-d", "0", "carol"]):
        assert log_on("bob") == PASSWORD_EXPIRED


@pytest.mark.parametrize("result", ["maxtries", "perm_denied"])
def test_locked_out(log_on, result):
    with pam(auth=result):
        assert log_on("daemon") == ACCOUNT_LOCKED_OUT
    assert log_on("daemon") == 0


def test_locked_out_by_the_account_rules(log_on):
    with pam(account="maxtries"):
        assert log_on("alice") == ACCOUNT_LOCKED_OUT


@pytest.mark.parametrize("result", ["perm_denied", "user_unknown", "system_err"])
def test_restricted(log_on, result):
    with pam(account=result):
        assert log_on("alice") == ACCOUNT_RESTRICTION
    assert log_on("alice") == 0


@pytest.mark.parametrize("result", ["auth_err", "user_unknown", "cred_insufficient", "authinfo_unavail"])
def test_whatever_else_fails_is_told_alike(log_on, result):
    with pam(auth=result):
        assert log_on("sys") == LOGON_FAILURE


def test_rules_of_pam_access(log_on):
    """A real module that refuses a right password."""
    rules = pathlib.Path("/run/access.conf")
    rules.write_text("-:carol:ALL\n")
    real = PAM_FILE.read_text()
    with changed(PAM_FILE, f"{real}\naccount required pam_access.so accessfile={rules}\n"):
        assert log_on("bob") == ACCOUNT_RESTRICTION
        assert log_on("bob", password="guess") == LOGON_FAILURE  # the reason is for those who know it
