"""Hashes of definitions that cover everything they refer to, by content and not by location."""

import hashlib
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping

from fc_pipeline.code_version.normal_form import Form, Symbol


def reached(start: Iterable[Symbol], form: Callable[[Symbol], Form]) -> set[Symbol]:
    """The symbols and everything that they refer to, directly or not."""
    symbols: set[Symbol] = set()
    waiting = set(start)
    while waiting:
        symbol = waiting.pop()
        symbols.add(symbol)
        waiting.update(target for link in form(symbol).links for target in link if target not in symbols)
    return symbols


def merkle_hashes(start: Iterable[Symbol], form: Callable[[Symbol], Form], hashes: dict[Symbol, str]) -> None:
    """Add the hash (64 hex digits) of every symbol that is reached from `start` and has none yet.

    The hash of a symbol covers its normal form and the hashes of the definitions it refers to, in order. Symbols
    that refer to each other in a circle are hashed together: see `_hash_component`.
    """
    for component in _components(start, form, hashes):
        _hash_component({symbol: form(symbol) for symbol in component}, hashes)


def _hash_component(forms: dict[Symbol, Form], hashes: dict[Symbol, str]) -> None:
    """Colour refinement: a colour covers the colours of the referenced symbols, until no more symbols differ by it.

    All colours of the component are in each hash: with equal sets of colours two components behave alike.
    """
    colours = {symbol: form.digest for symbol, form in forms.items()}
    num_colours = 0
    while len(set(colours.values())) > num_colours:
        num_colours = len(set(colours.values()))
        known = ChainMap(colours, hashes)
        colours = {symbol: _hash(form.digest, _targets(form, known)) for symbol, form in forms.items()}
    if len(forms) == 1:
        hashes.update(colours)
    else:
        every = sorted(set(colours.values()))
        hashes.update({symbol: _hash(colour, every) for symbol, colour in colours.items()})


def _targets(form: Form, hashes: Mapping[Symbol, str]) -> Iterator[str]:
    return (" ".join(sorted(hashes[symbol] for symbol in link)) for link in form.links)


def _hash(first: str, others: Iterable[str]) -> str:
    return hashlib.sha256("\n".join((first, *others)).encode()).hexdigest()


def _components(
    start: Iterable[Symbol], form: Callable[[Symbol], Form], done: dict[Symbol, str]
) -> Iterator[list[Symbol]]:
    """Strongly connected components (Tarjan 1972), referenced ones first; without those that are `done`.

    Iterative, so that a long chain of references does not overflow the stack.
    """
    number: dict[Symbol, int] = {}
    lowest: dict[Symbol, int] = {}
    open_symbols: list[Symbol] = []
    is_open: set[Symbol] = set()

    def enter(symbol: Symbol) -> tuple[Symbol, Iterator[Symbol]]:
        number[symbol] = lowest[symbol] = len(number)
        open_symbols.append(symbol)
        is_open.add(symbol)
        return symbol, iter(dict.fromkeys(target for link in form(symbol).links for target in link))

    for root in start:
        path = [] if root in number or root in done else [enter(root)]
        while path:
            symbol, targets = path[-1]
            for target in targets:
                if target in is_open:
                    lowest[symbol] = min(lowest[symbol], number[target])
                elif target not in number and target not in done:
                    path.append(enter(target))
                    break
            else:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[symbol])
                if lowest[symbol] == number[symbol]:
                    component = [open_symbols.pop()]
                    while component[-1] != symbol:
                        component.append(open_symbols.pop())
                    is_open.difference_update(component)
                    yield component
