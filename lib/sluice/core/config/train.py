"""The sections under `train`: training of a language model on a dataset directory."""

from typing import Literal

from sluice.core.config.section import CountFloat, CountInt, Fraction, PositiveFloat, PositiveInt, Section


class DataConfig(Section):
    """The dataset and how it is divided into batches."""

    manifest: str = ""
    """Dataset directory `<root>/<name>/<x.y.z>`, which contains `manifest.json`."""
    train_split: str = "train"
    """Split used for training."""
    valid_split: str | None = "valid"
    """Split evaluated during training; selects the best checkpoint. null: none."""
    test_split: str | None = "test"
    """Split evaluated once at the end. null: none."""
    domains: dict[str, str] = {}
    """Names and directories of additional datasets with the same tokenizer, for example other kinds of text.
    `sluice evaluate` evaluates each on the first split it has of test, valid, train."""
    batch_size: PositiveInt = 32
    """G: rows of the global batch, for any number of replicas. Each row is a contiguous stream of tokens."""
    bptt_steps: PositiveInt = 64
    """T: tokens per row and step (truncated backpropagation). Must divide the record length L of the dataset."""
    carry_state: bool = True
    """Carry the LSTM state from each step to the next; false starts every step from zero."""
    doc_reset: bool = False
    """In training, reset the state of a row when the step begins with the `<eos>` or `<bos>` before a document.
    A document that begins within a step continues from the state of the previous document."""
    eval_batch_size: PositiveInt = 1
    """Rows in evaluation. Published results use 1. n rows are about n times faster, but n - 1 start without context."""
    prefetch: PositiveInt = 4
    """Number of steps whose input is prepared ahead."""
    verify_crc: bool = False
    """Verify both checksums and all token ids of every training record while reading."""


class InitConfig(Section):
    """Initial parameters."""

    scale: PositiveFloat = 0.05
    """All parameters, including biases, are uniform in (-scale, scale)."""
    forget_bias: float = 1.0
    """Added to the bias of the forget gate. Zaremba et al. add 0."""


class DropoutConfig(Section):
    """Dropout rates, never applied from h to h. `recurrent`, `embedding`: AWD-LSTM (Merity et al. 2017)."""

    kind: Literal["per_step", "locked"] = "per_step"
    """`per_step`: a new mask per time step (Zaremba et al. 2014). `locked`: one mask for all time steps of a batch."""

    input: Fraction = 0.0
    """Rate for the embedded tokens."""
    between: Fraction = 0.0
    """Rate between two layers."""
    output: Fraction = 0.0
    """Rate before the softmax."""
    recurrent: Fraction = 0.0
    """Rate for individual weights of the recurrent kernels, one mask per step (DropConnect)."""
    embedding: Fraction = 0.0
    """Rate for vocabulary entries; a dropped entry is zero wherever it occurs."""


class GloveConfig(Section):
    """Initial embedding from a file of word vectors. For word vocabularies."""

    path: str = ""
    """Text file in GloVe format, optionally .gz; empty: none. Words not in the file are initialised randomly."""
    scale: PositiveFloat = 1.0
    """Factor for the vectors. GloVe vectors are about ten times as large as usual initial values."""
    trainable: bool = True
    """false: the embedding keeps its initial values."""


class ModelConfig(Section):
    """A language model. `train/model/cells.py` and `train/model/layers.py` give the equations."""

    arch: Literal["lstm", "gru", "rnn", "gcnn", "awd_lstm"] = "lstm"
    """`rnn`: Elman network. `gcnn`: gated causal convolutions. `awd_lstm`: an LSTM whose last layer is as wide as the
    embedding, for `tie_embeddings`; set `dropout` and `loss` as in conf/awd-ptb.yaml."""
    layers: PositiveInt = 1
    """Number of recurrent (`gcnn`: convolutional) layers."""
    hidden: PositiveInt = 256
    """H: cells per layer."""
    context: PositiveInt = 4
    """k, for `gcnn`: number of tokens that a layer reads, including the current one."""
    embedding_dim: PositiveInt = 128
    """E: width of the embedding."""
    projection_dim: PositiveInt | None = None
    """P: width of a linear projection between the last layer and the softmax; null: none."""
    tie_embeddings: bool = False
    """Use the embedding matrix in the softmax; `projection_dim`, or without it `hidden`, must equal `embedding_dim`."""
    kernel: Literal["loop", "loop_xla", "cudnn"] = "loop"
    """`loop`: custom gradient, one GEMM per weight. `loop_xla`: the same, compiled; faster on CPU from about 200 cells.
    `cudnn`: NVIDIA's layer, for GPUs, with `fp32` and `fp16`; not yet tested on a GPU."""
    init: InitConfig = InitConfig()
    dropout: DropoutConfig = DropoutConfig()
    glove: GloveConfig = GloveConfig()


class LossConfig(Section):
    """Cross-entropy of the next token, and penalties."""

    kind: Literal["full", "chunked", "sampled"] = "full"
    """`chunked`: exact, with at most `chunk_words` columns of logits in memory. `sampled`: against `num_sampled` random
    words, for vocabularies above 100,000 sorted by falling frequency; it underestimates the loss and is for training
    only. Evaluation is always exact."""
    chunk_words: PositiveInt = 512
    """For `chunked`: words per chunk. Its logits should fit a CPU's cache; on a GPU larger chunks are faster."""
    num_sampled: PositiveInt = 8192
    """For `sampled`: random words per step."""
    ar: CountFloat = 0.0
    """α: weight of activation regularisation (Merity et al. 2017)."""
    tar: CountFloat = 0.0
    """β: weight of temporal activation regularisation."""

    reduction: Literal["mean", "zaremba_sum"] = "mean"
    """`mean`: per token. `zaremba_sum`: summed over `bptt_steps`, averaged over the rows; the gradient is `bptt_steps`
    times as large, so scale `lr` and `clip_norm` accordingly."""


class ScheduleConfig(Section):
    """The learning rate as a function of the step."""

    kind: Literal["constant", "step", "cosine", "inverse_sqrt", "plateau"] = "cosine"
    """`step`: multiplied by `factor` every epoch, starting with `start_epoch`. `cosine`: linear warm-up, then a cosine.
    `inverse_sqrt`: linear warm-up, then proportional to 1 / sqrt(step). `plateau`: multiplied by `factor` after every
    evaluation without a new best."""
    factor: Fraction = 0.5
    """For `step` and `plateau`: the multiplier."""
    start_epoch: PositiveInt = 5
    """For `step`: the first epoch, counted from 1, with a reduced rate."""
    warmup_steps: CountInt = 100
    """For `cosine` and `inverse_sqrt`: number of steps of the linear warm-up from 0."""
    final_share: Fraction = 0.1
    """For `cosine`: learning rate at the last step as a share of `lr`."""


class OptimConfig(Section):
    """The optimizer: update rule, clipping, averaging, precision."""

    name: Literal["sgd", "momentum", "adagrad", "adamw", "ntasgd"] = "adamw"
    """`ntasgd`: `sgd` until the validation loss has not improved for `patience` evaluations. After that the weights of
    all steps are averaged, and the average is evaluated (Merity et al. 2017)."""
    lr: PositiveFloat = 0.003
    """Peak learning rate."""
    clip_norm: PositiveFloat | None = 1.0
    """Maximum global gradient norm, computed after the sum over all replicas; null: no clipping."""
    clip_scope: Literal["all", "recurrent"] = "all"
    """`recurrent`: exclude the gradients of embedding and softmax from norm and scaling (Jozefowicz et al. 2016)."""
    momentum: Fraction = 0.9
    """Decay rate for `momentum` and for the first moment of `adamw`."""
    weight_decay: Fraction = 0.0
    """Each step shrinks every matrix by `lr` times this share (decoupled, also for `sgd`); biases do not decay."""
    patience: PositiveInt = 5
    """For `ntasgd`: number of evaluations without a new best before averaging starts."""
    accumulate: PositiveInt = 1
    """Number of steps whose gradients are averaged for one update (gradient accumulation)."""
    ema: Fraction | None = None
    """Decay of an exponential moving average of the weights, evaluated instead of them; usually 0.999. null: none."""
    precision: Literal["fp32", "fp16", "bf16"] = "fp32"
    """Precision of activations and matrix products in training; weights, states, losses and evaluation are fp32. Use
    `bf16` on a CPU with `avx512_bf16` or `amx_bf16` in /proc/cpuinfo; without them it is slow. Use `fp16`, with
    dynamic loss scaling, on a GPU."""
    schedule: ScheduleConfig = ScheduleConfig()


class CheckpointConfig(Section):
    """How often checkpoints are written and how many are kept."""

    every_steps: PositiveInt = 500
    """Steps between two checkpoints. Checkpoints are also written at every evaluation and at the end."""
    keep: PositiveInt = 2
    """Number of most recent checkpoints to keep, in addition to the best one."""


class SampleConfig(Section):
    """Text generation by sampling."""

    tokens: PositiveInt = 60
    """Maximum number of generated tokens."""
    temperature: PositiveFloat = 0.8
    """Divisor of the logits; below 1 it favours likely tokens."""
    top_k: PositiveInt | None = 40
    """Sample from the `top_k` most likely tokens only; null: all."""


class RunConfig(Section):
    """A training run and its directory."""

    out: str = "out/train"
    """Directory for all files of the run. Training resumes from it. All workers must be able to access it."""
    seed: CountInt = 1
    """Seed for initial parameters, dropout, shard order and samples."""
    epochs: PositiveInt = 1
    """Number of passes over the training split. Increase it to continue a finished run."""
    steps: PositiveInt | None = None
    """Number of steps; overrides `epochs`. null: determined by `epochs`."""
    eval_every: PositiveInt | None = None
    """Steps between two evaluations of the validation split; null: at the end of each epoch."""
    eval_tokens: PositiveInt | None = None
    """Approximate maximum of tokens per evaluation during training; null: the whole split. The last is complete."""
    early_stop_patience: PositiveInt | None = None
    """Stop after this number of consecutive evaluations without a new best; null: never."""
    prompts: tuple[str, ...] = ()
    """Prompts to continue in `samples.txt` at every evaluation and in `sluice generate`."""
    sample: SampleConfig = SampleConfig()
    checkpoint: CheckpointConfig = CheckpointConfig()
    dry_run: bool = False
    """Print parameters, steps, FLOP and a memory estimate, check the whole dataset, then exit."""


class DistConfig(Section):
    """Processes and devices. They change results only in the last bits of sums."""

    strategy: Literal["none", "mirrored", "multiworker"] = "none"
    """`mirrored`: all devices of this host. `multiworker`: several processes, from TF_CONFIG, a scheduler or
    `local_workers`."""
    local_workers: PositiveInt | None = None
    """For `multiworker` without TF_CONFIG: number of processes to start on this host, on loopback ports."""
    max_restarts: CountInt = 0
    """For `local_workers`: how often to restart all processes from the last checkpoint after one dies or stalls."""
    workers: tuple[str, ...] = ()
    """For `multiworker` in an indexed job (Kubernetes, AWS Batch, Google Batch): `host:port` of all, by index."""
    port: PositiveInt = 12355
    """For `multiworker` under SLURM: port of the first process on a node; further processes use the next ports."""
    logical_devices: PositiveInt | None = None
    """For `mirrored` without a GPU: number of logical devices on the CPU."""
    startup_timeout_s: PositiveInt = 300
    """For `multiworker`: seconds to wait for peers. A process then names the missing ones and exits with code 76."""
    stall_timeout_s: PositiveInt | None = 1800
    """If no step finishes for this many seconds, print all stacks and exit with code 76; null: wait forever."""
    deterministic: bool = True
    """Use deterministic operations: repeated runs on one device give identical bits."""
    intra_threads: PositiveInt | None = None
    """Threads within one operation; null: one per core, divided among `local_workers`."""
    inter_threads: PositiveInt | None = None
    """Number of operations that run in parallel; null: TensorFlow's choice."""


class BaselineConfig(Section):
    """An n-gram model from the same shards, evaluated on the same targets at the end of a run."""

    order: PositiveInt | None = 5
    """Tokens of the longest n-gram (modified Kneser-Ney smoothing); null: no baseline."""
    max_tokens: PositiveInt = 20_000_000
    """Maximum number of training tokens to count; ten million take about 3 GB of memory."""


class ExportConfig(Section):
    """Export of a trained model (`sluice export`)."""

    out: str = ""
    """Output directory. An earlier export in it is replaced. Empty: `export` below `train.run.out`."""


class TrainLogConfig(Section):
    """Progress lines and metrics files."""

    log_every: PositiveInt = 50
    """Steps per progress line and per line of `metrics.jsonl`."""
    tensorboard: bool = False
    """Also write the metrics to `tensorboard/`; needs the extra `tensorboard`."""


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
