#!/usr/bin/python3
"""Who may include whom: what runs in another process is reached through wire/, never by its headers.

Every quoted include of a file below src/PROGRAM/ must be found in that program's own folder, in src/base/,
src/wire/, the public headers, or be config.h. src/base/ and src/wire/ know no program; wire/ knows only
itself. bitsctl shares with libbits what ARCHITECTURE.md says. Unit tests (test-*) may include anything: no
program has them inside.

usage: includes.py TREE    prints each offence as FILE:LINE and fails if there is one
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
ALSO = {"bitsctl": ["libbits"]}


def allowed_places(source, folder):
    """The directories in which an include of a file in src/FOLDER may be found."""
    public = [source.parent / "include/bits", source.parent / "include/bits/compat", source.parent / "include"]
    own = [source / folder]
    if folder == "wire":
        return own
    shared = [source / "base", source / "wire"]
    if folder == "base":
        return [source / "base"] + public
    return own + shared + [source / name for name in ALSO.get(folder, [])] + public


def is_allowed(path, name, source, folder):
    if name == "config.h":
        return True
    places = [place.resolve() for place in allowed_places(source, folder)]
    candidates = [path.parent / name, source / folder / name, source / name] + [place / name for place in places]
    for candidate in candidates:
        if candidate.is_file():
            found = candidate.resolve()
            return any(place in found.parents for place in places)
    return False  # not in the tree: what is outside is included in angle brackets


def offences(tree):
    source = tree / "src"
    for path in sorted(source.rglob("*.[ch]")):
        folder = path.relative_to(source).parts[0]
        if path.name.startswith("test-"):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match and not is_allowed(path, match[1], source, folder):
                yield f"{path.relative_to(tree)}:{number}: {folder} may not include {match[1]}"


def main():
    found = list(offences(pathlib.Path(sys.argv[1])))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
