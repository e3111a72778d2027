"""Makes the demo model from nothing: text, vocabulary, training, file, evaluation.

    python make.py --out ../../assets            # on a GPU, minutes
    python make.py --out /tmp/demo --small       # on a CPU, minutes: everything works, but it learns little"""
import argparse
import json
import os
import random
from dataclasses import replace
from pathlib import Path

import torch

import chat
import evaluate
import export
import questions
import vocabulary
from data.conversations import conversation
from data.styles import WORDS
from shape import SHAPES
from train import Plan, train

SEED = 2026
VOCABULARY_TEXTS = 30000
FULL = Plan(steps=11042, rows=32, length=1024, rate=2e-3, workers=max(1, (os.cpu_count() or 2) - 2))
SMALL = Plan(steps=240, rows=4, length=512, rate=3e-3, workers=1, warm_up=20)


def learn_vocabulary(path, size, count):
    def texts():
        for i in range(count):
            pieces = chat.render(chat.with_call_names(conversation(random.Random(f"vocabulary {SEED} {i}"))))
            for text in (text for text, control, _ in pieces if not control):
                yield text
                if i % 2 == 0:
                    yield text.upper()
        for word in WORDS:                             # often enough to become pieces of their own
            yield from 40 * [f" {word} {word.upper()}"]
    vocabulary.Vocabulary(*vocabulary.train(texts(), size)).save(path)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--small", action="store_true", help="a tiny setting that a CPU trains in minutes")
    arguments.add_argument("--shape", choices=SHAPES, help="another shape than the setting's")
    arguments.add_argument("--steps", type=int)
    arguments.add_argument("--seconds", type=float, help="train no longer than this: fewer steps if need be")
    options = arguments.parse_args()
    plan, shape = (SMALL, SHAPES["small"]) if options.small else (FULL, SHAPES["full"])
    shape = SHAPES[options.shape] if options.shape else shape
    changes = {key: value for key, value in [("steps", options.steps), ("seconds_max", options.seconds)] if value}
    plan = replace(plan, **changes)
    options.out.mkdir(parents=True, exist_ok=True)
    out = options.out
    words = out / ".demo-vocabulary.json"
    model_file, question_file = out / "demo.gguf", out / "demo-questions.jsonl"

    def log(text):
        print(text, flush=True)

    learn_vocabulary(words, shape.vocabulary, VOCABULARY_TEXTS // (10 if options.small else 1))
    spelling = vocabulary.Vocabulary.load(words)
    questions.write(question_file, SEED)
    lines = questions.load(question_file)
    metrics = {"shape": shape.name, "steps": plan.steps, "rows": plan.rows, "length": plan.length, "points": []}

    def checkpoint(step, share, weights, model):
        """Writes the file and the figures at a quarter, half, three quarters and the end."""
        export.write(model_file, weights, shape, spelling)
        model.eval()
        asked = lines[::8] if options.small else lines
        shares, wrong = evaluate.evaluate(model, shape, spelling, asked, next(model.parameters()).device)
        model.train()
        metrics["parameters"] = sum(weight.numel() for weight in weights.values())
        metrics["bytes"] = model_file.stat().st_size
        metrics["points"].append({"step": step, "right": shares})
        (out / ".demo-metrics.json").write_text(json.dumps(metrics, indent=1))
        (out / ".demo-wrong.jsonl").write_text("".join(json.dumps({**line, "answer": raw}) + "\n" for line,
                                                       raw in wrong))
        log(f"after {step} steps ({share:.0%}):\n{evaluate.table(shares)}")

    train(shape, plan, SEED, words, log, checkpoint)
    log(f"{model_file}: {model_file.stat().st_size} bytes, {metrics['parameters']} parameters")
    if torch.cuda.is_available():
        log(f"{torch.cuda.get_device_name()}, {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB at most")


if __name__ == "__main__":
    main()
