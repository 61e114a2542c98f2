"""What of a policy trains: all of it, or LoRA adapters."""

from mathcode import settings


def trainable(model, family: settings.Family, seed: int):
    """The model as the family trains it: whole, or through LoRA adapters; big models trade time for memory on a GPU."""
    import torch

    model.config.use_cache = False
    if torch.cuda.is_available() and model.num_parameters() > 1e9:
        model.gradient_checkpointing_enable()
        model.enable_input_require_grads()
    return add_lora(model, family.lora, seed) if family.lora else model


def add_lora(model, lora: settings.Lora, seed: int):
    """The model with LoRA adapters on all linear layers but the output head; only they train."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    return get_peft_model(
        model, LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")
    )
