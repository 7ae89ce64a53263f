"""Tensors of a CTranslate2 model file, read without CTranslate2.

The file (version 6) is a list of named arrays, little endian, and a list of names that stand for others of them.
"""

from __future__ import annotations

import math
import struct
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from appliance.errors import BundleError

Float32 = npt.NDArray[np.float32]
_VERSION: Final = 6
_FETCH_AGAIN: Final = "Fetch the package again; do not use a file from elsewhere."
_TYPES: Final = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2"}


def read_variables(file: BinaryIO, name: str, specification: str) -> dict[str, Float32]:
    """The arrays of a model, whatever their type, as float32.

    Args:
        file: The file, from its start.
        name: What it is called in errors.
        specification: What the model must be, such as `WhisperSpec`.

    Raises:
        BundleError: The file is damaged, of another version, or another kind of model.
    """
    try:
        (version,) = _numbers(file, "<I")
        found = _text(file)
        _revision, count = _numbers(file, "<II")
        variables = dict(_variable(file) for _ in range(count))
        (aliases,) = _numbers(file, "<I")
        for _ in range(aliases):
            alias, variable = _text(file), _text(file)
            variables[alias] = variables[variable]
    except (ValueError, KeyError, struct.error) as error:
        raise BundleError(f"The weights {name} cannot be read: {error}.", hint=_FETCH_AGAIN) from error
    if (version, found) != (_VERSION, specification):
        raise BundleError(f"The weights {name} are of a {found}, version {version}.", hint=_FETCH_AGAIN)
    return variables


def _variable(file: BinaryIO) -> tuple[str, Float32]:
    name = _text(file)
    (rank,) = _numbers(file, "<B")
    shape = _numbers(file, f"<{rank}I")
    type_, size = _numbers(file, "<BI")
    array = np.frombuffer(file.read(size), _TYPES[type_])
    if array.nbytes != size or array.size != math.prod(shape):
        raise ValueError(f"{name} is cut off")
    return name, array.reshape(shape).astype(np.float32)


def _text(file: BinaryIO) -> str:
    (length,) = _numbers(file, "<H")
    return file.read(length)[:-1].decode()


def _numbers(file: BinaryIO, form: str) -> tuple[int, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))
