"""The identity socket, spoken raw: what an honest client says (src/wire/identity.h), and room to lie.

Who asks is the process that connects, so call these through people.call().
"""

import os
import socket
import struct

SOCKET = "/run/bits/identity"
HELLO, MINT, LOGON, TICKET, REVOKE, REPLY = range(1, 7)
LOCAL_FILE, NETWORK = 1, 2
LOGON_FAILURE, ACCOUNT_EXPIRED, PASSWORD_EXPIRED, LOCKED_OUT, RESTRICTED, NOT_GRANTED = range(1, 7)

HELLO_FORMAT = struct.Struct("=IIII16s")
REQUEST_FORMAT = struct.Struct("=II16sII256s")
REPLY_FORMAT = struct.Struct("=IIiI")
TICKET_FORMAT = struct.Struct("=IIIIqq256s32s")


class Reply:
    def __init__(self, data, descriptors):
        self.type, self.sequence, self.result, self.uid = REPLY_FORMAT.unpack_from(data)
        self.ticket = data[REPLY_FORMAT.size:]
        self.token = descriptors[0] if descriptors else None
        assert self.type == REPLY and len(data) == REPLY_FORMAT.size + TICKET_FORMAT.size, data


def connect(path=SOCKET):
    """A connection, and the nonce that bitsd greeted it with."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.settimeout(60)
    connection.connect(path)
    kind, _, version, _, nonce = HELLO_FORMAT.unpack(connection.recv(HELLO_FORMAT.size + 1))
    assert (kind, version) == (HELLO, 1)
    return connection, nonce


def request(kind, nonce, audience=0, uses=0, account=b""):
    return REQUEST_FORMAT.pack(kind, 7, nonce, audience, uses, account)


def terms(kind, audience):
    """What a request says beside its kind: only a token has an audience and uses."""
    return {"audience": audience, "uses": LOCAL_FILE} if kind == MINT else {}


def receive(connection):
    """The Reply, or None when bitsd hung up instead."""
    try:
        data, descriptors, _, _ = socket.recv_fds(connection, 4096, 4)
    except ConnectionResetError:
        return None
    return Reply(data, descriptors) if data else None


def ask(kind, descriptors=(), path=SOCKET, **fields):
    connection, nonce = connect(path)
    with connection:
        socket.send_fds(connection, [request(kind, nonce, **fields)], list(descriptors))
        return receive(connection)


def mint(audience, uses=LOCAL_FILE):
    return ask(MINT, audience=audience, uses=uses)


def logon(account, password, uses=LOCAL_FILE):
    reading, writing = os.pipe()
    os.write(writing, password.encode())
    os.close(writing)
    try:
        return ask(LOGON, [reading], account=account.encode(), uses=uses)
    finally:
        os.close(reading)


def ticket():
    return ask(TICKET)


def revoke():
    return ask(REVOKE)
