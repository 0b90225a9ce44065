"""Throw-away environments for libraries that can't live in Shoal's own: made by `uv`, cached between runs."""

import os
import subprocess
import sys
from pathlib import Path

PYTHON = "3.11"  # the last that scikit-mobility and infostop build for

LIBRARIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "scikit-mobility": (("scikit-mobility==1.3.1", "numpy<2", "shapely<2.1", "setuptools<80"), ()),
    "movingpandas": (("movingpandas==0.23.0",), ()),
    # its own requirements name an Infomap that builds nowhere any more; finding stops is C++ and needs NumPy alone
    "infostop": (("numpy<3", "pandas"), ("infostop==0.1.9",)),
    "tumult": (("tmlt.analytics==0.21.0", "setuptools<80"), ()),
    # says nothing of the versions it needs: later ones lack names that it, pandarallel and diffprivlib import
    "dp-mobility-report": (
        (
            "dp-mobility-report==0.2.11",
            "pandas<2.2",
            "numpy<2",
            "geopandas<1",
            "shapely<2.1",
            "scikit-learn<1.5",
            "scipy<1.14",
            "setuptools<80",
        ),
        (),
    ),
}
"""Name -> what is installed with, and what without its own requirements."""


def environment(name: str, folder: Path) -> str:
    """Python of an environment in `folder` that has the library `name`. Needs a network the first time.

    Raises `RuntimeError` with the end of what uv said where it can't be made.
    """
    python = folder / name / "bin" / "python"
    if python.exists():
        return str(python)
    usual, bare = LIBRARIES[name]
    _uv("venv", "--quiet", "--python", PYTHON, str(folder / name))
    _uv("pip", "install", "--quiet", "--python", str(python), *usual)
    if bare:
        _uv("pip", "install", "--quiet", "--python", str(python), "--no-deps", *bare)
    return str(python)


def _uv(*arguments: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    uv = Path(sys.executable).with_name("uv")
    done = subprocess.run([str(uv), *arguments], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"uv {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
