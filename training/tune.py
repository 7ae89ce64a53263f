"""Low-rank adaptation of a frozen base (LoRA, Hu et al. 2021, arXiv 2106.09685) on training examples.

Runs on a CPU, on one GPU, or on several by `accelerate launch -m training.cli tune ...`. A run that was stopped goes on from
its last checkpoint and sees the batches that it would have seen.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch
from accelerate import Accelerator
from peft import LoraConfig, PeftModel, get_peft_model, load_peft_weights, set_peft_model_state_dict
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import LlamaForCausalLM

from appliance.errors import InputError
from training.config import TuneConfig
from training.datasets.examples import Example

CHECKPOINT: Final = "checkpoint"
LOSSES_FILE: Final = "losses.json"
_STATE: Final = "state.pt"
_PLAIN_ATTENTION: Final = 640
"""Longest example, in tokens, for which plain attention is used on a CPU."""


@dataclass(frozen=True)
class _Encoded:
    ids: tuple[int, ...]
    prompt: int
    """Tokens of the prompt."""


@dataclass
class Progress:
    """How far a run is."""

    step: int
    steps: int
    tokens: int
    loss: float
    """Mean loss per answer token of the step, in nats."""
    tokens_per_second: float
    seconds: float
    """Of computing since the run began, over all calls."""


def tune(
    base: LlamaForCausalLM,
    tokenizer: Tokenizer,
    found: Sequence[Example],
    config: TuneConfig,
    output: Path,
    *,
    start: Path | None = None,
    minutes: float | None = None,
    checkpoint_minutes: float = 5.0,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Path | None:
    """Tune an adapter; goes on where an earlier call with the same configuration and output stopped.

    Args:
        base: The frozen model, float32.
        tokenizer: The base's tokenizer.
        found: What to learn.
        config: How.
        output: Where checkpoints and the adapter go.
        start: Directory of an adapter to go on from; None starts from the base.
        minutes: Stop after this time with a checkpoint; None runs to the end.
        checkpoint_minutes: Time between checkpoints.
        progress: Called after every step.

    Returns:
        Directory of the finished adapter; None if the time was over before.

    Raises:
        InputError: No example fits, or the checkpoint is of another configuration or damaged.
    """
    accelerator = Accelerator(mixed_precision="bf16" if config.bfloat16 and has_bfloat16() else "no")
    torch.manual_seed(config.seed)
    encoded = _encode(found, tokenizer, config)
    batches = plan_batches(encoded, [example.source for example in found], config, accelerator.num_processes)
    run = _Run(base, config, output, accelerator, steps=len(batches) // accelerator.num_processes)
    run.begin(start)
    began = saved = time.monotonic()
    run.model.train()
    while run.step < run.steps:
        batch = batches[run.step * accelerator.num_processes + accelerator.process_index]
        started = time.monotonic()
        loss, tokens = run.learn([encoded[index] for index in batch if index in encoded])
        elapsed = time.monotonic() - started
        run.seconds += elapsed
        progress(Progress(run.step, run.steps, run.tokens, loss, tokens / elapsed, run.seconds))
        out_of_time = minutes is not None and time.monotonic() - began > 60 * minutes
        if out_of_time or time.monotonic() - saved > 60 * checkpoint_minutes:
            run.save()
            saved = time.monotonic()
        if out_of_time and run.step < run.steps:
            return None
    return run.finish()


def has_bfloat16() -> bool:
    """Whether products in bfloat16 are fast here: without instructions for them a CPU needs 400 times as long."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())  # noqa: SLF001  # no public name


def _encode(found: Sequence[Example], tokenizer: Tokenizer, config: TuneConfig) -> dict[int, _Encoded]:
    """Examples that fit, by their position in `found`."""
    encoded = {}
    for index, example in enumerate(found):
        prompt: list[int] = tokenizer.encode(example.prompt, add_special_tokens=False).ids
        answer: list[int] = tokenizer.encode(example.answer, add_special_tokens=False).ids
        if len(prompt) + len(answer) <= config.longest:
            encoded[index] = _Encoded(tuple(prompt + answer), len(prompt))
    if not encoded:
        message = f"None of the {len(found)} examples has at most {config.longest} tokens."
        raise InputError(message, hint="Raise `longest`, or choose the topics strategy, whose examples are short.")
    return encoded


def plan_batches(encoded: dict[int, _Encoded], sources: Sequence[str], config: TuneConfig, processes: int) -> list[list[int]]:
    """Positions of the examples of every batch of the run, the same for the same seed.

    Examples of similar length share a batch, so that little is padding; the order of the batches is random.
    """
    chance = random.Random(config.seed)  # noqa: S311  # reproducible, not secret
    batches: list[list[int]] = []
    tokens = 0
    while tokens < config.tokens or len(batches) % processes:
        drawn = []
        for index in encoded:
            weight = config.weights.get(sources[index], 1.0)
            drawn += [index] * (int(weight) + (chance.random() < weight % 1))
        chance.shuffle(drawn)
        drawn.sort(key=lambda index: (len(encoded[index].ids) // 8, chance.random()))
        epoch: list[list[int]] = [[]]
        for index in drawn:
            if epoch[-1] and (len(epoch[-1]) + 1) * len(encoded[index].ids) > config.batch_tokens:
                epoch.append([])
            epoch[-1].append(index)
        chance.shuffle(epoch)
        for batch in epoch:
            if tokens >= config.tokens and not len(batches) % processes:
                break
            batches.append(batch)
            tokens += sum(len(encoded[index].ids) for index in batch)
    return batches


class _Run:
    """Model, optimizer and schedule of one run, and its checkpoint."""

    def __init__(
        self, base: LlamaForCausalLM, config: TuneConfig, output: Path, accelerator: Accelerator, *, steps: int
    ) -> None:
        self.steps = steps
        self.step = 0
        self.tokens = 0
        self.seconds = 0.0
        self._config = config
        self._output = output
        self._accelerator = accelerator
        self._losses: list[float] = []
        # On a CPU the plain product is faster than the fused kernel for short sequences, but it keeps every attention matrix.
        plain = accelerator.device.type == "cpu" and config.longest <= _PLAIN_ATTENTION
        base.set_attn_implementation("eager" if plain else "sdpa")
        lora = LoraConfig(
            r=config.rank,
            lora_alpha=config.alpha,
            lora_dropout=config.dropout,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        with warnings.catch_warnings():
            # peft 0.21 asks transformers 5.24 for a property that is on its way out.
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
            model = get_peft_model(base, lora)
        self.model: PeftModel = model.to(accelerator.device)
        self._trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(self._trained, lr=config.learning_rate, weight_decay=0.0)
        self._optimizer = accelerator.prepare(optimizer)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate)

    def begin(self, start: Path | None) -> None:
        """Go on from the checkpoint if there is one, otherwise from an adapter."""
        checkpoint = self._output / CHECKPOINT
        if checkpoint.is_dir():
            self._restore(checkpoint)
        elif start:
            try:
                self._load_adapter(start)
            except Exception as error:  # peft and torch raise many kinds for a damaged or foreign adapter
                message = f"The adapter in {start} does not fit the base ({type(error).__name__})."
                raise InputError(message, hint="Give an adapter of the same base and rank.") from error

    def learn(self, batch: Sequence[_Encoded]) -> tuple[float, int]:
        """One step; returns the loss per answer token and the tokens of the batch."""
        ids, wanted = _tensors(batch, self._accelerator.device)
        with self._accelerator.autocast():
            llama = self.model.base_model.model
            hidden = llama.model(input_ids=ids).last_hidden_state
            # The head is a fifth of the work: only the tokens of the answer go through it.
            logits = llama.lm_head(hidden[:, :-1][wanted])
        loss = nn.functional.cross_entropy(logits.float(), ids[:, 1:][wanted])
        self._accelerator.backward(loss)
        if self._accelerator.num_processes > 1:
            # The head is called on its own, so no wrapper sees the forward pass and shares the gradients by itself.
            for parameter in self._trained:
                parameter.grad = self._accelerator.reduce(parameter.grad, "mean")
        self._accelerator.clip_grad_norm_(self._trained, 1.0)
        self._optimizer.step()
        self._schedule.step()
        self._optimizer.zero_grad()
        tokens = sum(len(example.ids) for example in batch)
        self.step += 1
        self.tokens += tokens * self._accelerator.num_processes
        self._losses.append(loss.item())
        return self._losses[-1], tokens

    def save(self) -> None:
        """Write a checkpoint; the older one stays until the new one is complete."""
        if not self._accelerator.is_main_process:
            return
        target = self._output / CHECKPOINT
        partial = target.with_name(CHECKPOINT + ".part")
        partial.mkdir(parents=True, exist_ok=True)
        self.model.save_pretrained(partial)
        state = {
            "config": asdict(self._config),
            "step": self.step,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "losses": self._losses,
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
        }
        torch.save(state, partial / _STATE)
        previous = target.with_name(CHECKPOINT + ".old")
        if target.exists():
            target.rename(previous)
        partial.rename(target)
        shutil.rmtree(previous, ignore_errors=True)

    def finish(self) -> Path:
        """Write the adapter, float16, and the losses; the checkpoint is not needed any more."""
        adapter = self._output / "adapter"
        if self._accelerator.is_main_process:
            for parameter in self._trained:
                parameter.data = parameter.data.half()
            self.model.save_pretrained(adapter)
            rounded = [round(loss, 4) for loss in self._losses]
            (self._output / LOSSES_FILE).write_text(json.dumps(rounded) + "\n", "utf-8")
            shutil.rmtree(self._output / CHECKPOINT, ignore_errors=True)
        return adapter

    def _restore(self, checkpoint: Path) -> None:
        hint = f"Remove {checkpoint} to start anew."
        try:
            state: dict[str, Any] = torch.load(checkpoint / _STATE, weights_only=True)
            config = state["config"]
            self._optimizer.load_state_dict(state["optimizer"])
            self._schedule.load_state_dict(state["schedule"])
            self._load_adapter(checkpoint)
        except Exception as error:  # torch raises many kinds for a damaged file
            raise InputError(f"The checkpoint in {checkpoint} is damaged ({type(error).__name__}).", hint=hint) from error
        if config != asdict(self._config):
            changed = [key for key, value in asdict(self._config).items() if config.get(key) != value]
            raise InputError(f"The checkpoint in {checkpoint} is of a run with another {changed[0]}.", hint=hint)
        self.step, self.tokens, self._losses = state["step"], state["tokens"], state["losses"]
        self.seconds = state["seconds"]

    def _load_adapter(self, checkpoint: Path) -> None:
        found = set_peft_model_state_dict(self.model, load_peft_weights(str(checkpoint)))
        if found.unexpected_keys:
            raise KeyError(found.unexpected_keys[0])

    def _rate(self, step: int) -> float:
        warmup = max(1, int(self._config.warmup * self.steps))
        if step < warmup:
            return (step + 1) / warmup
        return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - warmup) / max(1, self.steps - warmup)))


def _tensors(batch: Sequence[_Encoded], device: torch.device) -> tuple[Tensor, Tensor]:
    """Token ids `[batch, longest]`, padded at the end, and where the next token is one of the answer `[batch, longest - 1]`.

    The padding needs no attention mask: a causal model does not look at what comes later.
    """
    longest = max(len(example.ids) for example in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    wanted = torch.zeros(len(batch), longest - 1, dtype=torch.bool)
    for row, example in enumerate(batch):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        wanted[row, example.prompt - 1 : len(example.ids) - 1] = True
    return ids.to(device), wanted.to(device)
