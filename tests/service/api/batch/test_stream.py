"""`/v1/batch` streamed: every line answered once, in order, as alone; what is wrong with one line stays with it."""

import asyncio
import csv
import dataclasses
import http.client
import io
import json
import random
import socket
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.bundle.files import read
from service.api.batch.formats import BatchOptions, JsonLinesForm
from service.api.batch.stream import Stream
from service.api.batch.stream_limiter import StreamLimiter
from service.errors import Overloaded
from service.inference.limits import TextLimits
from service.score.options import MAX_TEXT_BYTES, Options
from service.score.progress import ScoringProgress
from service.score.remote import find_model
from service.score.run import run
from service.score.scorer import Scored, Scorer
from service.settings import Settings
from tests.bundles import WORDS
from tests.service.conftest import Running, running

NDJSON, CSV = "application/x-ndjson", "text/csv"


def post(
    service: Running, content: bytes | Iterator[bytes], kind: str = NDJSON, query: str = ""
) -> list[dict[str, Any]]:
    answer = service.client.post(f"/v1/batch{query}", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def texts(count: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.choice((1, 5, 20, 150)))) for _ in range(count)]


def lines(reviews: list[str]) -> bytes:
    return "".join(json.dumps({"text": text}) + "\n" for text in reviews).encode()


def test_lines_are_answered_in_order_as_alone(served: Running) -> None:
    reviews = texts(700)
    *answers, last = post(served, lines(reviews))
    assert last["summary"]["rows"] == 700
    assert last["summary"]["errors"] == 0
    assert sum(last["summary"]["labels"].values()) == 700
    for text, answer in list(zip(reviews, answers, strict=True))[::50]:
        alone = served.predict(text).json()
        assert answer["probabilities"] == pytest.approx(alone.pop("probabilities"), abs=1e-5)
        assert {name: answer[name] for name in alone} == alone


def test_a_bad_line_is_one_error_line_with_its_number(served: Running) -> None:
    content = (
        b'"good"\n{broken\n\n{"text": ""}\n{"txt": "bad"}\n{"text": "bad", "model": "cnn"}\n{"text": "a\xff"}\n"bad"'
    )
    *answers, last = post(served, content)
    assert [(a["line"], a["error"]["status"]) for a in answers if "error" in a] == [
        (2, 400),
        (4, 422),
        (5, 400),
        (6, 404),
        (7, 400),
    ]
    assert [bool(a.get("label")) for a in answers] == [True, *[False] * 5, True]
    assert (last["summary"]["rows"], last["summary"]["errors"]) == (7, 5)


def test_a_model_for_all_lines_and_one_for_its_own(served: Running) -> None:
    *answers, _ = post(served, b'"good"\n{"text": "good", "model": "rnn"}\n', query="?model=gru")
    assert [answer["model"] for answer in answers] == ["gru", "rnn"]


@pytest.mark.parametrize("query", ["?model=cnn", "?version=9", "?version=x", "?colour=red"])
def test_a_wrong_address_is_refused_before_anything_is_read(served: Running, query: str) -> None:
    answer = served.client.post(f"/v1/batch{query}", content=b'"good"\n', headers={"Content-Type": NDJSON})
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"] == "application/problem+json"


def test_nothing_in_is_a_summary_out(served: Running) -> None:
    assert post(served, b"")[0]["summary"]["rows"] == 0


def test_pieces_may_be_cut_anywhere(served: Running) -> None:
    content = lines(["caf\u00e9 good", "bad \U0001f37f", "good"])
    whole = post(served, content)[:-1]
    assert post(served, (content[at : at + 3] for at in range(0, len(content), 3)))[:-1] == whole


def test_answers_leave_while_lines_arrive(served: Running) -> None:
    """The second line is sent only once the answer to the first has come."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.putrequest("POST", "/v1/batch")
    connection.putheader("Content-Type", NDJSON)
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()

    def send(content: bytes) -> None:
        connection.send(b"%x\r\n%s\r\n" % (len(content), content))

    send(b'{"text": "good"}\n')
    answer = connection.getresponse()
    assert json.loads(answer.readline())["words"] == 1
    send(b'{"text": "good bad"}\n')
    assert json.loads(answer.readline())["words"] == 2
    connection.send(b"0\r\n\r\n")
    assert json.loads(answer.readline())["summary"]["rows"] == 2
    assert answer.read() == b""


def test_csv_keeps_its_columns(served: Running) -> None:
    content = b'id,review\n1,"good, ""really""\nfilm"\n2,\n3,bad,more\n4,bad\n'
    answer = served.client.post("/v1/batch?text_column=review", content=content, headers={"Content-Type": CSV})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["id"], row["review"]) for row in rows] == [
        ("1", 'good, "really"\nfilm'),
        ("2", ""),
        ("3", "bad"),
        ("4", "bad"),
    ]
    assert [row["error"].split(":")[0] for row in rows] == ["", "line 4", "line 5", ""]
    alone = served.predict("bad").json()
    assert float(rows[3]["probability_fresh"]) == pytest.approx(alone["probabilities"]["fresh"], abs=1e-5)


def test_csv_without_the_text_column_is_refused(served: Running) -> None:
    answer = served.client.post("/v1/batch", content=b"id,review\n1,good\n", headers={"Content-Type": CSV})
    assert answer.status_code == 400
    assert "text_column" in answer.json()["detail"]


ROWS = [("1", 'a 5" screen, good'), ("2", "bad; very bad"), ("3", "tab\tand\rreturn"), ("4", "été, ça va")]


def table(delimiter: str, end: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows([("id", "text"), *ROWS])
    return out.getvalue().replace("\r\n", end)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_a_csv_is_read_as_files_are_and_no_row_is_lost(
    served: Running, delimiter: str, end: str, encoding: str
) -> None:
    content = table(delimiter, end).encode(encoding)
    kind = f"{CSV}; charset=latin-1" if encoding == "latin-1" else CSV
    answer = served.client.post("/v1/batch", content=content, headers={"Content-Type": kind})
    rows = list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))
    assert [(row["id"], row["text"]) for row in rows] == ROWS
    assert all(row["label"] and not row["error"] for row in rows)


def test_a_quote_within_a_field_is_a_character_of_it(served: Running) -> None:
    answer = served.client.post("/v1/batch", content=b'id,text\n1,a 5" screen\n2,bad\n', headers={"Content-Type": CSV})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["text"] for row in rows] == ['a 5" screen', "bad"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b'id,"text\n1,never closed\n', b"id,review\n1,x\n"])
def test_a_csv_that_is_no_table_is_refused(served: Running, content: bytes) -> None:
    answer = served.client.post("/v1/batch", content=content, headers={"Content-Type": CSV})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_charset_is_refused(served: Running) -> None:
    answer = served.client.post("/v1/batch", content=b"text\nx\n", headers={"Content-Type": f"{CSV}; charset=klingon"})
    assert answer.status_code == 400


@pytest.fixture(scope="module")
def narrow(repository: Path) -> Iterator[Running]:
    """A service with small texts and a small spool."""
    with running(Settings(repository=repository, max_text_bytes=2000, max_spool_bytes=2_000_000)) as service:
        yield service


def test_a_byte_order_mark_before_the_first_line_is_passed_over(served: Running) -> None:
    *answers, last = post(served, b'\xef\xbb\xbf{"text": "good"}\n"bad"\n')
    assert all(answer["label"] for answer in answers)
    assert last["summary"]["rows"] == 2


def test_a_line_too_long_is_one_error_line(narrow: Running) -> None:
    content = b'"good"\n"' + b"x " * 50_000 + b'"\n"bad"\n'
    *answers, last = post(narrow, content)
    assert [answer.get("label") is None for answer in answers] == [False, True, False]
    assert answers[1]["error"]["status"] == 413
    assert last["summary"]["rows"] == 3


def test_the_body_has_no_limit(narrow: Running) -> None:
    """More than the limit of a JSON batch: it is read as it comes."""
    piece = lines(["good"]) * 1000
    total = narrow.service.context.settings.max_batch_bytes
    count = total // len(piece) // 10 + 1
    assert post(narrow, (piece for _ in range(count)))[-1]["summary"]["rows"] == 1000 * count


def _request(service: Running) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=60)
    head = f"POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: {NDJSON}\r\nTransfer-Encoding: chunked"
    connection.sendall(f"{head}\r\n\r\n".encode())
    return connection


def _send(connection: socket.socket, content: bytes) -> None:
    connection.sendall(b"%x\r\n%s\r\n" % (len(content), content))


def _read_all(connection: socket.socket) -> list[dict[str, Any]]:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return [json.loads(line) for line in answer.read().splitlines()]


def test_a_client_that_sends_everything_before_it_reads_gets_everything(narrow: Running) -> None:
    with _request(narrow) as connection:
        for _ in range(10):
            _send(connection, lines(["good"] * 1000))
        connection.sendall(b"0\r\n\r\n")
        *answers, last = _read_all(connection)
    assert len(answers) == last["summary"]["rows"] == 10_000


class Client:
    """The other end of a stream, as the server sees it: it sends `pieces` at once and reads when it likes."""

    def __init__(self, pieces: list[bytes], read: Callable[[], Awaitable[object]]):
        self.pieces, self.read, self.received, self.finished = pieces, read, b"", asyncio.Event()

    async def receive(self) -> Any:
        if not self.pieces:
            await self.finished.wait()
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": self.pieces.pop(0), "more_body": bool(self.pieces)}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            await self.read()
            self.received += message["body"]
            if not message["more_body"]:
                self.finished.set()


def stream(service: Running, client: Client, spool: int) -> list[dict[str, Any]]:
    """The lines that `client` gets with a spool of that many bytes."""
    context = service.service.context
    small = dataclasses.replace(context, settings=context.settings.model_copy(update={"max_spool_bytes": spool}))

    async def talk() -> None:
        await asyncio.wait_for(
            Stream(small, JsonLinesForm(10_000), BatchOptions(), True, client.receive, client.send).run(), 60
        )

    asyncio.run(talk())
    return [json.loads(line) for line in client.received.splitlines()]


def test_past_the_cap_one_error_line_ends_the_stream(served: Running) -> None:
    """The client reads nothing before everything it had to say is taken from it."""
    pieces = [lines(["good"] * 100) for _ in range(30)]

    async def read() -> None:
        while pieces:
            await asyncio.sleep(0.01)

    *answers, last = stream(served, Client(pieces, read), 100_000)
    assert all("label" in answer for answer in answers)
    assert last["line"] == len(answers) + 1 < 3000
    assert "unread" in last["error"]["detail"]
    assert served.predict("good").status_code == 200


def test_a_client_that_reads_slowly_gets_everything(served: Running) -> None:
    """Its answers come to several times the cap, so only holding it back can help."""
    client = Client([lines(["good"] * 100) for _ in range(40)], lambda: asyncio.sleep(0.1))
    *answers, last = stream(served, client, 150_000)
    assert len(answers) == last["summary"]["rows"] == 4000
    assert len(client.received) > 3 * 150_000


@pytest.fixture
def single(repository: Path) -> Iterator[Running]:
    """One stream at a time, ended where it is idle for a moment."""
    settings = Settings(repository=repository, max_streams=1, max_spool_bytes=400_000, stream_idle_seconds=0.3)
    with running(settings) as service:
        yield service


def _until_free(service: Running) -> None:
    end = time.monotonic() + 60
    while service.service.context.streams.taken:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_idle_stream_ends_with_a_line_and_its_place_is_free(single: Running) -> None:
    with _request(single) as connection:
        _send(connection, lines(["good", "bad"]))
        *answers, last = _read_all(connection)
        assert [answer["label"] for answer in answers] == [
            single.predict(text).json()["label"] for text in ("good", "bad")
        ]
        assert (last["line"], last["error"]["status"]) == (3, 408)
        _until_free(single)
        assert post(single, lines(["good"]))[-1]["summary"]["rows"] == 1


@pytest.mark.parametrize("ends", [True, False])
def test_the_place_of_a_client_that_never_reads_is_free_again(single: Running, ends: bool) -> None:
    with _request(single) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(30):
            _send(connection, lines(["good"] * 1000))
        if ends:
            connection.sendall(b"0\r\n\r\n")
        _until_free(single)
    assert post(single, lines(["good"]))[-1]["summary"]["rows"] == 1


def test_where_the_disk_takes_no_more_one_error_line_ends_the_stream(
    served: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/dev/full")
    pieces = [lines(["good"] * 100) for _ in range(60)]

    async def read() -> None:
        while pieces:
            await asyncio.sleep(0.01)

    *answers, last = stream(served, Client(pieces, read), 10_000_000)
    assert all("label" in answer for answer in answers)
    assert last["line"] == len(answers) + 1
    assert "no disk" in last["error"]["detail"]


def test_a_client_that_goes_away_frees_its_work(narrow: Running) -> None:
    engine, catalog = narrow.service.context.engine, narrow.service.context.catalog
    with _request(narrow) as connection:
        _send(connection, lines(["good " * 300] * 3000))
        time.sleep(0.1)
    model = catalog.find("lstm")
    until = time.monotonic() + 10
    while engine.queue(model).rows and time.monotonic() < until:
        time.sleep(0.01)
    assert engine.queue(model).rows == 0
    assert narrow.predict("good").status_code == 200


def test_files_remote_and_one_at_a_time_agree(served: Running, repository: Path, tmp_path: Path) -> None:
    reviews = [*texts(300, seed=3), "", "good " * 300]
    source = tmp_path / "in.jsonl"
    source.write_bytes(lines(reviews))
    url = f"http://127.0.0.1:{served.port}"
    ways: dict[str, dict[str, Any]] = {
        "local": {"max_words": 200},
        "remote": {"remote": url},
    }
    rows = {}
    for name, options in ways.items():
        out = tmp_path / f"{name}.jsonl"
        run(Options([str(source)], str(out), repository, workers=1, **options), ScoringProgress(quiet=True))
        rows[name] = [json.loads(line) for line in out.read_bytes().splitlines()]
    streamed = post(served, source.read_bytes())[:-1]
    seam = Scorer(read(repository / "lstm" / "1"), TextLimits(200, MAX_TEXT_BYTES))(reviews)
    for number, text in enumerate(reviews):
        one = served.predict(text).json()
        found = [rows["local"][number], rows["remote"][number], streamed[number]]
        if "label" not in one:
            assert all("error" in row for row in found)
            assert rows["local"][number]["error"] == rows["remote"][number]["error"]
            assert rows["local"][number]["error"].startswith(f"row {number + 1}, line {number + 1}: ")
            continue
        scored = seam[number]
        assert isinstance(scored, Scored)
        assert scored.probabilities == pytest.approx(one["probabilities"], abs=1e-5)
        for row in found:
            assert row["probabilities"] == pytest.approx(one["probabilities"], abs=1e-5)
            for name in "label", "words", "unknown_rate", "truncated", "abstain":
                assert row[name] == one[name]


def test_a_remote_model_is_found_by_name(served: Running) -> None:
    url = f"http://127.0.0.1:{served.port}"
    assert find_model(url, None, None, None).name == "lstm"
    assert find_model(url, "gru", 1, None).labels == ("rotten", "fresh")


def test_more_streams_than_may_be_are_429_until_one_ends(repository: Path) -> None:
    with running(Settings(repository=repository, max_streams=2)) as service, _request(service) as first:
        with _request(service) as second:
            for connection in (first, second):
                _send(connection, b'"good"\n')
            _until(lambda: service.metric("gatescope_batch_streams") == 2)
            refused = service.client.post("/v1/batch", content=b'"good"\n', headers={"Content-Type": NDJSON})
            assert (refused.status_code, refused.json()["type"]) == (429, "urn:gatescope:problem:overloaded")
            assert int(refused.headers["retry-after"]) >= 1
            assert service.client.post("/v1/batch", json=["good"]).status_code == 200
        _until(lambda: service.metric("gatescope_batch_streams") == 1)  # the second has gone away
        assert post(service, b'"good"\n')[-1]["summary"]["rows"] == 1
        first.sendall(b"0\r\n\r\n")
        assert _read_all(first)[-1]["summary"]["rows"] == 1


def test_workers_share_the_places_of_the_service() -> None:
    places = StreamLimiter(Settings(max_streams=5, workers=2))
    with places, places, places, pytest.raises(Overloaded), places:
        pass


def _until(met: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not met():
        assert time.monotonic() < end
        time.sleep(0.02)
