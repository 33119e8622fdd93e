#!/bin/sh
# sphinx-jupyterbook-latex numbers figures on HTML pages although the configuration says numfig = False.
#
# Package:   sphinx-jupyterbook-latex 1.0.0, with Sphinx 7.4.7 (Python 3.11)
# Expected:  an extension for LaTeX leaves an option of HTML builds as the project sets it: no "Fig. 1" in the caption.
# Seen:      once the extension is loaded, which Jupyter Book 1.x always does, the caption reads "Fig. 1 A dot." in HTML too.
#            It sets config["numfig"] to True for every builder. What helps: numfig_format = {"figure": "%.0s"}, which prints
#            nothing of the number.
# Output:
#   without the extension: A dot.
#   with the extension:    Fig. 1 A dot.
#
# Exits with 0 as long as that is so.
set -eu
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet 'sphinx==7.4.7' 'sphinx-jupyterbook-latex==1.0.0' 'docutils==0.20.1' 'setuptools<81'
mkdir source
printf 'Title\n=====\n\n.. figure:: dot.png\n   :alt: a dot\n\n   A dot.\n' > source/index.rst
python3 -c "
import base64
dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
open('source/dot.png', 'wb').write(base64.b64decode(dot))"
caption() {
    printf 'project = "p"\nnumfig = False\nextensions = [%s]\n' "$1" > source/conf.py
    rm -rf html
    venv/bin/sphinx-build -q -E -b html source html >/dev/null 2>&1
    python3 - <<'PY'
import re
page = open("html/index.html", encoding="utf-8").read()
caption = re.search(r"<figcaption>.*?</figcaption>", page, re.DOTALL)[0]
print(" ".join(re.sub(r"<[^>]+>", "", caption).replace("¶", "").split()))
PY
}
plain=$(caption '')
loaded=$(caption '"sphinx_jupyterbook_latex"')
echo "without the extension: $plain"
echo "with the extension:    $loaded"
[ "$plain" = "A dot." ] && [ "$loaded" = "Fig. 1 A dot." ]
