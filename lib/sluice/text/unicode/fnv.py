"""The 64-bit FNV-1a hash of short names."""

FNV_START, FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


def fnv(data: bytes) -> int:
    """Computes 64-bit FNV-1a (Fowler, Noll, Vo), as the kernels do."""
    value = FNV_START
    for byte in data:
        value = ((value ^ byte) * FNV_PRIME) & 0xFFFFFFFFFFFFFFFF
    return value
