"""The interfaces after the first, by a C program that is built with the installed headers as anybody's would be."""

import pathlib

import pytest

import people

SIZE = 1000


@pytest.fixture(scope="module")
def lines(server, files, compile_example):
    """What interfaces.c printed: {name: (result, values)}."""
    files.make("parts.bin", SIZE)
    program = compile_example(pathlib.Path(__file__).with_name("interfaces.c"))
    local = people.home("alice") / "parts.bin"
    done = people.run("alice", [program, server.url("parts.bin"), local, server.url("there-is-none")])
    print(done.stdout)
    return {line.split()[0]: tuple(line.split(maxsplit=2)[1:]) for line in done.stdout.splitlines()}


OK, NOTIMPL, INVALIDARG = "00000000", "80004001", "80070057"
ENGLISH, GERMAN = "HTTP status 404: the remote file does not exist", "die entfernte Datei gibt es nicht"


@pytest.mark.parametrize("version", ["1_0", "1_5", "2_0", "2_5", "3_0", "4_0", "5_0", "10_1", "10_2", "10_3"])
def test_class_is_registered(lines, version):
    assert lines[f"class-{version}"] == (OK,)


def test_other_class_is_not(lines):
    assert lines["class-legacy"] == ("80040154",)  # REGDB_E_CLASSNOTREG


@pytest.mark.parametrize(
    "language, answer",
    [
        ("0409", (OK, "job has no files")),
        ("0407", (OK, "der Auftrag hat keine Dateien")),
        ("0c07", (OK, "der Auftrag hat keine Dateien")),
        ("040c", ("80070717",)),  # ERROR_RESOURCE_LANG_NOT_FOUND
        ("0000", ("80070717",)),
    ],
)
def test_text_of_a_code(lines, language, answer):
    assert lines[f"text-{language}"] == answer


@pytest.mark.parametrize(
    "language, error, context",
    [
        # the service's own words are English; in German it is the text of the code
        ("0409", (OK, ENGLISH), (OK, "the error occurred while the remote file was being processed")),
        ("0407", (OK, GERMAN), (OK, "der Fehler trat beim Bearbeiten der entfernten Datei auf")),
        ("040c", ("80070717",), ("80070717",)),
        ("0000", (INVALIDARG,), (INVALIDARG,)),
    ],
)
def test_texts_of_an_error(lines, language, error, context):
    assert lines[f"error-{language}"] == error
    assert lines[f"context-{language}"] == context


ANSWERS = {
    "QueryInterface-job": (OK,),
    "QueryInterface-file": (OK,),
    "SetNotifyCmdLine-parameters-alone": (INVALIDARG,),
    "GetReplyProgress": (NOTIMPL,),
    "GetReplyData": (NOTIMPL,),
    "SetReplyFileName": (NOTIMPL,),
    "GetReplyFileName": (NOTIMPL,),
    "SetCredentials": (NOTIMPL,),
    "SetCredentials-target": ("80200027",),
    "RemoveCredentials": (NOTIMPL,),
    "GetMaximumDownloadTime-null": ("800706f4",),
    "AddFile": (OK,),
    "GetTemporaryName": (OK, "''"),
    "Cancel": (OK,),
    "GetMaximumDownloadTime": (OK, f"{7776000:x}"),
    "SetMaximumDownloadTime": (OK,),
    "GetMaximumDownloadTime-after": (OK, f"{3600:x}"),
    "SetMaximumDownloadTime-ended": ("80200002",),
    "SetProperty-cost": (OK,),
    "GetProperty-cost": (OK, "800000ff"),
    "SetProperty-class": (OK,),
    "GetProperty-class": (OK, "1234567"),
    "GetProperty-dynamic": (OK, "0"),
    "GetProperty-performance": (OK, "0"),
    "SetProperty-size-0": ("80200063",),
    "SetProperty-size": (OK,),
    "GetProperty-size": (OK, f"{1 << 40:x}"),
    "SetProperty-server-credentials": ("80200066",),
    "GetProperty-interval": (OK, "500"),
    "SetProperty-interval": (OK,),
    "GetProperty-interval-after": (OK, "1000"),
    "GetProperty-on-demand": (OK, "0"),
    "GetProperty-unknown": ("80200057",),
    "SetProperty-unknown": ("80200057",),
    "QueryInterface-http": (OK,),
    "GetCustomHeaders-none": ("00000001",),
    "SetCustomHeaders": (OK,),
    "SetCustomHeaders-bad": (INVALIDARG,),
    "GetCustomHeaders": (OK, "A: b"),
    "MakeCustomHeadersWriteOnly": (OK,),
    "GetCustomHeaders-write-only": ("80070005",),
    "SetSecurityFlags": (OK,),
    "SetSecurityFlags-unknown": (NOTIMPL,),
    "GetSecurityFlags": (OK, "108"),
    "SetClientCertificateByID": ("80070002",),
    "GetClientCertificate": ("800706f7",),
    "RemoveClientCertificate": ("00000001",),
    "SetServerCertificateValidationInterface": (OK,),
    "SetHttpMethod": (OK,),
    "GetHttpMethod": (OK, "GET"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answer(lines, name):
    assert lines[name] == ANSWERS[name]
