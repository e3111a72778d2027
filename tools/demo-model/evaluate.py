"""The evaluation in PyTorch, with the same rules as `rullama eval`: greedy answers, thoughts removed, compared with `expect`.

    python evaluate.py ../../assets/demo.gguf ../../assets/demo-questions.jsonl"""
import argparse
import json
import re
from collections import defaultdict
from pathlib import Path

import torch

import chat
import export
import gguf
import questions
from shape import SHAPES, build, hidden_states, logits
from vocabulary import END_OF_TURN, EOS, TOOL_RESPONSE, Vocabulary

STOPS = {EOS, END_OF_TURN, TOOL_RESPONSE}


def prompt_ids(vocabulary, question):
    pieces = chat.render(chat.with_call_names(question), prompt=True)
    return vocabulary.encode_pieces(pieces)[0]


@torch.no_grad()
def generate(model, shape, prompts, limits, device, batch=96):
    """Greedy continuations of the prompts, without their stop token."""
    out = [[] for _ in prompts]
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    for start in range(0, len(order), batch):
        open_rows = order[start:start + batch]
        while open_rows:
            rows = [prompts[i] + out[i] for i in open_rows]
            t = -(-max(map(len, rows)) // 32) * 32
            ids = torch.zeros(len(rows), t, dtype=torch.long)
            for r, row in enumerate(rows):
                ids[r, :len(row)] = torch.tensor(row)
            ids = ids.to(device)
            positions = torch.arange(t, device=device).expand(len(rows), t)
            hidden = hidden_states(model, shape, ids, torch.zeros_like(ids), positions)
            last = hidden[torch.arange(len(rows)), torch.tensor([len(row) - 1 for row in rows])]
            still = []
            for i, token in zip(open_rows, logits(model, last).argmax(-1).tolist()):
                if token in STOPS:
                    continue
                out[i].append(token)
                if len(out[i]) < limits[i]:
                    still.append(i)
            open_rows = still
    return out


def parse_call(text):
    """{name, arguments} of `call:NAME{key:VALUE,..}` with strings and numbers as values, or None."""
    whole = re.fullmatch(r"call:([^{]+)\{(.*)\}", text, re.S)
    if not whole:
        return None
    arguments = {}
    for key, string, bare in re.findall(r'([^:,{}]+):(?:<\|"\|>(.*?)<\|"\|>|([^,}]*))', whole[2], re.S):
        try:
            arguments[key] = json.loads(bare) if bare else string
        except ValueError:
            return None
    return {"name": whole[1], "arguments": arguments}


def answer_of(text, thinking_open):
    """(the text without thoughts and calls, the first call or None)."""
    if thinking_open:
        text = text.split("<channel|>", 1)[-1]
    text = re.sub(r"<\|channel>.*?(<channel\|>|$)", "", text, flags=re.S)
    calls = re.findall(r"<\|tool_call>(.*?)<tool_call\|>", text, flags=re.S)
    text = re.sub(r"<\|tool_call>.*?(<tool_call\|>|$)", "", text, flags=re.S)
    return text.strip(), parse_call(calls[0]) if calls else None


def right(expect, text, call):
    """Whether an answer is what the question expects."""
    if "text" in expect:
        return text == expect["text"]
    if "one_of" in expect:
        return text in expect["one_of"]
    if "contains" in expect:
        return all(part in text for part in expect["contains"])
    if "json" in expect:
        try:
            return json.loads(text) == expect["json"]
        except ValueError:
            return False
    return call == expect["call"]


def evaluate(model, shape, vocabulary, lines, device):
    """(share right by kind, [(line, answer)] of the wrong ones)."""
    prompts = [prompt_ids(vocabulary, line) for line in lines]
    answers = generate(model, shape, prompts, [line["max_tokens"] for line in lines], device)
    by_kind, wrong = defaultdict(list), []
    for line, ids in zip(lines, answers):
        raw = vocabulary.decode(ids)
        opened = bool(line.get("enable_thinking")) and line["messages"][-1]["role"] == "tool"
        good = right(line["expect"], *answer_of(raw, opened))
        by_kind[line["kind"]].append(good)
        if not good:
            wrong.append((line, raw))
    return {kind: sum(v) / len(v) for kind, v in by_kind.items()}, wrong


def table(shares):
    whole = sum(shares.values()) / len(shares)
    return "\n".join(f"{kind:16}{100 * share:6.1f} %" for kind, share
                     in sorted(shares.items())) + f"\n{'all':16}{100 * whole:6.1f} %"


def shape_of(metadata):
    """The shape in the list that a file was made with."""
    for shape in SHAPES.values():
        if (metadata["gemma4.embedding_length"] == shape.hidden
            and metadata["gemma4.block_count"] == len(shape.pattern)
                and metadata["gemma4.feed_forward_length"][0] == shape.feed_forward
            and len(metadata["tokenizer.ggml.tokens"]) == shape.vocabulary):
            return shape
    raise SystemExit("the file has none of the shapes in shape.py")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("model", type=Path)
    arguments.add_argument("questions", type=Path)
    arguments.add_argument("--show-wrong", action="store_true")
    options = arguments.parse_args()
    metadata, _ = gguf.read(options.model)
    shape = shape_of(metadata)
    merges = [tuple(text.split(" ", 1)) for text in metadata["tokenizer.ggml.merges"]]
    vocabulary = Vocabulary(metadata["tokenizer.ggml.tokens"], merges)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = build(shape, 0).to(device).eval()
    export.load(options.model, model)
    shares, wrong = evaluate(model, shape, vocabulary, questions.load(options.questions), device)
    if options.show_wrong:
        for line, raw in wrong:
            print(line["kind"], "|", line["messages"][-1]["content"], "|", line["expect"], "|", raw)
    print(table(shares))


if __name__ == "__main__":
    main()
