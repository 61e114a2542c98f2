"""Models by their shapes: those of Qwen2.5-0.5B and 1.5B and of DeepSeekMath-7B, with random weights made on the device.

All are Llamas: Qwen2.5 has biases of queries, keys and values beside, which cost nothing; its name would make vLLM read a tokenizer
made from scratch as one of Qwen's. Speed does not depend on what weights are, so nothing is downloaded. Beside each shape stands a
tiny one, for the rehearsal on a CPU.
"""

from collections.abc import Iterable
from dataclasses import dataclass

POSITIONS = 4096


@dataclass(frozen=True)
class Shape:
    """A decoder as its config.json describes it, and how it is trained here.

    Attributes:
        batch: responses, or pairs, of an optimiser step.
        micro_batch_tokens: padded tokens of a forward pass, to begin with; halved where memory is short.
        train_dtype: of the weights and of AdamW's two states; the forward pass is bf16 in any case. A 7B model in fp32 needs 111 GB.
    """

    vocabulary: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    tied: bool
    batch: int
    micro_batch_tokens: int
    train_dtype: str

    def build(self, dtype: str, device: str, **special: int):
        """The model with random weights, each made on the device. `special`: `eos_token_id`, `pad_token_id` of its tokenizer."""
        import torch
        from transformers import LlamaConfig, LlamaForCausalLM

        described = LlamaConfig(
            vocab_size=self.vocabulary,
            hidden_size=self.hidden,
            intermediate_size=self.intermediate,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.kv_heads,
            max_position_embeddings=POSITIONS,
            tie_word_embeddings=self.tied,
            **{"bos_token_id": None, "eos_token_id": None, "pad_token_id": None} | special,
        )
        torch.manual_seed(0)
        before = torch.get_default_dtype()
        torch.set_default_dtype(getattr(torch, dtype))  # so that no weight is made in fp32 first
        try:
            with torch.device(device):
                return LlamaForCausalLM(described)
        finally:
            torch.set_default_dtype(before)

    @property
    def block_weights(self) -> int:
        """Numbers in the matrices of all blocks."""
        size = self.hidden // self.heads
        attention = 2 * self.hidden * size * (self.heads + self.kv_heads)
        return self.layers * (attention + 3 * self.hidden * self.intermediate)

    def flops(self, lengths: Iterable[tuple[int, int]], frozen: bool = False) -> float:
        """Floating-point operations that a loss needs of a model, forward and backward: no padding, nothing computed twice.

        The head counts at loss tokens alone, attention up to the token itself. LoRA (`frozen`) needs no gradients of matrices, and
        its adapters, some percent, are not counted.

        Args:
            lengths: of each response its tokens with the prompt, and those of them that the loss looks at.
        """
        blocks = attention = head = 0
        for tokens, looked_at in lengths:
            blocks += 2 * self.block_weights * tokens
            attention += 2 * self.layers * self.hidden * tokens**2
            head += 2 * self.vocabulary * self.hidden * looked_at
        return (2 if frozen else 3) * (blocks + head) + 3 * attention


SHAPES = {
    "0.5b": Shape(151936, 896, 4864, 24, 14, 2, True, batch=64, micro_batch_tokens=16384, train_dtype="float32"),
    "1.5b": Shape(151936, 1536, 8960, 28, 12, 2, True, batch=64, micro_batch_tokens=16384, train_dtype="float32"),
    "7b": Shape(102400, 4096, 11008, 30, 32, 32, False, batch=32, micro_batch_tokens=16384, train_dtype="bfloat16"),
}
# Heads have 32 dimensions: vLLM wants that on a CPU.
TINY = {
    "0.5b": Shape(600, 64, 96, 2, 2, 1, True, batch=4, micro_batch_tokens=256, train_dtype="float32"),
    "1.5b": Shape(600, 96, 160, 2, 3, 1, True, batch=4, micro_batch_tokens=256, train_dtype="float32"),
    "7b": Shape(500, 128, 256, 3, 4, 4, False, batch=4, micro_batch_tokens=256, train_dtype="bfloat16"),
}
