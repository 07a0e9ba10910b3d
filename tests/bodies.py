"""Small random bodies: well-formed, not human."""

import numpy as np
import torch

from avatarkit.body import PARENTS, BodyModel, Pose, normalised

KINTREES = {
    55: PARENTS,
    52: (*PARENTS[:22], *(p if p < 22 else p - 3 for p in PARENTS[25:])),
    24: (*PARENTS[:22], 20, 21),
}


def official_arrays(V: int = 60, J: int = 55, directions: int = 20, seed: int = 0) -> dict[str, np.ndarray]:
    """What an official file of J joints holds, in its types: float64, and uint32 with 2³² - 1 as the root's parent."""
    generator = np.random.default_rng(seed)
    F = 2 * V
    weights = generator.random((V, J)) ** 8
    parents = np.array([(1 << 32) - 1, *KINTREES[J][1:]], np.uint32)
    return {
        "v_template": generator.normal(0, 0.5, (V, 3)),
        "f": generator.integers(0, V, (F, 3)).astype(np.uint32),
        "shapedirs": generator.normal(0, 0.05, (V, 3, directions)),
        "posedirs": generator.normal(0, 0.005, (V, 3, 9 * (J - 1))),
        "J_regressor": generator.dirichlet(np.full(V, 0.2), J),
        "weights": weights / weights.sum(1, keepdims=True),
        "kintree_table": np.stack([parents, np.arange(J, dtype=np.uint32)]),
        "hands_componentsl": np.eye(45),
        "hands_componentsr": np.eye(45),
        "hands_meanl": generator.normal(0, 0.2, 45),
        "hands_meanr": generator.normal(0, 0.2, 45),
        "lmk_faces_idx": generator.integers(0, F, 51),
        "lmk_bary_coords": generator.dirichlet(np.ones(3), 51),
    }


def small_model(V: int = 60, seed: int = 0, correctives: bool = True) -> BodyModel:
    arrays = official_arrays(V, seed=seed)
    if not correctives:
        del arrays["posedirs"]
    return BodyModel.from_arrays(normalised(arrays), sha256="0" * 64)


def random_pose(*batch: int, scale: float = 0.5, seed: int = 0) -> Pose:
    generator = torch.Generator().manual_seed(seed)
    full = torch.randn(*batch, 55, 3, generator=generator) * scale
    return Pose.from_full(full, torch.randn(*batch, 3, generator=generator))
