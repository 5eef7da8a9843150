"""The synapses of a convolution: which neurons it joins, and by which element of its kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synaptarium.schemas.errors import InvalidInput


@dataclass(frozen=True, kw_only=True)
class Convolved:
    """What a convolution is, synapse by synapse.

    Parameters
    ----------
    pre, post : (n_synapses,) int64
        Neuron ids within layers of shape (channels, height, width).
    element : (n_synapses,) int64
        Place of the synapse's weight in the flattened kernel: ``kernel.reshape(-1)[element]``.
    shape : tuple of int
        (channels, height, width) of the layer that it drives.
    """

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    element: NDArray[np.int64]
    shape: tuple[int, int, int]


def convolved(
    input_shape: tuple[int, int, int],
    kernel_shape: tuple[int, int, int, int],
    *,
    stride: int = 1,
    padding: int = 0,
) -> Convolved:
    """Write a 2D convolution out as synapses, one for each element of the kernel at each place.

    Parameters
    ----------
    input_shape : tuple of int
        (channels, height, width) of the presynaptic layer.
    kernel_shape : tuple of int
        (channels out, channels in, height, width), as ``conv.weight.shape`` of PyTorch.
    stride, padding : int
        As of ``torch.nn.Conv2d``; the padding is zeros, so nothing is joined to it.

    Raises
    ------
    InvalidInput
        The channels differ, or the kernel is larger than the padded input.

    Examples
    --------
    >>> found = convolved((1, 1, 3), (1, 1, 1, 2))
    >>> found.pre.tolist(), found.post.tolist(), found.element.tolist(), found.shape
    ([0, 1, 1, 2], [0, 0, 1, 1], [0, 1, 0, 1], (1, 1, 2))
    """
    channels, height, width = input_shape
    out, within, high, wide = kernel_shape
    rows, columns = (
        (side + 2 * padding - over) // stride + 1 for side, over in ((height, high), (width, wide))
    )
    if within != channels or rows < 1 or columns < 1 or padding < 0:
        raise InvalidInput(
            f"A kernel of shape {kernel_shape} does not fit an input of shape {input_shape} with padding {padding}.",
            hint="Kernels are (channels out, channels in, height, width), inputs (channels, height, width).",
            where="kernel_shape",
        )
    o, y, x, c, dy, dx = np.ogrid[:out, :rows, :columns, :channels, :high, :wide]
    row, column = y * stride - padding + dy, x * stride - padding + dx
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    parts = (
        (c * height + row) * width + column,
        (o * rows + y) * columns + x,
        ((o * channels + c) * high + dy) * wide + dx,
    )
    whole = (out, rows, columns, channels, high, wide)
    kept = np.broadcast_to(inside, whole)
    pre, post, element = (np.broadcast_to(part, whole)[kept].astype(np.int64) for part in parts)
    return Convolved(pre=pre, post=post, element=element, shape=(out, rows, columns))
