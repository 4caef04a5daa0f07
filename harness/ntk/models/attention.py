"""The model `attention`: one layer of self-attention over tokens.

Importing this module imports no library: what a model declares can be read at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta

from harness.declare import model
from harness.ntk.models._parameters import ABOUT_SCALES, BiasScale, LayerWidth, Several, WeightScale
from harness.ntk.specifications import Attending, ReadBy

if TYPE_CHECKING:
    from harness.ntk.component_model import ComponentModel


@model(
    "attention",
    about={
        **{name: about for name, about in ABOUT_SCALES.items() if name != "activation"},
        "tokens": "tokens into which the features are divided, of one length",
        "heads": "heads, each of `width` units",
        "width": "units of the embedding, and of every head's queries, keys and values",
        "attending": "scores q·k/width with queries for keys, q·k/√width, or none: all tokens count alike",
        "score_std": "scale of queries and of keys; w_std and b_std are of the two dense layers",
        "read_out": "what the output layer reads: all tokens side by side, or their average",
        "sampled": "random networks whose kernels are averaged, where no closed form is known (root)",
    },
)
def attention(
    *,
    tokens: Annotated[int, Meta(ge=1, le=1024)] = 2,
    heads: Several = 1,
    width: LayerWidth = 64,
    attending: Attending = "root",
    score_std: WeightScale = 1.0,
    read_out: ReadBy = "average",
    w_std: WeightScale = 1.5,
    b_std: BiasScale = 0.1,
    outputs: Several = 1,
    sampled: Annotated[int, Meta(ge=2, le=65_536)] = 64,
) -> ComponentModel:
    """One layer of self-attention between an embedding and a dense read-out, in NTK parameterization.

    Source: Vaswani et al. 2017 arXiv:1706.03762; infinitely wide: Hron et al. 2020 arXiv:2006.10540. With
    scores q·k/√width, its kernels are means over random networks, with standard errors.
    """
    from harness.ntk.attention import attention_model
    from harness.ntk.specifications import Attentive, Scales

    scales = Scales(w_std, b_std)
    net = Attentive(tokens, heads, width, attending, read_out, scales, score_std, outputs)
    return attention_model(net, sampled)
