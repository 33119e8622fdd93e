"""Many networks of one architecture, held and evaluated as one stacked set of parameters."""

import copy
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call


class Population:
    """Networks of one architecture, their parameters stacked along a leading axis ``nets``.

    ``make(seed)`` builds one network; it is called once a seed, with PyTorch's global generator seeded by that seed and
    restored afterwards, so that modules which draw from it are reproducible too. Any ``nn.Module`` works, through
    ``torch.func.vmap``; a module with a method ``stacked(parameters, inputs)`` is evaluated by that instead.

    ``weights`` holds all parameters, (nets, parameters); `views` gives them by name as views into it, so what changes
    ``weights`` changes the networks. Buffers (running statistics, say) are stacked and used, never updated. Networks
    are functions: one that draws random numbers when it is evaluated, as Dropout does in training mode, is refused.

    >>> from landscape_lib.nets import MLP
    >>> nets = Population(lambda seed: MLP(d=4, h=8, L=2, seed=seed), seeds=range(5))
    >>> nets(torch.zeros(3, 4, dtype=nets.weights.dtype)).shape
    torch.Size([5, 3, 1])
    >>> len(nets.take([0, 3]))
    2
    """

    def __init__(
        self,
        make: Callable[[int], nn.Module],
        seeds: Iterable[int],
        *,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str | None = None,
    ) -> None:
        self.seeds = seeds = tuple(operator.index(seed) for seed in seeds)  # an array's integers are integers too
        if not seeds:
            raise ValueError("Population: no seeds given, need at least one; each makes a network")
        members = []
        for seed in seeds:
            with torch.random.fork_rng(devices=[]):
                torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed accelerators, for good
                members.append(make(seed).to(dtype=dtype, device=device))
        shapes = [{name: tuple(p.shape) for name, p in m.named_parameters()} for m in members]
        for seed, shape in zip(seeds, shapes, strict=True):
            if shape != shapes[0]:
                raise ValueError(
                    f"Population: seed {seed} made a network of shapes {shape}, seed {seeds[0]} of {shapes[0]}; "
                    "one population holds one architecture"
                )
        if not shapes[0]:
            raise ValueError(f"Population: {type(members[0]).__name__} has no parameters to stack")
        if any(isinstance(part, nn.modules.dropout._DropoutNd) and part.training for part in members[0].modules()):
            raise ValueError("Population: Dropout in training mode is not supported; call .eval() on the network")
        self.shapes = shapes[0]
        self.module = copy.deepcopy(members[0]).requires_grad_(False)
        self.weights: Float[Tensor, "nets parameters"] = torch.stack(
            [torch.cat([p.detach().flatten() for p in m.parameters()]) for m in members]
        )
        self.buffers = {
            name: torch.stack([dict(m.named_buffers())[name] for m in members])
            for name, _ in self.module.named_buffers()
        }

    def __len__(self) -> int:
        return self.weights.shape[0]

    def __repr__(self) -> str:
        return f"Population({len(self)} × {type(self.module).__name__}, {self.weights.shape[1]} parameters each)"

    def views(self, weights: Float[Tensor, "nets parameters"] | None = None) -> dict[str, Tensor]:
        """The parameters by name, (nets, …) each, as views into ``weights`` (the population's own by default)."""
        weights = self.weights if weights is None else weights
        parts = weights.split([math.prod(shape) for shape in self.shapes.values()], dim=1)
        return {
            name: part.unflatten(1, shape) if shape else part[:, 0]
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    def evaluate(
        self,
        parameters: Mapping[str, Tensor],
        inputs: Float[Tensor, "*nets points features"],
        nets: slice = slice(None),
    ) -> Float[Tensor, "_ points outputs"]:
        """f with the given stacked ``parameters``, differentiable in them; ``nets`` says whose they are, if not all."""
        if callable(stacked := getattr(self.module, "stacked", None)):
            return stacked(parameters, inputs)

        def call(parameters: dict[str, Tensor], buffers: dict[str, Tensor], inputs: Tensor) -> Tensor:
            return functional_call(self.module, {**parameters, **buffers}, (inputs,))

        shared = None if inputs.ndim == 2 else 0
        # Copies: a BatchNorm in training mode updates the buffers that it is given.
        buffers = {name: value[nets].clone() for name, value in self.buffers.items()}
        if len(next(iter(parameters.values()))) == 1:  # vmap has slow convolutions of its own
            own, state = ({name: value[0] for name, value in held.items()} for held in (parameters, buffers))
            return call(own, state, inputs if shared is None else inputs[0])[None]
        return torch.func.vmap(call, in_dims=(0, 0, shared))(dict(parameters), buffers, inputs)

    def pullback(
        self,
        weights: Float[Tensor, "nets parameters"],
        inputs: Float[Tensor, "*nets points features"],
        nets: slice = slice(None),
    ) -> tuple[Float[Tensor, "_ points outputs"], Callable[[Tensor], Tensor]]:
        """f at the given ``weights``, and the map from ∂𝓛/∂f, of the outputs' shape, to ∂𝓛/∂w, (nets, parameters).

        A module may offer ``pullback(parameters, inputs)``, back-propagation by hand; else ``torch.autograd`` does it.
        """
        if inputs.ndim == 3 and callable(by_hand := getattr(self.module, "pullback", None)):
            with torch.no_grad():
                result = by_hand(self.views(weights), inputs)
            if result is not None:
                return result
        leaf = weights.detach().requires_grad_()
        outputs = self.evaluate(self.views(leaf), inputs, nets)

        def pull(cotangent: Tensor) -> Tensor:
            (gradient,) = torch.autograd.grad(outputs, leaf, cotangent)
            return gradient

        return outputs.detach(), pull

    def blocks(self, points: int) -> list[slice]:
        """The networks in blocks whose activations on ``points`` inputs fit a processor's cache.

        Stacking saves the fixed cost of each operation, until a layer's activations, (nets, width, points), outgrow the
        cache: beyond some 130,000 numbers a stack is slower than its blocks one after another (benchmarks/).
        """
        if self.weights.device.type != "cpu":
            return [slice(0, len(self))]
        width = max((shape[0] for shape in self.shapes.values() if shape), default=1)
        size = max(1, 2**17 // max(1, width * points))
        return [slice(start, start + size) for start in range(0, len(self), size)]

    def checked(self, inputs: Tensor) -> Tensor:
        """``inputs``, if these networks can take them."""
        if not (inputs.ndim == 2 or (inputs.ndim == 3 and len(inputs) == len(self))):
            raise ValueError(
                f"inputs have shape {tuple(inputs.shape)}, need (points, features) shared by all, or "
                f"({len(self)}, points, features), one set a network"
            )
        if inputs.dtype != self.weights.dtype or inputs.device != self.weights.device:
            raise ValueError(
                f"inputs are {inputs.dtype} on {inputs.device}, the networks {self.weights.dtype} on "
                f"{self.weights.device}; bring them together with .to(…)"
            )
        return inputs

    def __call__(self, inputs: Float[Tensor, "*nets points features"]) -> Float[Tensor, "_ points outputs"]:
        """f(x; w) of every network, (nets, points, outputs), on shared inputs or on one set of inputs a network."""
        inputs = self.checked(inputs)
        with torch.no_grad():
            return torch.cat(
                [
                    self.evaluate(self.views(self.weights[part]), inputs if inputs.ndim == 2 else inputs[part], part)
                    for part in self.blocks(inputs.shape[-2])
                ]
            )

    def take(self, nets: Sequence[int] | Tensor) -> "Population":
        """A new population of the given members, in the given order; it shares no memory with this one."""
        chosen = torch.as_tensor(nets, device=self.weights.device)
        if chosen.dtype == torch.bool:
            chosen = chosen.nonzero().flatten()
        taken = copy.copy(self)
        taken.weights = self.weights[chosen.long()]
        taken.buffers = {name: value[chosen.long()] for name, value in self.buffers.items()}
        taken.seeds = tuple(self.seeds[i] for i in chosen.tolist())
        return taken

    def member(self, net: int) -> nn.Module:
        """One network as a module of its own, with its own copy of the parameters."""
        return next(self._modules([net]))

    def each(self) -> Iterator[nn.Module]:
        """The networks one after another, all in one module: done with before the next comes, or take a `member`."""
        return self._modules(range(len(self)))

    def _modules(self, nets: Iterable[int]) -> Iterator[nn.Module]:
        module = copy.deepcopy(self.module).requires_grad_(True)
        held, state = [*module.named_parameters(), *module.named_buffers()], {**self.views(), **self.buffers}
        for net in nets:
            with torch.no_grad():  # not load_state_dict, which asks for tied weights twice and knows no unsaved buffers
                for name, value in held:
                    value.copy_(state[name][net])
            yield module
