"""The section `classifier`: labelled texts to a network that tells their labels."""

from typing import Literal

from sluice.core.config.section import CountInt, Fraction, PositiveFloat, PositiveInt, Section
from sluice.core.config.train import GloveConfig


class ClassifierConfig(Section):
    """A network over a whole text, which may read it in both directions: it predicts a label, not the next word."""

    arch: Literal["textcnn", "bilstm_cls"] = "textcnn"
    """`textcnn`: convolutions over words and the largest answer of each (Kim 2014). `bilstm_cls`: an LSTM each way and
    their last states."""
    train: tuple[str, ...] = ()
    """JSON lines (.jsonl, also .gz, .zst) with a text and a label."""
    valid: tuple[str, ...] = ()
    """The same, judged after every epoch; none named: a share of `train`, by a hash of the text."""
    valid_fraction: Fraction = 0.1
    """That share."""
    text: str = "text"
    """Field of the text."""
    label: str = "label"
    """Field of the label, a text or a whole number."""
    tokenizer: str = ""
    """A tokenizer.json; empty: the words of the training texts."""
    words: Literal["script", "whitespace"] = "script"
    """How words are found without a tokenizer; `script` segments Chinese."""
    vocab_size: PositiveInt = 30_000
    """Words that are told apart at most, without a tokenizer."""
    min_frequency: PositiveInt = 2
    """Rarer words are unknown, without a tokenizer."""
    max_tokens: PositiveInt = 400
    """Of a text only its first tokens are read."""
    embedding_dim: PositiveInt = 128
    """Width of the embedding."""
    hidden: PositiveInt = 128
    """`bilstm_cls`: cells of each direction."""
    windows: tuple[PositiveInt, ...] = (3, 4, 5)
    """`textcnn`: words that a convolution sees."""
    filters: PositiveInt = 100
    """`textcnn`: convolutions of each width."""
    dropout: Fraction = 0.5
    """Before the last layer."""
    glove: GloveConfig = GloveConfig()
    """First values of the embedding."""
    batch_size: PositiveInt = 50
    """Texts per step."""
    lr: PositiveFloat = 0.001
    """Learning rate of AdamW."""
    clip_norm: PositiveFloat = 3.0
    """Largest global norm of a gradient."""
    epochs: PositiveInt = 8
    """Passes over the training texts."""
    seed: CountInt = 1
    """Of first values, dropout, order and split."""
    out: str = "out/classifier"
    """Directory that is written."""
