"""Build the documentation as HTML into build/docs: `make docs`.

The pages are the Markdown files of the repository; the reference (commands, settings, REST, errors, stored documents) is
made from the code, so that it cannot fall behind.
"""

from __future__ import annotations

import dataclasses
import html
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from markdown_it import MarkdownIt

REPOSITORY = Path(__file__).parents[1]
OUTPUT = REPOSITORY / "build" / "docs"
COMMANDS = (
    "demo",
    "import",
    "list",
    "info",
    "precompute",
    "serve",
    "open",
    "stats",
    "delete",
    "session",
    "doctor",
)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} · Synaptarium</title><style>
body {{ margin: 0; font: 16px/1.6 system-ui, sans-serif; color: #1b2230; background: #fff; display: flex; }}
nav {{ flex: 0 0 220px; padding: 24px; background: #f3f5f9; min-height: 100vh; box-sizing: border-box; }}
nav a {{ display: block; padding: 4px 0; }} main {{ max-width: 860px; padding: 24px 40px; min-width: 0; }}
a {{ color: #1c5fb0; text-decoration: none; }} a:hover {{ text-decoration: underline; }}
pre, code {{ background: #f3f5f9; border-radius: 4px; font-size: 14px; }} code {{ padding: 1px 4px; }}
pre {{ padding: 12px; overflow-x: auto; }} pre code {{ padding: 0; }} img {{ max-width: 100%; }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; }}
th, td {{ border-bottom: 1px solid #d7dce6; padding: 6px 12px 6px 0; text-align: left; vertical-align: top; }}
@media (max-width: 700px) {{ body {{ display: block; }} nav {{ min-height: 0; }} }}
@media (prefers-color-scheme: dark) {{
  body {{ color: #e6e9f0; background: #0b0e14; }} nav, pre, code {{ background: #12161f; }} a {{ color: #6cb2ff; }}
  th, td {{ border-color: #2a3142; }} }}
</style></head><body><nav>{navigation}</nav><main>{body}</main></body></html>
"""


def commands() -> str:
    """Return the help of every command."""
    parts = ["# Commands"]
    for command in COMMANDS:
        text = subprocess.run(
            [sys.executable, "-m", "synaptarium.server.cli", command, "--help"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        parts.append(f"## synaptarium {command}\n\n```\n{text.rstrip()}\n```")
    return "\n\n".join(parts)


def settings() -> str:
    """Return the table of the server's settings."""
    from synaptarium.server.config import Config, variable

    rows = [
        f"| `{variable(field.name)}` | {field.default if field.default != '' else ''} | {field.metadata['unit']} "
        f"| {field.metadata['help']} |"
        for field in dataclasses.fields(Config)
    ]
    return "# Settings\n\n| variable | default | unit | meaning |\n|---|---|---|---|\n" + "\n".join(rows)


def errors() -> str:
    """Return the tree of errors with their codes and HTTP statuses."""
    from synaptarium.schemas import errors as module

    tree = inspect.cleandoc(module.__doc__ or "")
    rows = [
        f"| `{kind.code}` | {kind.http_status} |"
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, module.SynaptariumError)
    ]
    return f"# Errors\n\n```\n{tree}\n```\n\n| code | HTTP |\n|---|---|\n" + "\n".join(rows)


def documents() -> str:
    """Return the MongoDB collections with their validators."""
    from synaptarium.schemas.documents import COLLECTIONS, validator

    parts = ["# Collections", "The `$jsonSchema` validators, as MongoDB holds them."]
    for name, collection in COLLECTIONS.items():
        schema = json.dumps(validator(collection.document), indent=2)
        parts.append(f"## {name}\n\n{inspect.getdoc(collection.document)}\n\n```\n{schema}\n```")
    return "\n\n".join(parts)


REFERENCE: dict[str, Callable[[], str]] = {
    "reference-commands": commands,
    "reference-settings": settings,
    "reference-errors": errors,
    "reference-collections": documents,
}


def main() -> int:
    """Write every page; 1 where a part of the reference could not be made."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    pages = {path.stem: path.read_text() for path in sorted((REPOSITORY / "docs").rglob("*.md"))}
    pages |= {path.stem.lower(): path.read_text() for path in sorted(REPOSITORY.glob("*.md"))}
    failed = 0
    for name, make in REFERENCE.items():
        try:
            pages[name] = make()
        except Exception as error:
            failed += 1
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
    titles = {name: title_of(name, text) for name, text in pages.items()}
    order = sorted(
        pages, key=lambda name: (name != "index", name.startswith("reference"), titles[name].lower())
    )
    navigation = "".join(f'<a href="{name}.html">{html.escape(titles[name])}</a>' for name in order)
    markdown = MarkdownIt("commonmark").enable("table")
    for name, text in pages.items():
        body = re.sub(r'(href|src)="([^"]+)"', relink, markdown.render(text))
        page = PAGE.format(title=html.escape(titles[name]), navigation=navigation, body=body)
        (OUTPUT / f"{name}.html").write_text(page)
    for picture in (REPOSITORY / "docs" / "images").glob("*.png"):
        (OUTPUT / picture.name).write_bytes(picture.read_bytes())
    print(f"{len(pages)} pages in {OUTPUT / 'index.html'}")
    return 1 if failed else 0


def title_of(name: str, text: str) -> str:
    """Return a page's first heading."""
    heading = re.search(r"^# (.+)", text, re.MULTILINE)
    return heading[1].replace("`", "") if heading else name


def relink(match: re.Match[str]) -> str:
    """Lead a link of the repository to the page that was made of it."""
    attribute, target = match.groups()
    if "://" in target or target.startswith(("#", "mailto:")):
        return match[0]
    path, _, anchor = target.partition("#")
    if path.endswith("/"):
        path = f"{path}index.md"
    name = Path(path).name
    if path.endswith(".md"):
        name = f"{Path(path).stem if 'docs/' in path or path.islower() else Path(path).stem.lower()}.html"
    return f'{attribute}="{name}{"#" + anchor if anchor else ""}"'


if __name__ == "__main__":
    sys.exit(main())
