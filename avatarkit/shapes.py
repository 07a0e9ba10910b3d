"""Tensor shapes, said once and checked: `V, F = sizes("V 3, F 3", vertices, faces)`."""

from typing import Any


def sizes(spec: str, *tensors: Any) -> tuple[int, ...]:
    """The sizes of the named axes, in the order in which they are first named.

    A number must match, a name must agree with itself, a leading `...` is any batch.

    >>> import numpy as np
    >>> sizes("V 3, F 3", np.zeros((8, 3)), np.zeros((12, 3)))
    (8, 12)
    >>> sizes("... J 4 4, J", np.zeros((2, 5, 24, 4, 4)), np.zeros(24))
    (24,)
    >>> sizes("V 3, V 3", np.zeros((8, 3)), np.zeros((9, 3)))
    Traceback (most recent call last):
    ValueError: expected shapes V 3, V 3; got (8, 3), (9, 3)
    """
    found: dict[str, int] = {}
    for axes, tensor in zip(spec.split(","), tensors, strict=True):
        names, shape = axes.split(), tuple(tensor.shape)
        if names and names[0] == "...":
            names = names[1:]
            shape = shape[max(len(shape) - len(names), 0) :]
        if len(names) != len(shape) or any(
            size != (int(name) if name.isdigit() else found.setdefault(name, size))
            for name, size in zip(names, shape, strict=True)
        ):
            raise ValueError(f"expected shapes {spec}; got " + ", ".join(str(tuple(t.shape)) for t in tensors))
    return tuple(found.values())
