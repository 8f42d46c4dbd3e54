# Copyright: (c) 2026, barellama contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of all types and shapes, such as a careless or hostile inventory could hold."""

from __future__ import annotations

import random

ALPHABET = "ab09 -_.,:/*$'\"`\\\n\r\t\x00\x7f\u2028é५\ud800%=#[]{}"


def generated(seed):
    """200 values of all types, the same ones in every run."""
    dice = random.Random(seed)

    def text():
        return "".join(dice.choice(ALPHABET) for _place in range(dice.choice((0, 1, 3, 10, 5000))))

    def value(depth=0):
        makers = [text, text, lambda: dice.randrange(-(10**dice.choice((1, 3, 30, 5000))), 10**6), dice.random,
                  lambda: None, lambda: dice.choice((True, False)), lambda: float("nan"), lambda: float("inf"), lambda: b"x"]
        if depth < 3:
            makers += [lambda: [value(depth + 1) for _place in range(dice.randrange(4))],
                       lambda: {text(): value(depth + 1) for _place in range(dice.randrange(3))}]
        return dice.choice(makers)()

    return [value() for _round in range(200)]
