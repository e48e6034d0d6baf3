"""Exports a trained model.

<out>/config.json             format 1: model settings, special ids, vocabulary size, provenance
     model.safetensors        parameters by their names in sluice, float32
     torch.safetensors        the same for torch: embed.weight, lstm.weight_ih_l0 …, proj.weight, head.weight,
                              head.bias; only if all layers are LSTMs of one width, as in nn.LSTM
     tokenizer.json, token_bytes.npy
     README.md                model card with training data and results
     saved_model/             signatures `step` (tokens, state → logits, state) and `nll` (tokens → nats per row)

Two exports of the same checkpoint have the same bytes, except saved_model/.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import tensorflow as tf
from safetensors.numpy import save

from sluice import __version__
from sluice.core.config.train import ModelConfig, TrainConfig
from sluice.core.errors import ConfigError
from sluice.train.evaluation.evaluate import Evaluation
from sluice.train.model.language_model import TrainableLanguageModel
from sluice.train.run_directory import RestoredModel, restore

FORMAT = 1
CARD = """\
---
library_name: sluice
tags: [language-model, {arch}]
---
# {name}

A language model of {parameters:,} parameters: p(next token | all tokens before), by {arch} with {layers} layers of
{hidden} cells over {vocab_size:,} tokens ({kind}). State is carried across steps.

## Data

Dataset `{dataset}` {version}, manifest SHA-256 `{manifest}`: {train_tokens:,} tokens of {train_docs:,} documents,
{train_bytes:,} bytes, read {epochs:.2f} times in {steps:,} steps. The tables of the run that made the dataset
contain the source and licence of each document and why it was kept.

## Results

{results}

Perplexity is exp(nats / tokens); every target is scored once, with carried state. `<eos>` is scored and has no bytes.

## Use

    sluice.text.quality.language_model.Scorer(directory).scores(texts)      # NumPy only
    tf.saved_model.load("saved_model").signatures["nll"](tokens=…)  # TensorFlow
    safetensors.torch.load_file("torch.safetensors")                # weights of nn.Embedding, nn.LSTM, nn.Linear

Generate text with `sluice generate` from the run itself. Generated text continues crawled pages and is not a statement
of fact.
"""


def export_run(config: TrainConfig) -> Path:
    """Export the best (or latest) checkpoint of a run to `train.export.out`, by default <run.out>/export."""
    restored = restore(config)
    out = Path(config.export.out or Path(config.run.out) / "export")
    if out.exists() and not (out / "config.json").exists() and any(out.iterdir()):
        raise ConfigError(f"{out} contains files that are not an export. Choose another train.export.out.")
    writing = out.with_name(f".{out.name}.writing")
    shutil.rmtree(writing, ignore_errors=True)
    writing.mkdir(parents=True)
    write_export(restored, writing)
    shutil.rmtree(out, ignore_errors=True)
    writing.rename(out)
    return out


def write_export(restored: RestoredModel, directory: Path) -> None:
    """Write all files to an existing directory."""
    model, dataset = restored.model, restored.dataset
    values = {name: variable.numpy() for name, variable in model.variables.items()}
    (directory / "model.safetensors").write_bytes(save(values))
    if is_torch_lstm(model.config):
        (directory / "torch.safetensors").write_bytes(save(torch_names(model.config, values)))
    for source in (dataset.tokenizer_path, dataset.path(dataset.manifest.token_bytes.file)):
        shutil.copyfile(source, directory / Path(source).name)
    results = evaluations(Path(restored.config.run.out), restored.facts.step)
    text = json.dumps(_config(restored, results), indent=2, ensure_ascii=False) + "\n"
    (directory / "config.json").write_text(text, encoding="utf-8")
    (directory / "README.md").write_text(_card(restored, results), encoding="utf-8")
    _saved_model(model, directory / "saved_model")


def evaluations(run: Path, step: int) -> list[Evaluation]:
    """Return the metrics of this step's checkpoint, from summary.json or evaluation.json; empty if not evaluated."""
    for name, key in (("evaluation.json", "step"), ("summary.json", "evaluated_step")):
        if (run / name).exists() and (found := json.loads((run / name).read_bytes()))[key] == step:
            fields = Evaluation.__struct_fields__
            return [Evaluation(**{key: split[key] for key in fields}) for split in found["splits"].values()]
    return []


def is_torch_lstm(config: ModelConfig) -> bool:
    """Whether torch's nn.LSTM computes the same function."""
    return config.arch == "lstm" or (config.arch == "awd_lstm" and config.embedding_dim == config.hidden)


def torch_names(config: ModelConfig, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return parameters by their names in nn.Embedding, nn.LSTM and nn.Linear. The second LSTM bias is zero."""
    named = {"embed.weight": values["embed.weight"]}
    for layer in range(config.layers):
        kernel, recurrent, bias = (values[f"lstm.{layer}.{part}"] for part in ("kernel", "recurrent_kernel", "bias"))
        named[f"lstm.weight_ih_l{layer}"] = np.ascontiguousarray(kernel.T)
        named[f"lstm.weight_hh_l{layer}"] = np.ascontiguousarray(recurrent.T)
        named[f"lstm.bias_ih_l{layer}"] = bias
        named[f"lstm.bias_hh_l{layer}"] = np.zeros_like(bias)
    if config.projection_dim:
        named["proj.weight"] = np.ascontiguousarray(values["proj.kernel"].T)
    head = values["embed.weight"] if config.tie_embeddings else values["softmax.kernel"].T
    return named | {"head.weight": np.ascontiguousarray(head), "head.bias": values["softmax.bias"]}


def _config(restored: RestoredModel, results: list[Evaluation]) -> dict[str, Any]:
    manifest = restored.dataset.manifest
    return {
        "format": FORMAT,
        "sluice": __version__,
        "model": msgspec.to_builtins(restored.config.model),
        "vocab_size": manifest.vocab_size,
        "ids": msgspec.to_builtins(manifest.ids),
        "dataset": {"name": manifest.name, "version": manifest.version, "sha256": restored.dataset.manifest_sha256},
        "step": restored.facts.step,
        "splits": {result.split: result.to_dict() for result in results},
    }


def _card(restored: RestoredModel, results: list[Evaluation]) -> str:
    config, manifest = restored.config, restored.dataset.manifest
    train = manifest.splits[config.data.train_split]
    seen = restored.facts.tokens / max(1, train.tokens)
    return CARD.format(
        arch=config.model.arch,
        name=f"{manifest.name} {config.model.arch}",
        parameters=sum(int(np.prod(variable.shape)) for variable in restored.model.variables.values()),
        layers=config.model.layers,
        hidden=config.model.hidden,
        vocab_size=manifest.vocab_size,
        kind=manifest.tokenizer.kind,
        dataset=manifest.name,
        version=manifest.version,
        manifest=restored.dataset.manifest_sha256,
        train_tokens=train.tokens,
        train_docs=train.docs,
        train_bytes=train.utf8_bytes,
        epochs=seen,
        steps=restored.facts.step,
        results="\n".join(f"- {result}" for result in results) or "Not evaluated yet; run `sluice evaluate`.",
    )


def _saved_model(trained: TrainableLanguageModel, directory: Path) -> None:
    config = msgspec.structs.replace(trained.config, kernel="loop")  # shapes are dynamic
    model = TrainableLanguageModel(config, trained.vocab_size, seed=0)
    model.assign({name: variable.numpy() for name, variable in trained.variables.items()})
    module = tf.Module()
    module.parameters = list(model.variables.values())  # tracked, so that they are saved
    tokens = tf.TensorSpec([None, None], tf.int32, "tokens")
    states = [
        tf.TensorSpec([None, *shape[1:]], tf.float32, f"state_{n}") for n, shape in enumerate(model.state_shapes(1))
    ]

    def step(tokens: Any, *state: Any) -> dict[str, tf.Tensor]:
        output = model.forward(tokens, state)
        shape = tf.shape(tokens)
        logits = tf.reshape(model.logits(output.hidden), [shape[1], shape[0], model.vocab_size])
        after = {f"state_{n}": part for n, part in enumerate(output.state)}
        return {"logits": tf.transpose(logits, [1, 0, 2]), **after}

    def nll(tokens: Any) -> dict[str, tf.Tensor]:
        batch = tf.shape(tokens)[0]
        state = [tf.zeros(tf.concat([[batch], shape[1:]], axis=0)) for shape in model.state_shapes(1)]
        output = model.forward(tokens[:, :-1], tuple(state))
        targets = tf.reshape(tf.transpose(tokens[:, 1:]), [-1])
        each = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, model.logits(output.hidden))
        return {"nll": tf.reduce_sum(tf.reshape(each, [-1, batch]), axis=0)}

    module.step, module.nll = tf.function(step), tf.function(nll)
    signatures = {
        "step": module.step.get_concrete_function(tokens, *states),
        "nll": module.nll.get_concrete_function(tokens),
    }
    tf.saved_model.save(module, str(directory), signatures=signatures)
