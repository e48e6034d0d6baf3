"""The section `classifier`: training of a text classifier on labelled texts."""

from typing import Literal

from sluice.core.config.section import CountInt, Fraction, PositiveFloat, PositiveInt, Section
from sluice.core.config.train import GloveConfig


class ClassifierConfig(Section):
    """A text classifier. It predicts a label rather than the next word, so it may read a text in both directions."""

    arch: Literal["textcnn", "bilstm_cls"] = "textcnn"
    """`textcnn`: convolutions over words with max-pooling (Kim 2014). `bilstm_cls`: the final states of a forward and a
    backward LSTM."""
    train: tuple[str, ...] = ()
    """JSON lines files (.jsonl, also .gz, .zst); each line has a text and a label."""
    valid: tuple[str, ...] = ()
    """Validation files, evaluated after every epoch. Empty: part of `train` is used, chosen by a hash of the text."""
    valid_fraction: Fraction = 0.1
    """Share of `train` used for validation if `valid` is empty."""
    text: str = "text"
    """Field that contains the text."""
    label: str = "label"
    """Field that contains the label, a string or an integer."""
    tokenizer: str = ""
    """Path of a tokenizer.json. Empty: build a word vocabulary from the training texts."""
    words: Literal["script", "whitespace"] = "script"
    """Word segmentation if `tokenizer` is empty. `script` also segments Chinese."""
    vocab_size: PositiveInt = 30_000
    """Maximum number of words in the vocabulary if `tokenizer` is empty."""
    min_frequency: PositiveInt = 2
    """Rarer words become `<unk>`. Applies if `tokenizer` is empty."""
    max_tokens: PositiveInt = 400
    """Number of tokens read from the start of each text; the rest is ignored."""
    embedding_dim: PositiveInt = 128
    """Width of the embedding."""
    hidden: PositiveInt = 128
    """For `bilstm_cls`: LSTM cells per direction."""
    windows: tuple[PositiveInt, ...] = (3, 4, 5)
    """For `textcnn`: widths of the convolutions, in words."""
    filters: PositiveInt = 100
    """For `textcnn`: number of convolutions per width."""
    dropout: Fraction = 0.5
    """Dropout rate before the last layer."""
    glove: GloveConfig = GloveConfig()
    """Initial values of the embedding."""
    batch_size: PositiveInt = 50
    """Texts per training step."""
    lr: PositiveFloat = 0.001
    """Learning rate of AdamW."""
    clip_norm: PositiveFloat = 3.0
    """Maximum global norm of the gradient."""
    epochs: PositiveInt = 8
    """Number of passes over the training texts."""
    seed: CountInt = 1
    """Seed of the initial values, dropout, the order of texts and the validation split."""
    out: str = "out/classifier"
    """Output directory."""
