"""How well skills fit a text by the embeddings of a model, and the vectors kept so that no text is sent twice."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from compass.errors import InputError
from compass.models.embeddings import Embedder
from compass.skills.library import Skill
from compass.skills.retrieval import Scores, document_of
from compass.skills.store.shelf import stage

Floats = NDArray[np.float32]
_DIGEST = 32  # bytes of the checksum that a file begins with


class VectorCache:
    """Vectors by model and text, in memory and, where there is a folder, in one file each. Only a cache: any of it may be deleted.

    A file is named by the sha256 of model and text, so a changed text is another file; a damaged one counts as missing. Any number
    of processes may write at once. Where the folder cannot be written, the vectors stay in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._known: dict[str, Floats] = {}

    def get(self, model: str, text: str) -> Floats | None:
        """The vector of a text, None where it is not known."""
        key = _key(model, text)
        if key not in self._known and self._folder is not None:
            vector = _read(self._folder / key)
            if vector is not None:
                self._known[key] = vector
        return self._known.get(key)

    def put(self, model: str, text: str, vector: Floats) -> None:
        """Keep the vector of a text."""
        key = _key(model, text)
        self._known[key] = vector
        if self._folder is not None:
            content = vector.tobytes()
            part = self._folder / f".{key}.{os.getpid()}.{threading.get_ident()}"
            with suppress(OSError):
                self._folder.mkdir(exist_ok=True)
                stage(hashlib.sha256(content).digest() + content, part, sync=False).replace(self._folder / key)


class Similarity:
    """Asks a model's embeddings how well skills fit a text. After the first failure it gives up, and tells that once.

    tell: told in one line why words are counted instead.
    """

    def __init__(
        self, embedder: Embedder, model: str, tell: Callable[[str], None], cache: VectorCache | None = None
    ) -> None:
        self._embedder = embedder
        self._model = model
        self._tell = tell
        self._cache = cache or VectorCache()
        self._failed = False
        self._turn = asyncio.Lock()  # for the skills: who waits finds known what the one before asked for

    async def scores(self, skills: Sequence[Skill], text: str) -> Scores | None:
        """The cosine of each skill's vector with the text's, for `compass.skills.retrieval.rank`; None without embeddings."""
        documents = [document_of(skill) for skill in skills]
        try:
            async with self._turn:
                if self._failed:
                    return None
                known = await self._vectors(documents)
            known |= await self._vectors([text])
            if len({len(vector) for vector in known.values()}) > 1:  # another model has that name now
                known = await self._ask([*documents, text])
        except InputError as error:
            if not self._failed:
                self._failed = True
                self._tell(f"skills are found by their words instead: {error}")
            return None
        fits = [_cosine(known[text], known[document]) for document in documents]
        return lambda _: fits

    async def _vectors(self, texts: Sequence[str]) -> dict[str, Floats]:
        known = {text: self._cache.get(self._model, text) for text in texts}
        missing = [text for text, vector in known.items() if vector is None]
        asked = await self._ask(missing) if missing else {}
        return {text: vector for text, vector in known.items() if vector is not None} | asked

    async def _ask(self, texts: Sequence[str]) -> dict[str, Floats]:
        vectors = await self._embedder.embed(self._model, texts)
        found = {text: np.array(vector, dtype="<f4") for text, vector in zip(texts, vectors, strict=True)}
        for text, vector in found.items():
            self._cache.put(self._model, text, vector)
        return found


def _cosine(one: Floats, other: Floats) -> float:
    lengths = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return float(one.astype(np.float64) @ other.astype(np.float64)) / lengths if lengths > 0.0 else 0.0


def _key(model: str, text: str) -> str:
    return hashlib.sha256(f"{model}\n{text}".encode("utf-8", "replace")).hexdigest()


def _read(path: Path) -> Floats | None:
    """The vector in a file; None where there is none, or one that is not whole."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, numbers = content[:_DIGEST], content[_DIGEST:]
    if not numbers or len(numbers) % 4 or hashlib.sha256(numbers).digest() != digest:
        return None
    return np.frombuffer(numbers, dtype="<f4")
