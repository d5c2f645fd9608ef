"""The music of a song as links of iReal Pro hold it: abbreviated and scrambled."""

from __future__ import annotations

import re

PREFIX = "1r34LbKcu7"  # of scrambled music
_BLOCK = 50  # characters that are scrambled together
# Characters that change places with those as far from the end of the block.
_SWAPPED = (*range(5), *range(10, 24))
_ABBREVIATIONS = {"   ": "XyQ", "| x": "Kcl", " |": "LZ"}
_ABBREVIATED = re.compile("|".join(map(re.escape, _ABBREVIATIONS)))


def scrambled(music: str) -> str:
    """Music as a link holds it, with its prefix. `unscrambled` is the inverse for music without one
    of the abbreviations in it, such as a title with `LZ`.

    >>> scrambled("[T44C   |G7   ]")
    '1r34LbKcu7[T44CXyQ|G7XyQ]'
    """
    short = _ABBREVIATED.sub(lambda sign: _ABBREVIATIONS[sign[0]], music)
    return PREFIX + _permuted(short)


def unscrambled(text: str) -> str:
    """The music of a link without the prefix, in plain signs.

    >>> unscrambled("[T44CXyQ|G7XyQ]")
    '[T44C   |G7   ]'
    """
    music = _permuted(text)
    for sign, short in _ABBREVIATIONS.items():
        music = music.replace(short, sign)
    return music


def _permuted(text: str) -> str:
    """The text with its whole blocks permuted, which is its own inverse. The last characters stay
    in place, 51 at most: a block is permuted only if two or more characters follow it."""
    blocks, start = [], 0
    while len(text) - start > _BLOCK + 1:
        block = list(text[start : start + _BLOCK])
        for at in _SWAPPED:
            block[at], block[-1 - at] = block[-1 - at], block[at]
        blocks.append("".join(block))
        start += _BLOCK
    return "".join(blocks) + text[start:]
