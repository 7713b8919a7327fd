"""A compiled catalogue as rows of a C table: {"msgid", "msgstr"}, for a program that needs no locale and no file.

usage: table.py CATALOGUE.mo OUTPUT
"""

import pathlib
import struct
import sys


def messages(mo):
    magic, _, count, originals, translations = struct.unpack_from("=5I", mo)
    if magic != 0x950412DE:
        sys.exit("not a catalogue of this machine")

    def text(table, i):
        length, offset = struct.unpack_from("=2I", mo, table + 8 * i)
        return mo[offset : offset + length]

    for i in range(count):
        if original := text(originals, i):  # not the header
            yield original, text(translations, i)


def literal(text):
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03o}" for b in text) + '"'


def main():
    mo, output = map(pathlib.Path, sys.argv[1:])
    rows = (f"{{{literal(original)}, {literal(text)}}},\n" for original, text in messages(mo.read_bytes()))
    output.write_text("".join(rows))


if __name__ == "__main__":
    main()
