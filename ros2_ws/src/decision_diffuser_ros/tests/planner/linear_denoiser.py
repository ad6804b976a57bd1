"""What sampling makes of a denoiser whose clean estimate is an offset and a share of the noisy trajectory.

Then every denoising step depends on those before, as it does with a trained network.
"""

from collections.abc import Sequence

import numpy as np

from tests.bundles import cosine_alphas_cumprod

NOISY_SHARE = 0.5


def sampled(start: np.ndarray, offsets: Sequence[np.ndarray], levels: Sequence[int]) -> np.ndarray:
    """What DDIM without fresh noise (Song 2021, Eq. 12) makes of noisy numbers.

    Args:
        start: noisy numbers at the first level, of any shape.
        offsets: of the clean estimate at each level, each of a shape that broadcasts with `start`.
        levels: of the cosine schedule of 100 levels, noisiest first.
    """
    noisy, alphas = start, cosine_alphas_cumprod(100)
    after = [*alphas[list(levels[1:])], 1.0]
    for offset, a, a_after in zip(offsets, alphas[list(levels)], after, strict=True):
        clean = offset + NOISY_SHARE * noisy
        noise = (noisy - np.sqrt(a) * clean) / np.sqrt(1.0 - a)
        noisy = np.sqrt(a_after) * clean + np.sqrt(1.0 - a_after) * noise
    return noisy
