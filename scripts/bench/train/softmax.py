"""Measures memory and time of the softmax over a large vocabulary: full, chunked (same result) and sampled.

    python -m scripts.bench.train.softmax --vocab 100000 --tokens 4096

Computes loss and gradients of hidden vectors, weights and bias, with two threads; the kinds take turns in separate
processes. Memory is the peak of the process minus its peak before the first step; it is also given without the gradient
of the weights, which all kinds need.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

THREADS = 2


def measure(kind: str, options: argparse.Namespace) -> None:
    """Print memory and the seconds of each step as JSON."""
    import numpy as np
    import tensorflow as tf

    from sluice.train.loss import chunked_cross_entropy, cross_entropy, sampled_cross_entropy
    from sluice.train.reporter import peak_memory_bytes

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    random = np.random.default_rng(1)
    N, P, V = options.tokens, options.width, options.vocab
    hidden = tf.Variable(random.normal(size=(N, P)).astype(np.float32))
    weights = tf.Variable(0.05 * random.normal(size=(V, P)).astype(np.float32))  # tied: [V, P]
    bias, targets = tf.Variable(tf.zeros(V)), tf.constant(random.integers(V, size=N), tf.int32)
    counts, uniform = tf.ones(N), tf.constant(random.uniform(size=options.sampled), tf.float32)

    @tf.function
    def step() -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            h, w, b = (tf.convert_to_tensor(v) for v in (hidden, weights, bias))
            if kind == "chunked":
                nll = chunked_cross_entropy(h, w, b, targets, counts, chunk=options.chunk, tied=True)
            elif kind == "sampled":
                nll = sampled_cross_entropy(h, w, b, targets, counts, uniform=uniform, tied=True)
            else:
                nll = cross_entropy(tf.matmul(h, w, transpose_b=True) + b, targets, counts)
        return nll.total, tape.gradient(nll.total, [hidden, weights, bias])

    before, seconds = peak_memory_bytes(), []
    for _ in range(options.steps + 1):
        began = time.perf_counter()
        total, gradients = step()
        norm = float(sum(tf.reduce_sum(tf.square(tf.convert_to_tensor(g))) for g in gradients))
        seconds.append(time.perf_counter() - began)
    found = {"loss": float(total), "square": norm, "bytes": peak_memory_bytes() - before, "seconds": seconds[1:]}
    print(json.dumps(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vocab", type=int, default=100_000)
    parser.add_argument("--tokens", type=int, default=4096)
    parser.add_argument("--width", type=int, default=256, help="width of the hidden vectors (256)")
    parser.add_argument("--chunk", type=int, default=512, help="words per chunk (512)")
    parser.add_argument("--sampled", type=int, default=8192, help="number of sampled words (8192)")
    parser.add_argument("--steps", type=int, default=4, help="steps per process (4)")
    parser.add_argument("--rounds", type=int, default=3, help="processes per kind (3)")
    parser.add_argument("--kind", choices=["full", "chunked", "sampled"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.kind:
        measure(options.kind, options)
        return
    shared = 4 * options.vocab * (options.width + 1)
    print(
        f"{options.tokens:,} tokens, {options.vocab:,} words, {options.width} wide, chunks of {options.chunk} words\n"
    )
    print("| softmax | s/step | memory, MB | without the weights' gradient | loss | square of the gradient |")
    print("|---|---|---|---|---|---|")
    kinds = ("full", "chunked", "sampled")
    found = [(kind, run(kind)) for _ in range(options.rounds) for kind in kinds]
    for kind in kinds:
        mine = [values for of, values in found if of == kind]
        seconds = statistics.median(s for values in mine for s in values["seconds"])
        extra = statistics.median(values["bytes"] for values in mine) / 1e6
        print(
            f"| {kind} | {seconds:.2f} | {extra:,.0f} | {extra - shared / 1e6:,.0f} | "
            f"{mine[0]['loss']:,.2f} | {mine[0]['square']:.6g} |"
        )


def run(kind: str) -> dict[str, Any]:
    """Run `measure` in a separate process and return its output."""
    command = [sys.executable, __file__, *sys.argv[1:], "--kind", kind]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, check=True)
    values: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return values


if __name__ == "__main__":
    main()
