"""A corpus for a bundle that is there already: its next version, with the same network and other reviews to search."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from export.data.reviews import Review, targets_of
from export.publish.build_corpus import corpus_of
from export.publish.report import CARD, heading
from export.publish.verify import require
from export.training.dataset import encode
from models.bundle.files import CORPUS, Bundle, describe, read_listed
from models.bundle.manifest import CorpusFacts, Manifest
from models.bundle.repository import publish
from models.corpus.corpus_file import Corpus


def add_corpus(bundle: Bundle, repository: Path, source: str, reviews: Sequence[Review], *, keep_texts: bool) -> Path:
    """Publish the next version of a model, with `reviews` of the file `source` as its corpus, and return its folder.

    Raises `DataError` where there are none, or a label is none of the model's.
    """
    manifest, corpus = bundle.manifest, _corpus(bundle, source, reviews, keep_texts)
    kept = {name: read_listed(bundle.folder, name, manifest) for name in manifest.files if name != CORPUS}

    def written(version: int) -> tuple[Manifest, Mapping[str, bytes]]:
        facts = CorpusFacts.model_validate(corpus.facts(source))
        following = manifest.model_copy(update={"version": version, "corpus": facts})
        files = {**kept, CORPUS: corpus.dumps()}
        if CARD in kept:
            files[CARD] = kept[CARD].replace(heading(manifest).encode(), heading(following).encode(), 1)
        return following.model_copy(update={"files": describe(files)}), files

    return publish(repository, manifest.name, written, require)


def _corpus(bundle: Bundle, source: str, reviews: Sequence[Review], keep_texts: bool) -> Corpus:
    targets, texts = targets_of(reviews, bundle.manifest.labels, source), [review.text for review in reviews]
    return corpus_of(bundle.weights, encode(texts, bundle.vocabulary), texts, targets, keep_texts=keep_texts)
