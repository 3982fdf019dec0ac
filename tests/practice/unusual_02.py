"""Answers to lesson 2's exercises: right ones that do not look like the solution, and wrong ones in other words."""

from __future__ import annotations

from functools import reduce

import numpy as np
import torch
from torch import nn

# --- right answers ---------------------------------------------------------------------------------------


def output_size_by_counting(size, kernel, stride, padding):
    rows = size + 2 * padding
    return len([top for top in range(0, rows, stride) if top + kernel <= rows])


def output_size_by_torch(size, kernel, stride, padding):
    return nn.Conv1d(1, 1, kernel, stride, padding)(torch.zeros(1, 1, size)).shape[-1]


def output_size_with_floats(size, kernel, stride, padding):
    return torch.tensor([np.floor((size + 2 * padding - kernel + stride) / stride)])


def weights_of_modules(k, t, channels):
    pair = [nn.Conv2d(channels, channels, kernel, bias=False) for kernel in ((k, t), (t, k))]
    return sum(weight.numel() for layer in pair for weight in layer.parameters())


def weights_as_float(k, t, channels):
    return 2.0 * k * t * channels**2


def split_in_numpy_by_roots(kernel):
    u, s, vh = np.linalg.svd(kernel.numpy(), full_matrices=False)
    return [u[:, 0] * np.sqrt(s[0]), np.sqrt(s[0]) * vh[0]]


def split_with_the_other_sign(kernel):
    u, s, v = torch.svd(kernel.double())
    return (-3 * u[:, 0]).tolist(), (-s[0] / 3 * v[:, 0]).tolist()


def split_by_eigenvectors(kernel):
    row = torch.linalg.eigh(kernel.T @ kernel).eigenvectors[:, -1]
    return kernel @ row, row


def receptive_field_backwards(layers):
    return reduce(lambda seen, layer: (seen - 1) * layer[1] + layer[0], reversed(layers), 1)


def receptive_field_by_range(layers):
    """The first and the last row that one output sees, traced back through the layers."""
    first = last = 0
    for kernel, stride in layers[::-1]:
        first, last = first * stride, last * stride + kernel - 1
    return float(last - first + 1)


def macs_by_counting(height, width, in_channels, out_channels, kernel_h, kernel_w):
    shape = nn.Conv2d(in_channels, out_channels, (kernel_h, kernel_w))(torch.zeros(in_channels, height, width)).shape
    return shape.numel() * kernel_h * kernel_w * in_channels


def macs_in_other_order(height, width, in_channels, out_channels, kernel_h, kernel_w):
    one_number = in_channels * kernel_h * kernel_w
    return float(one_number * out_channels * (height - (kernel_h - 1)) * (width - (kernel_w - 1)))


UNUSUAL = {
    "02.output_size": [output_size_by_counting, output_size_by_torch, output_size_with_floats],
    "02.weights_of_pair": [weights_of_modules, weights_as_float],
    "02.split_kernel": [split_in_numpy_by_roots, split_with_the_other_sign, split_by_eigenvectors],
    "02.receptive_field": [receptive_field_backwards, receptive_field_by_range],
    "02.macs": [macs_by_counting, macs_in_other_order],
}

# --- wrong answers: (exercise, answer, what the message says) --------------------------------------------


def weights_of_modules_as_they_come(k, t, channels):
    pair = nn.Sequential(nn.Conv2d(channels, channels, (k, t)), nn.Conv2d(channels, channels, (t, k)))
    return sum(weight.numel() for weight in pair.parameters())


def split_in_numpy_by_v(kernel):
    u, s, v = np.linalg.svd(kernel.numpy())
    return u[:, 0] * s[0], v[:, 0]


def split_left_as_matrices(kernel):
    u, s, vh = torch.linalg.svd(kernel)
    return s[0] * u[:, :1], vh[:1]


def split_put_together_again(kernel):
    u, s, vh = torch.linalg.svd(kernel)
    return s[0] * torch.outer(u[:, 0], vh[0])


def receptive_field_by_product(layers):
    return int(np.prod([kernel for kernel, _ in layers]))


def macs_of_a_padded_layer(height, width, in_channels, out_channels, kernel_h, kernel_w):
    return nn.Conv2d(in_channels, out_channels, (kernel_h, kernel_w)).weight.numel() * height * width


OTHERWISE_WRONG = [
    ("02.output_size", lambda n, k, s, p: (n - k + p) // s + 1, "You added the padding once"),
    ("02.output_size", lambda n, k, s, p: n, "The values differ"),
    ("02.weights_of_pair", weights_of_modules_as_they_come, "You counted the biases too"),
    ("02.weights_of_pair", lambda k, t, c: (k * t, t * k), "has the shape [2]; expected was of a single number"),
    ("02.split_kernel", split_in_numpy_by_v, "column[i] · row[j]: "),
    ("02.split_kernel", split_left_as_matrices, "Shape of the column: [2, 1], expected: [2]."),
    ("02.split_kernel", split_put_together_again, "It returns a pair (column, row): no, expected: yes."),
    ("02.split_kernel", lambda kernel: ("a", "b"), "It returns a pair (column, row): no"),
    ("02.receptive_field", receptive_field_by_product, "You multiplied the kernels"),
    ("02.receptive_field", lambda layers: [k for k, _ in layers], "has the shape [2]"),
    ("02.macs", macs_of_a_padded_layer, "the picture that goes in"),
    ("02.macs", lambda h, w, i, o, kh, kw: (h - kh + 1) * (w - kw + 1) * kh * kw, "The values differ"),
]
