"""What the installed bitsd.conf and its manual page say of the keys."""

import re

import configuration
from conftest import TREE
from waiting import wait_for

KEYS = re.findall(r"^X\((\w+)\)$", (TREE / "src/base/conf-keys.def").read_text(), re.MULTILINE)


def test_every_key_is_documented():
    page = (TREE / "man/bitsd.conf.5").read_text()
    named = re.findall(r"^\.It Sy (.*?) Ns = ", page, re.MULTILINE)
    assert sorted(KEYS) == sorted(key for line in named for key in line.split(" , "))


def test_the_installed_file_shows_the_defaults(service_log):
    """Each of its commented settings is a good line that changes nothing."""
    shown = re.findall(r"^#(\w+)=(.*)$", configuration.FILE.read_text(), re.MULTILINE)
    assert {key for key, _ in shown} == set(KEYS) - {"MaxBandwidthSchedule"}  # a list, which is empty
    before, size = configuration.limits(), service_log.stat().st_size

    def said():
        return service_log.read_text(errors="replace")[size:]

    with configuration.lines(*(f"{key}={value}" for key, value in shown)):
        # both programs have read it
        wait_for(lambda: len(re.findall("configuration read again|settings stay", said())) >= 2, "the settings")
        assert "bitsd.conf:" not in said()
        assert configuration.limits() == before
