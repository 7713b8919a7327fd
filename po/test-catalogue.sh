#!/bin/sh
# The template has the messages of the sources, and every language has them all.
# usage: test-catalogue.sh TREE
set -eu

cd "$1"
found=$(mktemp)
trap 'rm -f "$found"' EXIT
# The options are those of meson.build beside this.
xgettext --from-code=UTF-8 --language=C --keyword=HRESULT_ROW:2 --keyword=WIN32_ROW:2 --keyword=HTTP_ROW:2 \
	--files-from=po/POTFILES --force-po --output="$found"
msgcmp --use-untranslated po/bits.pot "$found"
msgcmp --use-untranslated "$found" po/bits.pot
while read -r language; do
	msgcmp "po/$language.po" "$found"
done <po/LINGUAS
