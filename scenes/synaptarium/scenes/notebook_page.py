"""A widget as one HTML file that needs nothing else: the scripts of the installed packages are put into it.

The file that ipywidgets itself would write fetches its scripts from another host, and stays blank without a network.
"""

from __future__ import annotations

import html
import importlib.resources
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import ipywidgets
import msgspec
from ipywidgets.embed import dependency_state

from synaptarium.schemas.errors import MissingDependency

#: The modules as scripts name them, the package that brings the script, and its place in that package's share.
SCRIPTS = (
    (
        ("@jupyter-widgets/base", "@jupyter-widgets/controls"),
        "widgetsnbextension",
        "jupyter-js-widgets/extension.js",
    ),
    (("three",), "pythreejs", "jupyter-threejs/three.js"),
    (("jupyter-datawidgets",), "ipydatawidgets", "jupyter-datawidgets/index.js"),
    (("jupyter-threejs",), "pythreejs", "jupyter-threejs/index.js"),
)
#: Nothing of the file may ask another host for anything. The arrays' script makes functions of texts, hence the eval.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)


#: Jupyter brings the icons' font; here the signs of the system's fonts stand in. Nothing is disconnected without a kernel.
STYLE = """body { margin: 16px; font: 14px system-ui, sans-serif; }
.jupyter-widgets-disconnected::before { display: none !important; }
.fa::before { font-family: system-ui, sans-serif; font-style: normal; }
.fa-play::before { content: "\\25B6"; } .fa-pause::before { content: "\\23F8"; }
.fa-stop::before { content: "\\25A0"; } .fa-repeat::before, .fa-retweet::before { content: "\\21BB"; }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title} - Synaptarium</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<div id="view">Drawing</div>
<script>{loader}</script>
{scripts}
<script type="application/json" id="state">{state}</script>
<script>
window.synaptarium.draw(JSON.parse(document.getElementById('state').textContent), '{id}', document.getElementById('view'));
</script>
</body>
</html>
"""


def page_of(widget: ipywidgets.Widget, title: str) -> str:
    """Return a page that draws a widget, with all that it refers to, without a kernel and without a network.

    Raises
    ------
    MissingDependency
        A script is not where its package says.
    """
    # Widgets that are linked in the browser go with it: dependency_state finds the links between those it holds.
    state = dependency_state([widget], drop_defaults=False)
    loader = (
        importlib.resources.files("synaptarium.scenes")
        .joinpath("notebook_page.js")
        .read_text(encoding="utf-8")
    )
    scripts = [
        f"<script>window.synaptarium.next({', '.join(map(repr, names))});</script>\n<script>{_script(*place)}</script>"
        for names, *place in SCRIPTS
    ]
    return _PAGE.format(
        policy=html.escape(POLICY),
        style=STYLE,
        title=html.escape(title),
        loader=loader,
        scripts="\n".join(scripts),
        state=msgspec.json.encode(state).decode().replace("<", "\\u003c"),
        id=widget.model_id,
    )


def _script(package: str, name: str) -> str:
    """Return a script that came with a package, fit to stand in a page."""
    try:
        found = [file for file in files(package) or () if str(file).endswith(f"nbextensions/{name}")]
    except PackageNotFoundError:
        found = []
    path = Path(str(found[0].locate())) if found else None
    if path is None or not path.is_file():
        raise MissingDependency(
            f"The script {name} of the package {package} is not installed.",
            hint=f"pip install --force-reinstall {package}",
        )
    text = path.read_text(encoding="utf-8").rpartition("//# sourceMappingURL=")
    return (text[0] or text[2]).replace("</script", "<\\/script").replace("<!--", "<\\!--")
