"""Remember everything that a training step can change, and put it back."""

from __future__ import annotations

import random
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

# Nested objects; bytes of tensors that belong to no network and no optimizer, such as pictures that a step refers to.
_DEEPEST, _ROOM = 6, 32 << 20
_PLAIN = (int, float, complex, str, bytes, bool, type(None), types.ModuleType, type, torch.dtype, torch.device)


class Snapshot:
    """The state of things as it was, and of all random numbers; `restore` may be called often.

    It follows models (weights, buffers, gradients, modes), optimizers, schedulers, scalers, lists, dicts and what a
    function's closure and globals hold, into objects that they hold. Not into datasets, and not into generators; of
    tensors that are neither a network's nor an optimizer's, 32 MB at most.

    Args:
        things: models, optimizers, functions and so on.
    """

    def __init__(self, *things: Any):
        self._undo: list[Callable[[], None]] = [random_state()]
        self._known: dict[int, Any] = {}  # by id; kept, so that no id is used again
        self._room, self._owned = _ROOM, 0
        for thing in things:
            self._take(thing, 0)

    def restore(self) -> None:
        """Put everything back."""
        for undo in self._undo:
            undo()

    def reached(self, kind: type) -> list[Any]:
        """All objects of that class that were come across, such as the optimizers in a step's closure."""
        return [thing for thing in self._known.values() if isinstance(thing, kind)]

    def _take(self, thing: Any, depth: int) -> None:
        if isinstance(thing, _PLAIN) or id(thing) in self._known or depth > _DEEPEST:
            return
        self._known[id(thing)] = thing
        if isinstance(thing, Tensor):
            self._take_tensor(thing)
        elif isinstance(thing, torch.Generator):
            state = thing.get_state()
            self._undo.append(lambda: _put_generator(thing, state))
        elif isinstance(thing, np.random.Generator):
            numbers = thing.bit_generator.state
            self._undo.append(lambda: setattr(thing.bit_generator, "state", numbers))
        elif isinstance(thing, list | dict | set):
            self._take_container(thing, depth)
        elif isinstance(thing, tuple):
            self._take_all(thing, depth)
        elif isinstance(thing, types.FunctionType | types.MethodType):
            self._take_function(thing, depth)
        elif hasattr(thing, "__dict__") and not isinstance(
            thing, torch.utils.data.Dataset | torch.utils.data.DataLoader
        ):
            self._take_object(thing, depth)

    def _take_tensor(self, tensor: Tensor) -> None:
        if not tensor.is_leaf:
            return
        if not self._owned and not tensor.requires_grad:
            if tensor.nbytes > self._room:
                del self._known[id(tensor)]  # an optimizer may come that owns it
                return
            self._room -= tensor.nbytes
        wants, grad, value = tensor.requires_grad, tensor.grad, tensor.detach().clone()
        grad_value = None if grad is None else grad.detach().clone()

        def undo() -> None:
            with torch.no_grad():
                _put(tensor, value)
                tensor.requires_grad_(wants)
                if grad is not None:
                    _put(grad, grad_value)
                tensor.grad = grad

        self._undo.append(undo)

    def _take_container(self, thing: Any, depth: int) -> None:
        members = thing.copy() if not isinstance(thing, dict) else dict(thing.items())

        def undo() -> None:
            thing.clear()
            thing.extend(members) if isinstance(thing, list) else thing.update(members)

        self._undo.append(undo)
        values = members.values() if isinstance(members, dict) else members
        self._take_all(list(values)[:2000], depth)

    def _take_all(self, things: Any, depth: int) -> None:
        for thing in things:
            self._take(thing, depth + 1)

    def _take_object(self, thing: Any, depth: int) -> None:
        before = dict(vars(thing))

        def undo() -> None:
            if vars(thing).keys() != before.keys() or any(vars(thing)[key] is not before[key] for key in before):
                vars(thing).clear()
                vars(thing).update(before)

        self._undo.append(undo)
        owner = isinstance(thing, nn.Module | torch.optim.Optimizer)
        self._owned += owner
        # Layers in layers are no deeper than the network: it may have a hundred of them in each other.
        self._take_all(before.values(), depth - 1 if isinstance(thing, nn.Module) else depth)
        self._owned -= owner

    def _take_function(self, function: Any, depth: int) -> None:
        if isinstance(function, types.MethodType):
            self._take(function.__self__, depth + 1)
            function = function.__func__
        for cell in function.__closure__ or ():
            self._take_cell(cell, depth)
        self._take_all([*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()], depth)
        for name in _names(function.__code__):
            if name in function.__globals__:
                self._take_global(function.__globals__, name, depth)

    def _take_cell(self, cell: Any, depth: int) -> None:
        try:
            value = cell.cell_contents
        except ValueError:  # not filled yet
            return
        self._undo.append(lambda: setattr(cell, "cell_contents", value))
        self._take(value, depth + 1)

    def _take_global(self, names: dict[str, Any], name: str, depth: int) -> None:
        value = names[name]
        # Functions and classes of libraries are theirs; those that stand beside the step are the learner's.
        if isinstance(value, types.FunctionType) and value.__globals__ is not names:
            return
        if isinstance(value, type | types.ModuleType | types.BuiltinFunctionType):
            return
        self._undo.append(lambda: names.__setitem__(name, value))
        self._take(value, depth + 1)


def _names(code: types.CodeType) -> set[str]:
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return set(code.co_names).union(*map(_names, inner))


def _put(tensor: Tensor, value: Tensor | None) -> None:
    assert value is not None
    if tensor.shape == value.shape and tensor.device == value.device:
        tensor.detach().copy_(value)
    else:
        tensor.data = value.clone()


def _put_generator(generator: torch.Generator, state: Tensor) -> None:
    generator.set_state(state)


def random_state() -> Callable[[], None]:
    """A function that sets the random numbers of torch, CUDA, NumPy and Python to what they are now."""
    own, numbers, python = torch.get_rng_state(), np.random.get_state(), random.getstate()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() and torch.cuda.is_initialized() else []

    def undo() -> None:
        torch.set_rng_state(own)
        np.random.set_state(numbers)
        random.setstate(python)
        if cuda:
            torch.cuda.set_rng_state_all(cuda)

    return undo
