"""What the library exports is what its headers declare, no more and no less.

usage: test-exports.py NM LIBRARY HEADER...
"""

import pathlib
import re
import subprocess
import sys

FUNCTION = re.compile(r"^(?:STDAPI(?:_\([^)]*\))?|EXTERN_C int)\s+(\w+)\(", re.M)
IDENTIFIERS = re.compile(r"^EXTERN_C const (?:IID|CLSID|GUID) ([\w,\s]+);", re.M)


def declared(header):
    text = pathlib.Path(header).read_text()
    names = set(FUNCTION.findall(text))
    for group in IDENTIFIERS.findall(text):
        names.update(name.strip() for name in group.split(","))
    return names


def exported(nm, library):
    lines = subprocess.run(
        [nm, "-D", "--defined-only", library], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    symbols = (line.split() for line in lines)
    return {name.partition("@")[0] for _, kind, name in symbols if kind != "A"}


def main():
    nm, library, *headers = sys.argv[1:]
    wanted = set().union(*map(declared, headers))
    found = exported(nm, library)
    for name in sorted(wanted - found):
        print(f"declared, not exported: {name}")
    for name in sorted(found - wanted):
        print(f"exported, not declared: {name}")
    return 0 if wanted == found and len(wanted) > 50 else 1


if __name__ == "__main__":
    sys.exit(main())
