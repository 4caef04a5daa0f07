"""A suite in which every string is hostile, for tests of what is made from it."""

from __future__ import annotations

import json

from harness.declare import NotCovered, Quantity, StageError, experiment, stage

TEXT = (
    "<script>alert(\"1\")</script> </details> <img src=x onerror='y'> | cell ||\\| `x` ``` *b* _i_ ~s~ &lt;"
    " [l](javascript:u) ![i](u) ]]> --> @octocat #1 https://evil.example www.evil.example ${{ secrets.X }}"
    " \u202e\u2066\u200b\ufffe\x00\x07\x1b[2J\x7f\x85\u2028 \n\n# h\n- l\n1. n\n::error::x\n<!-- "
) + "long " * 2000

SHOUT = {
    "loud": Quantity(TEXT, scale="linear", unit=TEXT, stage="loud"),
    "lost": Quantity(TEXT, stage="lost"),
    "lacking": Quantity(TEXT, stage="lacking"),
}


@experiment("shout", version=1, quantities=SHOUT, about={"word": TEXT}, precision=TEXT)
def shout(*, seed: int, word: str = "") -> dict[str, float]:
    """A number; a stage that fails, and one that lacks something, with `word` for a reason."""
    values = {"loud": 1.0 + seed / 1000}
    with stage("loud"):
        pass
    with stage("lost"):
        raise StageError(word)
    with stage("lacking"):
        raise NotCovered(word)
    return values


def toml(text: str) -> str:
    """`text` as a TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


_T = toml(TEXT)
SUITE = f"""\
[suite]
format = 2
title = {_T}
about = {_T}

[sources.someone]
title = {_T}
authors = [{_T}]
venue = {_T}
doi = {_T}
url = {_T}

[defaults]
seeds = 14

[experiments.shouts]
run = "hostile:shout"
with = {{ word = {_T} }}

[claims.wrong]
says = {toml(TEXT.replace("{", "{{").replace("}", "}}"))}
source = {{ cite = "someone", where = {_T}, stance = "disputes" }}
expect = "supported"
because = {_T}
experiment = "shouts"
at-most = {{ of = "loud", bound = 0.0 }}
control = {toml("none: " + TEXT)}

[claims.against]
says = "It is below nothing."
source = {{ cite = "someone", where = {_T}, stance = "asserts" }}
expect = "refuted"
because = {_T}
experiment = "shouts"
at-most = {{ of = "loud", bound = 0.0 }}

[claims.failing]
says = {toml(TEXT.replace("{", "{{").replace("}", "}}"))}
expect = "open"
experiment = "shouts"
at-most = {{ of = "lost", bound = 1.0 }}

[claims.absent]
says = "It is small."
expect = "open"
experiment = "shouts"
at-most = {{ of = "lacking", bound = 1.0 }}
"""
