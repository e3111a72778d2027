"""The demo model's own BPE vocabulary, in the form of Gemma 4's.

Ids below 107, the runs of newlines (107..137) and of spaces (138..167) and all control tokens are as in Gemma 4; then
come 256 byte tokens, single characters, the learnt pieces, and the media tokens last. A space is U+2581 in front of its
word; digits and punctuation stay single, so numbers are spelt. Words are learnt in upper case as well: shouting is then
the same sequence of other tokens, which a small model learns far better than spelling."""
import json
import re
from functools import lru_cache

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

SPACE = "\u2581"
BOS, END_OF_TURN, TOOL_RESPONSE, EOS, PAD = 2, 106, 50, 1, 0
SPECIAL = {0: "<pad>", 1: "<eos>", 2: "<bos>", 3: "<unk>", 4: "<mask>", 5: "[multimodal]", 46: "<|tool>",
           47: "<tool|>",
           48: "<|tool_call>", 49: "<tool_call|>", 50: "<|tool_response>", 51: "<tool_response|>", 52: '<|"|>',
           98: "<|think|>",
           100: "<|channel>", 101: "<channel|>", 105: "<|turn>", 106: "<turn|>"}
MEDIA = ["<|image>", "<|audio>", "<|image|>", "<|audio|>", "<image|>", "<audio|>", "<|video|>"]
CONTROL = [text for text in SPECIAL.values() if text != "[multimodal]"] + MEDIA
RUNS = 31
WORD = re.compile(f"{SPACE}?[A-Za-z]+|{SPACE}+|\n+|.", re.S)


def _head():
    unused = iter(range(107))
    return [SPECIAL[i] if i in SPECIAL else f"<unused{next(unused)}>" for i in range(107)]


def _run_merges(character):
    """Any two neighbouring runs may join, the longest result first."""
    return [(character * a, character * (n - a)) for n in range(RUNS, 1, -1) for a in range(n - 1, 0, -1)]


def train(texts, size):
    """(tokens, merges) for `size` tokens, learnt from an iterable of texts."""
    learner = Tokenizer(models.BPE())
    learner.normalizer = normalizers.Replace(" ", SPACE)
    learner.pre_tokenizer = pre_tokenizers.Split(Regex(f"{SPACE}?[A-Z]?[a-z]+|{SPACE}?[A-Z]+|[^A-Za-z]"), "isolated")
    tokens = _head() + ["\n" * n for n in range(1, RUNS + 1)] + [SPACE * n for n in range(2, RUNS + 1)]
    tokens += [f"<0x{byte:02X}>" for byte in range(256)]
    alphabet = [SPACE] + [chr(code) for code in range(33, 127)] + list("×÷äöüéèßñ€°–…")
    budget = size - len(tokens) - len(MEDIA)
    learner.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=budget, initial_alphabet=alphabet,
                                                           limit_alphabet=len(alphabet),
                                                           show_progress=False))
    model = json.loads(learner.to_str())["model"]
    pieces = sorted(model["vocab"], key=model["vocab"].get)
    tokens += [piece for piece in pieces if piece not in tokens]
    tokens = tokens[:size - len(MEDIA)] + MEDIA
    known = set(tokens)
    merges = _run_merges("\n") + _run_merges(SPACE)
    merges += [pair for pair in map(tuple, model["merges"]) if "".join(pair) in known
               and len(set(pair) & known) == len(set(pair))]
    assert len(tokens) == len(known) <= size, (len(tokens), len(known), size)
    return tokens, merges


class Vocabulary:
    def __init__(self, tokens, merges):
        self.tokens, self.merges = tokens, merges
        self.id = {text: i for i, text in enumerate(tokens)}
        self.model = Tokenizer(models.BPE(vocab=self.id, merges=merges, byte_fallback=True, fuse_unk=True,
                                          unk_token="<unk>"))
        self.model.normalizer = normalizers.Replace(" ", SPACE)
        self.model.decoder = decoders.Sequence([decoders.Replace(SPACE, " "), decoders.ByteFallback(),
                                                decoders.Fuse()])
        self.model.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in CONTROL])
        self.word = lru_cache(maxsize=1 << 18)(lambda word: self.model.encode(word, add_special_tokens=False).ids)

    def __len__(self):
        return len(self.tokens)

    def encode(self, text):
        """The ids of plain text. No merge joins two of these words, so each is looked up by itself."""
        return [i for word in WORD.findall(text.replace(" ", SPACE)) for i in self.word(word)]

    def encode_pieces(self, pieces):
        """(ids, trained) of what `chat.render` gives."""
        ids, trained = [], []
        for text, control, learnt in pieces:
            new = [self.id[text]] if control else self.encode(text)
            ids += new
            trained += [learnt] * len(new)
        return ids, trained

    def decode(self, ids):
        return self.model.decode(ids, skip_special_tokens=False)

    def types(self):
        """GGUF token types: 3 for control tokens, 1 for the rest, as in Ollama's files."""
        control = set(CONTROL)
        return [3 if text in control else 1 for text in self.tokens]

    def save(self, path):
        path.write_text(json.dumps({"tokens": self.tokens, "merges": self.merges}, ensure_ascii=False))

    @staticmethod
    def load(path):
        saved = json.loads(path.read_text())
        return Vocabulary(saved["tokens"], [tuple(pair) for pair in saved["merges"]])
