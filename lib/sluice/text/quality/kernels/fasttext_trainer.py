"""Kernel for stochastic gradient descent of fastText's supervised softmax model: one thread, in example order."""

import math

import numpy as np

from sluice.text.jit import array_kernel


@array_kernel
def descend(features, offsets, targets, inputs, outputs, lr, epochs):
    """Trains `inputs` [rows, dim] and `outputs` [labels, dim], float32, in place.

    Example i has the rows `features[offsets[i]:offsets[i + 1]]` of `inputs` and the label `targets[i]`. Its hidden
    vector is the mean of these rows. The rate decreases linearly from `lr` to 0 over all examples of all epochs.
    """
    num_labels, dim = outputs.shape
    count = len(targets)
    hidden, gradient = np.zeros(dim, np.float32), np.zeros(dim, np.float32)
    odds = np.zeros(num_labels, np.float32)
    for step in range(epochs * count):
        i = step % count
        start, end = offsets[i], offsets[i + 1]
        if start == end:
            continue
        rate = np.float32(lr * (1.0 - step / (epochs * count)))
        scale = np.float32(1.0 / (end - start))
        hidden[:] = 0
        for k in range(start, end):
            for d in range(dim):
                hidden[d] += inputs[features[k], d]
        top = np.float32(-np.inf)
        for label in range(num_labels):
            odds[label] = 0
            for d in range(dim):
                odds[label] += outputs[label, d] * hidden[d] * scale
            top = max(top, odds[label])
        total = np.float32(0)
        for label in range(num_labels):
            odds[label] = math.exp(odds[label] - top)
            total += odds[label]
        gradient[:] = 0
        for label in range(num_labels):
            target = np.float32(1 if label == targets[i] else 0)
            alpha = rate * (target - odds[label] / total)
            for d in range(dim):
                gradient[d] += alpha * outputs[label, d]
                outputs[label, d] += alpha * hidden[d] * scale
        for k in range(start, end):
            for d in range(dim):
                inputs[features[k], d] += gradient[d] * scale
