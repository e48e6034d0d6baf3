"""MinHash signatures equal to datasketch's bit for bit, and their band keys.

Two schemes of ekzhu/datasketch 2.0, reimplemented. The input hash is the first four bytes of SHA-1.
`affine32`, the default since 2.0: the hash is mixed by MurmurHash3's 32-bit finaliser, permutation i is a_i * h + b_i
mod 2^32 with odd a_i, and a, b are drawn as two blocks. `legacy`, in earlier versions: the low 32 bits of a_i * h + b_i
mod 2^61 - 1, with a_i, b_i drawn alternately. Signatures of the two schemes cannot be compared.
"""

import functools

import numpy as np
import numpy.typing as npt

from sluice.core.config.dedup import MinHashConfig
from sluice.core.ids import GOLDEN_GAMMA
from sluice.text.dedup.kernels import minhash as kernels

Signature = npt.NDArray[np.uint32]


@functools.cache
def permutations(count: int, seed: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Returns the multipliers a (odd) and offsets b of `affine32`, [count] uint32 each."""
    random = np.random.RandomState(seed)
    a = random.randint(0, 1 << 31, size=count, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    b = random.randint(0, 1 << 32, size=count, dtype=np.uint64)
    return a.astype(np.uint32), b.astype(np.uint32)


@functools.cache
def legacy_permutations(count: int, seed: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Returns the multipliers a >= 1 and offsets b of `legacy`, below 2^61 - 1, [count] uint64 each."""
    random = np.random.RandomState(seed)
    prime = int(kernels.MERSENNE)
    pairs = [[random.randint(low, prime, dtype=np.uint64) for low in (1, 0)] for _ in range(count)]
    a, b = np.array(pairs, np.uint64).T
    return np.ascontiguousarray(a), np.ascontiguousarray(b)


def signature(hashes: npt.NDArray[np.uint64], minhash: MinHashConfig) -> Signature:
    """Returns [bands x rows] uint32: the minimum of each permutation over the shingle hashes [n] uint64, n >= 1.

    Uses only the lower half of each hash: the first four bytes of SHA-1.
    """
    words = hashes.astype(np.uint32)
    count = minhash.bands * minhash.rows
    result = np.empty(count, np.uint32)
    if minhash.scheme == "legacy":
        kernels.sign_legacy(words, *legacy_permutations(count, minhash.seed), result)
    else:
        kernels.sign(words, *permutations(count, minhash.seed), result)
    return result


def band_keys(signatures: npt.NDArray[np.uint32], minhash: MinHashConfig) -> npt.NDArray[np.int64]:
    """Returns a 64-bit key per document and band, [n, bands] int64, from signatures [n, bands x rows].

    Equal keys mean equal rows of the same band, except for 64-bit collisions, which verification rules out.
    """
    n = len(signatures)
    rows = signatures.reshape(n, minhash.bands, minhash.rows).astype(np.uint64)  # [n, bands, rows]
    gamma = np.uint64(GOLDEN_GAMMA)
    keys = np.broadcast_to(np.arange(1, minhash.bands + 1, dtype=np.uint64) * gamma, (n, minhash.bands))
    for row in range(minhash.rows):
        keys = _mix64(keys ^ rows[:, :, row]) + gamma
    return keys.view(np.int64)


def _mix64(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Applies SplitMix64's finaliser element by element, as `core.ids.mix64`."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
