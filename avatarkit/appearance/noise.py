"""Noise for kernels: values that are the same for the same place and seed, on every machine."""

import numpy as np

from avatarkit.kernels import inlined, outlined

LOW32 = 0xFFFFFFFF


@inlined
def hashed(i, j, k, seed):
    """An integer in 0 … 2³² - 1 for a cell of the lattice; the constants are odd numbers with well mixed bits."""
    h = (i * 374761393 + j * 668265263 + k * 1440662683 + seed * 1274126177) & LOW32
    h = ((h ^ (h >> 15)) * 2246822519) & LOW32
    h = ((h ^ (h >> 13)) * 3266489917) & LOW32
    return h ^ (h >> 16)


@inlined
def uniform(i, j, k, seed):
    """A number in [0, 1) for a cell."""
    return hashed(i, j, k, seed) * 2.3283064365386963e-10


@inlined
def eased(t):
    """0 … 1 with flat ends (Perlin 2002)."""
    return t * t * t * (t * (t * 6.0 - 15.0) + 10.0)


@outlined
def noise3(x, y, z, seed):
    """Value noise in [-1, 1], one feature a unit of length."""
    i, j, k = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
    u, v, w = eased(x - i), eased(y - j), eased(z - k)
    near = (1 - v) * ((1 - u) * uniform(i, j, k, seed) + u * uniform(i + 1, j, k, seed)) + v * (
        (1 - u) * uniform(i, j + 1, k, seed) + u * uniform(i + 1, j + 1, k, seed)
    )
    far = (1 - v) * ((1 - u) * uniform(i, j, k + 1, seed) + u * uniform(i + 1, j, k + 1, seed)) + v * (
        (1 - u) * uniform(i, j + 1, k + 1, seed) + u * uniform(i + 1, j + 1, k + 1, seed)
    )
    return 2 * ((1 - w) * near + w * far) - 1


@outlined
def noise2(x, y, seed):
    """Value noise of the plane in [-1, 1]."""
    i, j = int(np.floor(x)), int(np.floor(y))
    u, v = eased(x - i), eased(y - j)
    near = (1 - u) * uniform(i, j, 0, seed) + u * uniform(i + 1, j, 0, seed)
    far = (1 - u) * uniform(i, j + 1, 0, seed) + u * uniform(i + 1, j + 1, 0, seed)
    return 2 * ((1 - v) * near + v * far) - 1


@inlined
def clamp(x, low, high):
    return min(max(x, low), high)


@inlined
def step(low, high, x):
    """0 below `low`, 1 above `high`, smooth between (Hermite); `low` may be above `high`."""
    t = clamp((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3 - 2 * t)


@inlined
def mix(a, b, share):
    return a + share * (b - a)
