"""An environment for each peer: both need a Pillow (below 10) and a numpy that are not ours."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

PYTHON = "3.11"
"""The last one that Pillow 9 and scikit-image 0.20 have wheels for."""

PEERS = {
    "trdg": (
        "trdg==1.8.0", "pillow==9.5.0", "numpy==1.26.4", "opencv-python-headless==4.10.0.84", "arabic-reshaper==3.0.0",
        "python-bidi==0.4.2", "six==1.16.0", "wikipedia==1.4.0", "requests==2.31.0", "urllib3==2.0.7", "idna==3.6",
        "certifi==2023.11.17", "charset-normalizer==3.3.2", "beautifulsoup4==4.12.2", "soupsieve==2.5", "tqdm==4.66.1",
        "diffimg==0.3.0",
    ),
    "synthtiger": (
        "synthtiger==1.2.1", "pillow==9.5.0", "numpy==1.23.5", "opencv-python-headless==4.8.1.78", "imgaug==0.4.0",
        "blend-modes==2.1.0", "arabic-reshaper==3.0.0", "python-bidi==0.4.2", "pygame==2.5.2", "pytweening==1.0.7",
        "pyyaml==6.0.1", "regex==2023.10.3", "scipy==1.10.1", "shapely==2.0.2", "scikit-image==0.20.0",
        "imageio==2.33.0", "tifffile==2023.9.26", "pywavelets==1.5.0", "networkx==3.2.1", "lazy-loader==0.3",
        "packaging==23.2", "six==1.16.0", "matplotlib==3.8.2", "fonttools==4.46.0", "contourpy==1.2.0",
        "cycler==0.12.1", "kiwisolver==1.4.5", "pyparsing==3.1.1", "python-dateutil==2.8.2",
    ),
}  # fmt: skip
"""What each needs to be imported, and no torch: trdg wants it for handwriting alone."""


def python_of(peer: str, folder: Path) -> Path:
    """The interpreter of a peer's environment, made in `folder` when it is not there yet.

    Raises:
        subprocess.CalledProcessError: no Python 3.11, or a package that cannot be had; its stderr says which.
    """
    pins = PEERS[peer]
    home = folder / f"{peer}-{hashlib.sha256(' '.join(pins).encode()).hexdigest()[:12]}"
    python = home / "bin" / "python"
    if not (home / "installed").is_file():
        print(f"{peer} is installed into {home}", file=sys.stderr)
        _uv("venv", "--quiet", "--clear", "--python", PYTHON, str(home))
        _uv("pip", "install", "--quiet", "--no-deps", "--python", str(python), *pins)
        (home / "installed").touch()
    return python


def _uv(*words: str) -> None:
    settings = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    subprocess.run([sys.executable, "-m", "uv", *words], check=True, capture_output=True, text=True, env=settings)
