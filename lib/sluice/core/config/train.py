"""The sections under `train`: a language model, from a dataset directory to checkpoints and a report."""

from typing import Literal

from sluice.core.config.section import CountFloat, CountInt, Fraction, PositiveFloat, PositiveInt, Section


class DataConfig(Section):
    """What is read, and how it is cut into streams."""

    manifest: str = ""
    """Dataset directory, `<root>/<name>/<x.y.z>`: the one that holds `manifest.json`."""
    train_split: str = "train"
    """Split that is trained on."""
    valid_split: str | None = "valid"
    """Split evaluated while training; decides which checkpoint is the best. null: none."""
    test_split: str | None = "test"
    """Split evaluated once at the end. null: none."""
    domains: dict[str, str] = {}
    """Names and directories of further datasets with the same tokenizer, texts of other kinds, which jobs/evaluate.py
    judges, too: each by the first that it has of test, valid and train."""
    batch_size: PositiveInt = 32
    """G, the streams that are read side by side: the global batch, whatever the number of replicas."""
    bptt_steps: PositiveInt = 64
    """T, tokens per step and row; gradients stop at its edge. Must divide the dataset's record length L."""
    carry_state: bool = True
    """Hand the LSTM state from each window to the next; false starts every window from zero."""
    doc_reset: bool = False
    """While training, start a row from zero in a window that begins with the `<eos>` or `<bos>` before a document.
    Documents that begin inside of a window go on from the state of the one before, whose end the model has seen."""
    eval_batch_size: PositiveInt = 1
    """Streams in evaluation. 1 is the published way; n costs n - 1 more cold starts and is about n times faster."""
    prefetch: PositiveInt = 4
    """Steps of input prepared ahead."""
    verify_crc: bool = False
    """Check both checksums and the ids of every training record while reading."""


class InitConfig(Section):
    """The parameters before the first step."""

    scale: PositiveFloat = 0.05
    """All of them, biases too, are uniform in (-scale, scale)."""
    forget_bias: float = 1.0
    """Added to the bias of the forget gate. Zaremba et al. add 0."""


class DropoutConfig(Section):
    """Shares set to zero, never from h to h. `recurrent` and `embedding` are those of AWD-LSTM (Merity et al. 2017)."""

    kind: Literal["per_step", "locked"] = "per_step"
    """`per_step`: a fresh mask at every time step (Zaremba et al. 2014). `locked`: one for all steps of a window."""

    input: Fraction = 0.0
    """Of the embeddings."""
    between: Fraction = 0.0
    """Between two LSTM layers."""
    output: Fraction = 0.0
    """Before the softmax."""
    recurrent: Fraction = 0.0
    """Of the single weights of the recurrent kernels, the same for a whole window (DropConnect)."""
    embedding: Fraction = 0.0
    """Of the word types, each wherever it occurs."""


class GloveConfig(Section):
    """First values of the embedding from a file of word vectors; for vocabularies of words."""

    path: str = ""
    """Text file in GloVe's format, may end in .gz; empty: none. Words that it lacks start at random."""
    scale: PositiveFloat = 1.0
    """The vectors are multiplied by it: those of GloVe are ten times as large as usual first values."""
    trainable: bool = True
    """false: the embedding, all of it, stays as it is."""


class ModelConfig(Section):
    """A language model. The equations stand in `train/model/cells.py` and `train/model/layers.py`."""

    arch: Literal["lstm", "gru", "rnn", "gcnn", "awd_lstm"] = "lstm"
    """`rnn`: Elman's. `gcnn`: gated causal convolutions. `awd_lstm`: an LSTM whose last layer is as wide as the
    embedding, for `tie_embeddings`; set `dropout` and `loss` to go with it, as conf/awd-ptb.yaml does."""
    layers: PositiveInt = 1
    """Number of recurrent (`gcnn`: convolutional) layers."""
    hidden: PositiveInt = 256
    """H, cells per layer."""
    context: PositiveInt = 4
    """k, `gcnn`: tokens that a layer sees, the present one among them."""
    embedding_dim: PositiveInt = 128
    """Width of the embedding."""
    projection_dim: PositiveInt | None = None
    """Width of a linear map between the last layer and the softmax; null: none."""
    tie_embeddings: bool = False
    """The softmax uses the embedding matrix; `projection_dim`, or `hidden` without it,
    must equal `embedding_dim`."""
    kernel: Literal["loop", "loop_xla", "cudnn"] = "loop"
    """`loop`: own gradient, one GEMM per weight. `loop_xla`: the same compiled; faster on CPU from about 200 cells.
    `cudnn`: NVIDIA's layer, for GPUs, with `fp32` and `fp16`; written without one at hand, and never run so far."""
    init: InitConfig = InitConfig()
    dropout: DropoutConfig = DropoutConfig()
    glove: GloveConfig = GloveConfig()


class LossConfig(Section):
    """Cross-entropy of the next token, and what is added to it."""

    kind: Literal["full", "chunked", "sampled"] = "full"
    """`chunked`: exact, too, but never more than `chunk_words` columns of logits in memory. `sampled`: against
    `num_sampled` random words, for vocabularies over 100,000 sorted by falling frequency; too low a loss, so only for
    training. Evaluation is always exact."""
    chunk_words: PositiveInt = 512
    """Few enough that the logits of a chunk stay in a CPU's cache; on a GPU more are faster."""
    num_sampled: PositiveInt = 8192
    """`sampled`: random words per step."""
    ar: CountFloat = 0.0
    """α of activation regularisation (Merity et al. 2017)."""
    tar: CountFloat = 0.0
    """β of temporal activation regularisation."""

    reduction: Literal["mean", "zaremba_sum"] = "mean"
    """`mean`: per token. `zaremba_sum`: summed over the window, averaged over the rows, so `lr` and `clip_norm`
    belong to a gradient `bptt_steps` times larger."""


class ScheduleConfig(Section):
    """The learning rate as a function of the step."""

    kind: Literal["constant", "step", "cosine", "inverse_sqrt", "plateau"] = "cosine"
    """`step`: multiplied by `factor` per epoch from `start_epoch` on. `cosine`: up in a line, down in a cosine.
    `inverse_sqrt`: up in a line, then with the square root of the steps. `plateau`: multiplied by `factor` after every
    evaluation that is not the best so far."""
    factor: Fraction = 0.5
    """`step`, `plateau`: the multiplier."""
    start_epoch: PositiveInt = 5
    """`step`: the first epoch, counted from 1, that uses a smaller rate."""
    warmup_steps: CountInt = 100
    """`cosine`, `inverse_sqrt`: steps of the rise from 0."""
    final_share: Fraction = 0.1
    """`cosine`: share of `lr` that is left at the last step."""


class OptimConfig(Section):
    """From gradients to parameters."""

    name: Literal["sgd", "momentum", "adagrad", "adamw", "ntasgd"] = "adamw"
    """`ntasgd`: `sgd` until the validation loss has not been the best for `patience` evaluations, then the weights of
    all further steps are averaged, and the average is what is evaluated (Merity et al. 2017)."""
    lr: PositiveFloat = 0.003
    """Largest learning rate."""
    clip_norm: PositiveFloat | None = 1.0
    """Largest global norm of the gradient, taken after the sum over all replicas; null: no clipping."""
    clip_scope: Literal["all", "recurrent"] = "all"
    """`recurrent`: the gradients of embedding and softmax are neither counted nor scaled (Jozefowicz et al. 2016)."""
    momentum: Fraction = 0.9
    """Of `momentum`, and the first moment of `adamw`."""
    weight_decay: Fraction = 0.0
    """Each step takes `lr` times this share off every matrix (decoupled, also for `sgd`); biases are left alone."""
    patience: PositiveInt = 5
    """n of `ntasgd`."""
    accumulate: PositiveInt = 1
    """Steps whose gradients are averaged for one update."""
    ema: Fraction | None = None
    """Decay of a moving average of the weights, which is evaluated in their place; 0.999 is usual. null: none."""
    precision: Literal["fp32", "fp16", "bf16"] = "fp32"
    """Of activations and matrix products in training; weights, states, losses and all evaluation stay fp32. `bf16` pays
    on a CPU with instructions for it (`avx512_bf16` or `amx_bf16` in /proc/cpuinfo; without, it is slow). `fp16`, with
    dynamic loss scaling, is the fast one on a GPU."""
    schedule: ScheduleConfig = ScheduleConfig()


class CheckpointConfig(Section):
    """What a killed run loses at most, and what it leaves behind."""

    every_steps: PositiveInt = 500
    """Steps between two checkpoints; one is also written at every evaluation and at the end."""
    keep: PositiveInt = 2
    """How many of the latest stay; the best one stays in any case."""


class SampleConfig(Section):
    """Text written by the model."""

    tokens: PositiveInt = 60
    """Length of the continuation."""
    temperature: PositiveFloat = 0.8
    """Logits are divided by it: below 1 likelier tokens gain."""
    top_k: PositiveInt | None = 40
    """Only this many of the likeliest tokens can be drawn; null: all."""


class RunConfig(Section):
    """One run and its directory."""

    out: str = "out/train"
    """Directory of everything a run writes; the same directory resumes. All workers must see it."""
    seed: CountInt = 1
    """Seed of initial parameters, dropout, shard order and samples."""
    epochs: PositiveInt = 1
    """Passes over the training split. A finished run goes on when this is raised."""
    steps: PositiveInt | None = None
    """Number of steps in place of `epochs`."""
    eval_every: PositiveInt | None = None
    """Steps between two evaluations of the validation split; null: at the end of each epoch."""
    eval_tokens: PositiveInt | None = None
    """Evaluations while training stop after about this many tokens; null: the whole split. The last one is whole."""
    early_stop_patience: PositiveInt | None = None
    """Stop after so many evaluations in a row without a new best; null: never."""
    prompts: tuple[str, ...] = ()
    """Texts that are continued in `samples.txt` at every evaluation, and by jobs/generate.py."""
    sample: SampleConfig = SampleConfig()
    checkpoint: CheckpointConfig = CheckpointConfig()
    dry_run: bool = False
    """Print parameters, steps, FLOP and a memory estimate, read all of the dataset to check it, then stop."""


class DistConfig(Section):
    """How many processes and devices; never what comes out (but for the last bits of sums)."""

    strategy: Literal["none", "mirrored", "multiworker"] = "none"
    """`mirrored`: all devices of this host. `multiworker`: the processes named in TF_CONFIG, or `local_workers`."""
    local_workers: PositiveInt | None = None
    """`multiworker` without TF_CONFIG: start this many processes here, on loopback ports."""
    max_restarts: CountInt = 0
    """`local_workers`: how often all are started again, from the last checkpoint, after one has died or stalled."""
    workers: tuple[str, ...] = ()
    """`multiworker` in an indexed job (Kubernetes, AWS Batch, Google Batch): `host:port` of all, in their order."""
    port: PositiveInt = 12355
    """`multiworker` under SLURM: of the first process of a node; the next one has the next port."""
    logical_devices: PositiveInt | None = None
    """`mirrored` without a GPU: split the CPU into this many devices."""
    startup_timeout_s: PositiveInt = 300
    """`multiworker`: a process that misses its peers for longer names them and exits 76."""
    stall_timeout_s: PositiveInt | None = 1800
    """No finished step for longer: print all stacks and exit 76; null: wait for ever."""
    deterministic: bool = True
    """The same bits from the same run on one device."""
    intra_threads: PositiveInt | None = None
    """Threads inside one operation; null: one per core, shared among `local_workers`."""
    inter_threads: PositiveInt | None = None
    """Operations at the same time; null: TensorFlow's choice."""


class BaselineConfig(Section):
    """An n-gram model, counted from the same shards and judged on the same targets when a run is finished."""

    order: PositiveInt | None = 5
    """Words of the longest n-gram (modified Kneser-Ney smoothing); null: none."""
    max_tokens: PositiveInt = 20_000_000
    """Training tokens that are counted at most; ten million take about 3 GB of memory."""


class ExportConfig(Section):
    """A trained model as files for others (`jobs/export.py`)."""

    out: str = ""
    """Directory that is written, and replaced if it is an export; empty: `export` below `train.run.out`."""


class TrainLogConfig(Section):
    """What is said while training."""

    log_every: PositiveInt = 50
    """Steps per progress line and per line of `metrics.jsonl`."""
    tensorboard: bool = False
    """Write the numbers of `metrics.jsonl` to `tensorboard/`, too; needs the extra of that name."""


class TrainConfig(Section):
    """Training of a language model."""

    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    loss: LossConfig = LossConfig()
    optim: OptimConfig = OptimConfig()
    run: RunConfig = RunConfig()
    dist: DistConfig = DistConfig()
    baseline: BaselineConfig = BaselineConfig()
    export: ExportConfig = ExportConfig()
    log: TrainLogConfig = TrainLogConfig()
