"""Builds byte-level BPE in the layout of GPT-2's tokenizer.json: bytes, merges, and `<|endoftext|>` as the last id."""

END = "<|endoftext|>"


def gpt2_layout(merges=(), added=((END, True),), **parts):
    """A tree for json.dumps. merges: pairs; added: (content, special) of the tokens appended after the others."""
    from tokenizers.pre_tokenizers import ByteLevel

    tokens = [*sorted(ByteLevel.alphabet()), *("".join(pair) for pair in merges)]
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": len(tokens) + i, "content": content, **flags, "special": special}
            for i, (content, special) in enumerate(added)
        ],
        "normalizer": None,
        "pre_tokenizer": level,
        "post_processor": level,
        "decoder": level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: i for i, token in enumerate([*tokens, *(content for content, _ in added)])},
            "merges": [list(pair) for pair in merges],
        },
        **parts,
    }


# 你 is E4 BD A0, written ä ½ ł; 好 is E5 A5 BD, written å ¥ ½. The last merge crosses both characters.
CHINESE = (("ä", "½"), ("ä½", "ł"), ("ł", "å"), ("Ġ", "c"), ("a", "t"), ("Ġc", "at"))
