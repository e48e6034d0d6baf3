"""The section `classifier`: from labelled texts to a network that predicts their labels."""

from typing import Literal

from sluice.core.config.section import CountInt, Fraction, PositiveFloat, PositiveInt, Section
from sluice.core.config.train import GloveConfig


class ClassifierConfig(Section):
    """A text classifier. It predicts a label, not the next word, so it may read a text in both directions."""

    arch: Literal["textcnn", "bilstm_cls"] = "textcnn"
    """`textcnn`: convolutions over words with max-pooling (Kim 2014). `bilstm_cls`: the last states of an LSTM
    in each direction."""
    train: tuple[str, ...] = ()
    """JSON lines files (.jsonl, also .gz, .zst) with a text and a label per line."""
    valid: tuple[str, ...] = ()
    """Validation files, evaluated after every epoch; empty: a share of `train`, chosen by a hash of the text."""
    valid_fraction: Fraction = 0.1
    """Share of `train` used for validation if `valid` is empty."""
    text: str = "text"
    """Field that contains the text."""
    label: str = "label"
    """Field that contains the label, a text or a whole number."""
    tokenizer: str = ""
    """Path of a tokenizer.json; empty: a word vocabulary from the training texts."""
    words: Literal["script", "whitespace"] = "script"
    """Word segmentation without a tokenizer; `script` segments Chinese."""
    vocab_size: PositiveInt = 30_000
    """Maximum size of the vocabulary, without a tokenizer."""
    min_frequency: PositiveInt = 2
    """Words with fewer occurrences become `<unk>`, without a tokenizer."""
    max_tokens: PositiveInt = 400
    """Number of tokens to read from the start of each text."""
    embedding_dim: PositiveInt = 128
    """Width of the embedding."""
    hidden: PositiveInt = 128
    """For `bilstm_cls`: cells per direction."""
    windows: tuple[PositiveInt, ...] = (3, 4, 5)
    """For `textcnn`: widths of the convolutions, in words."""
    filters: PositiveInt = 100
    """For `textcnn`: convolutions per width."""
    dropout: Fraction = 0.5
    """Dropout rate before the last layer."""
    glove: GloveConfig = GloveConfig()
    """Initial values of the embedding."""
    batch_size: PositiveInt = 50
    """Texts per step."""
    lr: PositiveFloat = 0.001
    """Learning rate of AdamW."""
    clip_norm: PositiveFloat = 3.0
    """Maximum global norm of the gradient."""
    epochs: PositiveInt = 8
    """Passes over the training texts."""
    seed: CountInt = 1
    """Seed for initial values, dropout, order and split."""
    out: str = "out/classifier"
    """Output directory."""
