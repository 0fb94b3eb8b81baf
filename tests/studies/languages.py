"""Reviews in five scripts, made from a few words each: can a training read them?

    python -m tests.studies.languages

trains the linear models and an LSTM on each with the default settings, and prints the accuracy on test. An opinion is a
word in pieces, where a script has no spaces, and some are denied.
"""

import random
import subprocess
import sys
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from export.data.reviews import Review


class Language(NamedTuple):
    """`frames` hold {thing} and {opinion}; `denied` makes an opinion its opposite."""

    frames: tuple[str, ...]
    things: str
    praise: str
    blame: str
    denied: str
    asides: tuple[str, ...]


LANGUAGES = {
    "Chinese": Language(
        ("这部{thing}{opinion}。{aside}", "{aside}我觉得{thing}{opinion}！"),
        "电影 片子 剧情 音乐 演员的表现 结局",
        "好看 精彩 感人 有趣 出色",
        "难看 无聊 糟糕 乏味 拖沓",
        "一点也不{}",
        ("昨天和朋友一起看的。", "片长两个小时。", "导演是新人。", "在家里看的。"),
    ),
    "Japanese": Language(
        ("この{thing}は{opinion}。{aside}", "{aside}{thing}が{opinion}と思った。"),
        "映画 作品 物語 音楽 結末 演技",
        "面白い 素晴らしい 楽しい 感動的だ 最高だ",
        "つまらない 退屈だ ひどい 最悪だ くだらない",
        "{}とは言えない",
        ("昨日友達と見た。", "二時間の長さ。", "監督は新人です。", "家で見ました。"),
    ),
    "Thai": Language(
        ("{thing}เรื่องนี้{opinion} {aside}", "{aside} {thing}{opinion}นะ"),
        "หนัง ละคร เนื้อเรื่อง เพลง ตอนจบ",
        "สนุก ดี เยี่ยม น่าประทับใจ ตลก",
        "น่าเบื่อ แย่ ห่วย จืดชืด น่ารำคาญ",
        "ไม่{}เลย",
        ("ดูกับเพื่อนเมื่อวาน", "ยาวสองชั่วโมง", "ผู้กำกับหน้าใหม่", "ดูที่บ้าน"),
    ),
    "Hindi": Language(
        ("यह {thing} {opinion} है। {aside}", "{aside} मुझे {thing} {opinion} लगी।"),
        "फ़िल्म कहानी पटकथा समाप्ति धुन",
        "अच्छी बढ़िया शानदार मज़ेदार दिलचस्प",
        "बुरी उबाऊ घटिया बेकार थकाऊ",
        "बिल्कुल {} नहीं",
        ("कल दोस्तों के साथ देखी।", "दो घंटे लंबी।", "निर्देशक नए हैं।", "घर पर देखी।"),
    ),
    "Arabic": Language(
        ("{thing} {opinion} جدًا. {aside}", "{aside} أرى أن {thing} {opinion}!"),
        "الفيلم العمل المسلسل التصوير الإخراج",
        "رائع ممتع مؤثّر جميل مدهش",
        "ممل سيّئ ضعيف رديء مزعج",
        "غير {} أبدًا",
        ("شاهدته أمس مع الأصدقاء.", "مدته ساعتان.", "المخرج جديد.", "شاهدته في البيت."),
    ),
}


def reviews(language: Language, count: int, *, asides: int = 1) -> list[Review]:
    """Return `count` different reviews, praise and blame alike often, with so many `asides` each."""
    opinions = [(word, "good") for word in language.praise.split()] + [(word, "bad") for word in language.blame.split()]
    opposite = {"good": "bad", "bad": "good"}
    denied = [(language.denied.format(word), opposite[label]) for word, label in opinions[::4]]
    beside = map("".join, product(language.asides, repeat=asides))
    every = product(language.frames, language.things.split(), opinions + denied, beside)
    made = {
        frame.format(thing=thing, opinion=opinion, aside=aside): label
        for frame, thing, (opinion, label), aside in every
    }
    return [Review(text, label) for text, label in random.Random(0).sample(sorted(made.items()), count)]


def main() -> None:
    """Train on 2,000 reviews of each language; what an export prints has the accuracies."""
    with TemporaryDirectory() as folder:
        for name, language in LANGUAGES.items():
            file = Path(folder) / f"{name.lower()}.tsv"
            lines = ["text\tlabel", *(f"{row.text}\t{row.label}" for row in reviews(language, 2000, asides=2))]
            file.write_text("\n".join(lines), encoding="utf-8")
            print(name, flush=True)
            options = ["--data", str(file), "--cells", "lstm", "--repository", f"{folder}/models"]
            subprocess.run([sys.executable, "-m", "gatescope", "export", *options], check=True)


if __name__ == "__main__":
    main()
