"""Compiles encoder.cpp for this machine, once, into the cache. Imports no torch."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
from pathlib import Path

from shared.clients.ownership import is_own, restrict
from shared.clients.state_folder import make_folder

SOURCES = tuple(Path(__file__).with_name(name) for name in ("encoder.cpp", "lanes.h", "pooling.h"))
# No contraction: where a fused multiply-add rounds once, the source says so; the same bits from every compiler.
_FLAGS = ("-O3", "-std=c++17", "-shared", "-fPIC", "-pthread", "-ffp-contract=off", "-fno-math-errno", "-march=native")
_SECONDS = 300
_POINTER, _INT, _INT64, _DOUBLE = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64, ctypes.c_double


class NoKernel(RuntimeError):
    """The kernel cannot be had on this machine or for this model; the text says why."""


def compiler() -> str | None:
    """The C++ compiler that would be used: $CXX, g++, clang++ or c++."""
    named = os.environ.get("CXX")
    return next((found for name in (named, "g++", "clang++", "c++") if name and (found := shutil.which(name))), None)


def machine() -> str:
    """What the compiled code and the measured speeds depend on: architecture, processor and its instructions."""
    described = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = info.read_text(errors="replace").splitlines()
        wanted = ("model name", "flags", "Features", "CPU part")
        described += "".join(sorted({line for line in lines if line.startswith(wanted)}))
    return hashlib.blake2b(described.encode(), digest_size=8).hexdigest()


def has_bf16() -> bool:
    """Whether the processor multiplies bf16 itself; emulated, it is slower than fp32."""
    info = Path("/proc/cpuinfo")
    flags = info.read_text(errors="replace").split() if info.is_file() else []
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(flags))


def load_library(cache_dir: Path) -> ctypes.CDLL:
    """The compiled kernel, from the cache or compiled now (a few seconds). Raises NoKernel with the reason."""
    library = cache_dir / "kernels" / f"encoder-{kernel_digest()}.so"
    if not is_own(library):  # not there, or somebody else could have written it: what it does would be theirs to say
        _compile(library)
    try:
        return _declared(ctypes.CDLL(str(library)))
    except OSError as error:
        raise NoKernel(f"{library} does not load ({error}); delete it to have it compiled again") from error


def kernel_digest() -> str:
    """Names the compiled code: its source, flags and machine."""
    version = hashlib.blake2b(b"".join(path.read_bytes() for path in SOURCES), digest_size=8)
    version.update(f"{machine()}{_FLAGS}".encode())
    return version.hexdigest()


def _compile(library: Path) -> None:
    found = compiler()
    if found is None:
        raise NoKernel("no C++ compiler (g++ or clang++) on the PATH; with one, scoring is several times faster")
    make_folder(library.parent)
    part = library.with_suffix(f".{os.getpid()}")
    try:
        done = subprocess.run(
            [found, *_FLAGS, str(SOURCES[0]), "-o", str(part)],
            capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode:
            raise NoKernel(f"{found} cannot compile {SOURCES[0].name}: {done.stderr.strip()[-300:]}")
        part.replace(library)
        restrict(library, library.parent)
        if not is_own(library):
            raise NoKernel(f"{library.parent} is not this user's alone; make it so (chmod 700), or delete it")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoKernel(f"compiling {SOURCES[0].name} failed: {error}") from error
    finally:
        part.unlink(missing_ok=True)


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    library.bw_instructions.restype = ctypes.c_char_p
    library.bw_supports.argtypes = [_INT] * 3
    library.bw_new.restype = _POINTER
    library.bw_new.argtypes = [_INT] * 4 + [ctypes.c_float] + [_INT] * 2 + [_POINTER] * 4
    library.bw_delete.restype = None
    library.bw_delete.argtypes = [_POINTER]
    library.bw_linear.argtypes = library.bw_norm.argtypes = [_POINTER, _INT, _INT, _POINTER, _POINTER]
    library.bw_pool.restype = library.bw_mentions.restype = None
    library.bw_pool.argtypes = [_POINTER, _INT, _POINTER, _INT64, *[_POINTER] * 2, _DOUBLE, _INT, *[_POINTER] * 2]
    library.bw_mentions.argtypes = [
        _POINTER, _INT, _POINTER, _INT64, *[_POINTER] * 5, _DOUBLE, _INT, *[_POINTER] * 2
    ]  # fmt: skip
    library.bw_states.argtypes = [_POINTER, _POINTER, _POINTER, _INT64, _INT, _INT, _POINTER]
    return library
