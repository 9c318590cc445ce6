#!/usr/bin/env python3
"""Make a component of a handler's module: what a project's manifest calls.

    componentize.py HANDLER.py OUTPUT.wasm

It runs `componentize-py`, which it looks for beside the Python that runs it, in the project's `.venv` and on the PATH. The
module's own folder and this SDK are on the Python path inside; so are the packages of the environment that
`componentize-py` was found in, as far as they are pure Python.

Why not `componentize-py` alone: its `--stub-wasi` is needed, because CPython's C library imports sockets, which the host
grants to nobody. But it stubs everything whose package is called `wasi`, and so `wasi:config/store`, which handlers read
their settings through. So the component is built against the contract with that package under another name of the same
length, and the name is put back in the result.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

SDK = Path(__file__).resolve().parent
WIT = SDK.parent.parent / "wit"

# The version that this SDK was tried with.
INSTALL = "python3 -m venv .venv && .venv/bin/pip install componentize-py==0.25.1"

# Of the same length, so that no length field in the component changes.
REAL, STAND_IN = b"wasi:config", b"host:config"


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a component of a handler's module.")
    parser.add_argument("handler", type=Path, help="the module with the @handler function")
    parser.add_argument("output", type=Path, help="the component to write")
    arguments = parser.parse_args()
    module = module_name(arguments.handler)
    with tempfile.TemporaryDirectory(prefix="mpy6a-") as scratch:
        wit = contract_with_stand_in(Path(scratch))
        built = Path(scratch) / "handler.wasm"
        build(module, arguments.handler.parent, wit, built)
        publish(built.read_bytes(), arguments.output)


def module_name(handler: Path) -> str:
    """The name that the module is imported by."""
    if not handler.is_file():
        fail(f"there is no {handler}: name the file with the @handler function")
    name = handler.stem
    if not name.isidentifier() or name in sys.stdlib_module_names or name in {"mpy6a_handler", "wit_world"}:
        fail(f"a module cannot be called {name}: rename {handler}")
    return name


def contract_with_stand_in(scratch: Path) -> Path:
    """A copy of the contract in which the settings' package has its stand-in name."""
    if not WIT.is_dir():
        fail(f"the contract is not at {WIT}: keep the folders sdk/ and wit/ side by side, as `mpy6a plugin new` lays them")
    copy = scratch / "wit"
    shutil.copytree(WIT, copy)
    for file in copy.rglob("*.wit"):
        file.write_bytes(file.read_bytes().replace(REAL, STAND_IN))
    return copy


def build(module: str, folder: Path, wit: Path, output: Path) -> None:
    """Run `componentize-py`. What it and the author's module print goes where this program's output goes."""
    tool = find_tool()
    environment = dict(os.environ)
    if (tool.parent.parent / "pyvenv.cfg").is_file():
        environment["VIRTUAL_ENV"] = str(tool.parent.parent)
    command: list[str | Path] = [tool, "--quiet", "--wit-path", wit, "--world", "handler", "componentize", module, "--stub-wasi"]
    command += ["--python-path", folder, "--python-path", SDK / "src", "--output", output]
    if status := subprocess.run(command, env=environment, check=False).returncode:
        fail(f"componentize-py failed with status {status}: its words are above")


def find_tool() -> Path:
    name = "componentize-py"
    # Not resolved: the Python of a virtual environment is a link to the one that made it.
    folders = [str(Path(sys.executable).parent), str(Path(".venv/bin").absolute()), os.environ.get("PATH", "")]
    if found := shutil.which(name, path=os.pathsep.join(folders)):
        return Path(found)
    fail(f"{name} is not installed: {INSTALL}")


def publish(component: bytes, output: Path) -> None:
    """Put the real name back, and the component in its place with a rename: who watches it never sees half a file."""
    component = component.replace(STAND_IN + b"/store@", REAL + b"/store@")
    output.parent.mkdir(parents=True, exist_ok=True)
    aside = output.with_name(f".{output.name}.{os.getpid()}")
    aside.write_bytes(component)
    aside.replace(output)


def fail(message: str) -> NoReturn:
    sys.exit(f"componentize.py: {message}")


if __name__ == "__main__":
    main()
