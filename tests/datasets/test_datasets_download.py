"""Downloads from a server that misbehaves, into caches that are damaged, read-only or shared."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from types import SimpleNamespace

import pytest

from coursecnn import datasets
from coursecnn.datasets import download, places, store, transfer
from coursecnn.datasets.official import OFFICIAL
from tests.datasets.local_server import Answer, LocalServer
from tests.small_datasets import small_cifar10, small_mnist, write

URLS = ("/first/mnist.npz", "/second/mnist.npz")


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer() as running:
        yield running


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty package cache on a machine that has no other data."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("COURSECNN_DATA", "COURSECNN_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache" / "coursecnn"


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the downloads would have waited; nobody waits here."""
    waited: list[float] = []
    clock = SimpleNamespace(sleep=waited.append, time=time.time)
    monkeypatch.setattr(download, "time", clock)
    monkeypatch.setattr("urllib3.util.retry.time", clock)
    return waited


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> float:
    """The longest silence that is put up with, in seconds, cut short for the tests that wait."""
    monkeypatch.setattr(transfer, "TIMEOUTS", (5.0, 0.4))
    return 0.4


def obtain(server: LocalServer, *answers: Answer, urls: tuple[str, ...] = URLS[:1]) -> str:
    """Load the small MNIST, which the server gives out as told; the source that it came from.

    Whatever the answers are, what was loaded must be the official content.
    """
    official, content = small_mnist(*map(server.url, urls))
    queue = [*answers, Answer(content)] if answers else [Answer(content)]
    server.answers.setdefault(urls[0], queue)
    data = store.load(official)
    assert data.provenance.official
    assert (places.cache_folder() / "mnist.npz").read_bytes() == content
    assert not list(places.cache_folder().glob("*.part"))
    return data.provenance.source


def content() -> bytes:
    return small_mnist()[1]


def test_a_download_is_kept_for_the_next_time(server: LocalServer) -> None:
    assert obtain(server) == "download from 127.0.0.1"
    assert obtain(server) == "the package's cache"
    assert server.asked[URLS[0]] == [None]


def test_a_server_need_not_say_how_much_it_serves(server: LocalServer) -> None:
    silent = Answer(content(), headers={"Content-Length": ""})
    assert obtain(server, silent) == "download from 127.0.0.1"
    assert server.asked[URLS[0]] == [None]


def test_progress_is_drawn_on_stderr(
    server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    obtain(server)
    captured = capsys.readouterr()

    assert "mnist.npz: 100%" in captured.err
    assert captured.out == ""


def test_progress_can_be_left_out(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    official, whole = small_mnist(server.url("/mnist.npz"))
    server.answers["/mnist.npz"] = [Answer(whole)]
    monkeypatch.setitem(OFFICIAL, "mnist", official)

    assert datasets.fetch("mnist", progress=False).read_bytes() == whole
    assert "100%" not in capsys.readouterr().err


# --- servers that fail and recover ---


def test_a_slow_server_is_waited_for(server: LocalServer, impatient: float) -> None:
    """It is never silent for long, though the whole takes longer than the silence allowed."""
    server.answers[URLS[0]] = [Answer(content(), trickle=2_000)]
    start = time.monotonic()

    assert obtain(server) == "download from 127.0.0.1"
    assert time.monotonic() - start > impatient
    assert server.asked[URLS[0]] == [None]


def test_a_server_that_breaks_off_often_gets_there(server: LocalServer) -> None:
    """Each try brings something new, so none of them counts against the server."""
    breaks = [Answer(content(), stop_after=70_000)] * download.TRIES

    assert obtain(server, *breaks) == "download from 127.0.0.1"
    assert len(server.asked[URLS[0]]) == len(breaks) + 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "broken",
    [
        Answer(content(), stop_after=200_000),
        Answer(content(), stop_after=200_000, headers={"Transfer-Encoding": "identity"}),
        Answer(content(), stall=2.0),
    ],
    ids=["truncates", "truncates, other framing", "stalls"],
)
def test_a_broken_download_continues_where_it_stopped(server: LocalServer, broken: Answer) -> None:
    obtain(server, broken)
    first, second = server.asked[URLS[0]]

    assert first is None
    assert second is not None
    assert 65_536 <= int(second.removeprefix("bytes=").rstrip("-")) < len(content())


def test_a_server_without_ranges_starts_over(server: LocalServer) -> None:
    whole = content()
    truncated = Answer(whole, stop_after=200_000, ranges=False)

    obtain(server, truncated, Answer(whole, ranges=False))

    assert len(server.asked[URLS[0]]) == 2


def test_an_interrupted_download_is_resumed_by_the_next_process(
    server: LocalServer, cache: Path
) -> None:
    write(cache, {"mnist.npz.part": content()[:100_000]})

    obtain(server)

    assert server.asked[URLS[0]] == ["bytes=100000-"]


@pytest.mark.parametrize("left", [b"x" * 100_000, b"x" * 1_000_000], ids=["wrong", "too long"])
def test_wrong_bytes_left_behind_are_thrown_away(
    server: LocalServer, cache: Path, left: bytes
) -> None:
    write(cache, {"mnist.npz.part": left})

    obtain(server)

    assert server.asked[URLS[0]][-1] is None


@pytest.mark.parametrize(
    ("status", "after"), [(503, "7"), (429, "0"), (503, "Fri, 1 Jan"), (500, "")]
)
def test_a_busy_server_is_asked_again_after_its_pause(
    server: LocalServer, pauses: list[float], status: int, after: str
) -> None:
    obtain(server, Answer(status=status, headers={"Retry-After": after}))

    assert pauses == [float(after) if after == "7" else 1.0]
    assert len(server.asked[URLS[0]]) == 2


def test_the_pause_may_be_given_as_a_date(server: LocalServer, pauses: list[float]) -> None:
    date = formatdate(time.time() + 20, usegmt=True)

    obtain(server, Answer(status=503, headers={"Retry-After": date}))

    (pause,) = pauses
    assert 10 < pause <= 20


# --- servers that are given up ---


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("answer", "requests"),
    [
        (Answer(status=404), 1),
        (Answer(status=403), 1),
        (Answer(status=503), 3),
        (Answer(status=503, headers={"Retry-After": "3600"}), 1),
        (Answer(status=503, headers={"Retry-After": formatdate(4e9, usegmt=True)}), 1),
        (Answer(b"<html>moved</html>"), 1),
        (Answer(b"x" * len(content())), 1),
        (Answer(content()[:-1]), 1),
        (Answer(content() + b"x"), 1),
        (Answer(content() + b"x", headers={"Content-Length": str(len(content()) + 1)}), 1),
        (Answer(content(), stop_after=0), 3),
        (Answer(content(), stall=2.0, stop_after=1), 3),
        (Answer(content(), headers={"Content-Length": "many"}), 1),
        (Answer(status=302, headers={"Location": URLS[0]}), 31),
        (Answer(status=302, headers={"Location": "file:///etc/passwd"}), 1),
        (Answer(content(), headers={"Content-Length": "", "Transfer-Encoding": "chunked"}), 3),
        (Answer(raw=b""), 1),
        (Answer(raw=b"SSH-2.0-OpenSSH_9.6\r\n" * 99), 1),
    ],
    ids=[
        "404",
        "403",
        "503 for ever",
        "503 for an hour",
        "503 until 2096",
        "a page instead of the file",
        "the right length, the wrong bytes",
        "a byte short",
        "a byte long",
        "a byte long and says so",
        "nothing at all",
        "stalls at once",
        "a length that is no number",
        "leads to itself",
        "leads to a file of this machine",
        "chunks that are none",
        "hangs up",
        "speaks another language",
    ],
)
def test_the_next_source_takes_over(server: LocalServer, answer: Answer, requests: int) -> None:
    server.answers = {URLS[0]: [answer], URLS[1]: [Answer(content())]}

    obtain(server, urls=URLS)

    assert len(server.asked[URLS[0]]) == requests
    assert len(server.asked[URLS[1]]) >= 1


@pytest.mark.parametrize(
    "answer", [Answer(status=416, ranges=False), Answer(content(), status=206, ranges=False)]
)
def test_a_server_that_does_not_continue_a_partial_file_is_left(
    server: LocalServer, cache: Path, answer: Answer
) -> None:
    write(cache, {"mnist.npz.part": content()[:100_000]})
    server.answers = {URLS[0]: [answer], URLS[1]: [Answer(content())]}

    obtain(server, urls=URLS)

    assert server.asked[URLS[1]] == ["bytes=100000-"]


def test_an_address_that_cannot_be_asked_is_left(
    server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """TLS with a server that has none, a scheme that is none of the web's, no address at all."""
    secure = server.url("/x").replace("http", "https")
    odd = ("ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "http://", "x")
    official, _ = small_mnist(secure, *odd)

    assert not store.load(official).provenance.official
    said = capsys.readouterr().err
    assert all(f"  - {address}: " in said for address in (secure, *odd))


@pytest.mark.parametrize("name", ["mnist.lock", "mnist.npz", "mnist.npz.part"])
def test_a_folder_in_the_place_of_a_file_of_the_cache_is_said_and_left_alone(
    server: LocalServer, cache: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (cache / name).mkdir(parents=True)
    official, whole = small_mnist(server.url("/mnist.npz"))
    server.answers["/mnist.npz"] = [Answer(whole)]

    assert not store.load(official).provenance.official
    assert name in capsys.readouterr().err
    assert (cache / name).is_dir()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less time for a server than `transfer` gives it, and the same rules."""
    monkeypatch.setattr(transfer, "WINDOW", 0.3)
    monkeypatch.setattr(transfer, "SLOWEST_RATE", 100_000)
    monkeypatch.setattr(transfer, "ANSWER_WITHIN", 0.5)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize(
    ("slow", "reason"),
    [
        (Answer(content(), trickle=1), r"is too slow: [\d,]+ bytes in \d s"),
        (Answer(content(), trickle=1, headers={"Content-Length": ""}), "is too slow: "),
        (Answer(content(), slow_headers=True), r"does not answer within 0\.5 s"),
        (Answer(content(), status=503, slow_headers=True), r"does not answer within 0\.5 s"),
    ],
    ids=["trickles", "trickles without a length", "trickles its headers", "trickles its refusal"],
)
def test_a_server_that_trickles_is_left_for_the_next(
    server: LocalServer, slow: Answer, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers = {URLS[0]: [slow], URLS[1]: [Answer(content())]}
    reasons: list[str] = []
    say = download._reason
    monkeypatch.setattr(
        download, "_reason", lambda error: reasons.append(say(error)) or reasons[-1]
    )
    start = time.monotonic()

    assert obtain(server, urls=URLS) == "download from 127.0.0.1"

    assert time.monotonic() - start < 3
    assert re.match(reason, reasons[0])
    assert len(server.asked[URLS[0]]) == 1


@pytest.mark.usefixtures("hurried")
def test_what_a_slow_server_sent_is_not_asked_for_again(server: LocalServer) -> None:
    server.answers = {URLS[0]: [Answer(content(), trickle=7)], URLS[1]: [Answer(content())]}

    obtain(server, urls=URLS)

    (asked,) = server.asked[URLS[1]]
    assert asked is not None
    assert int(asked.removeprefix("bytes=").rstrip("-")) > 0


def test_the_real_limits_leave_a_source_within_a_minute() -> None:
    """A good window, then silence until the time limit of the socket, or no answer at all."""
    connect, silence = transfer.TIMEOUTS

    assert connect + transfer.WINDOW + 2 * silence < 60
    assert transfer.ANSWER_WITHIN < 60
    assert transfer.LONGEST_PAUSE == 30


def test_the_official_host_at_its_slowest_is_fast_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has been throttled to tens of kB/s: slow, and better than nothing."""
    clock = [0.0]
    monkeypatch.setattr(transfer, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    pace = transfer.Pace()
    for _ in range(60):
        clock[0] += 1
        pace.add(10_000)

    for _ in range(4):
        clock[0] += 3
        pace.add(1)
    clock[0] += 3
    with pytest.raises(transfer.SlowError, match="is too slow: 5 bytes in 15 s"):
        pace.add(1)


def test_a_server_that_sends_a_byte_per_connection_is_left(server: LocalServer) -> None:
    server.answers = {
        URLS[0]: [Answer(content(), stop_after=1)],
        URLS[1]: [Answer(content())],
    }
    obtain(server, urls=URLS)

    assert server.asked[URLS[0]] == [None, "bytes=1-", "bytes=2-"]
    assert server.asked[URLS[1]] == ["bytes=3-"]


def test_a_server_that_sends_more_and_more_is_cut_off(
    server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a length in the header, the number of bytes received is what tells."""
    official, whole = small_mnist(server.url("/more"))
    server.answers["/more"] = [Answer(whole * 20, headers={"Content-Length": ""})]

    assert not store.load(official).provenance.official
    assert f"serves more than {len(whole):,} bytes" in capsys.readouterr().err


def test_a_partial_file_from_a_liar_does_not_spoil_the_next_source(server: LocalServer) -> None:
    lie = Answer(b"x" * len(content()), stop_after=200_000)
    server.answers = {URLS[0]: [lie, Answer(status=404)], URLS[1]: [Answer(content())]}

    obtain(server, urls=URLS)

    assert server.asked[URLS[1]][-1] is None


def test_nothing_but_failures_ends_in_the_stand_in_with_all_reasons(
    server: LocalServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    addresses = (
        server.url("/missing"),
        server.url("/liar"),
        f"http://127.0.0.1:{port}/mnist.npz",
        "http://no-such-host.invalid/mnist.npz",
    )
    official, whole = small_mnist(*addresses)
    server.answers["/liar"] = [Answer(b"x" * len(whole))]

    data = store.load(official)
    said = capsys.readouterr().err

    assert not data.provenance.official
    assert f"{addresses[0]}: answers 404 Not Found" in said
    assert f"{addresses[1]}: SHA256 hash of downloaded file (mnist.npz) does not match" in said
    assert f"{addresses[2]}: " in said
    assert "Connection refused" in said
    assert "Failed to resolve 'no-such-host.invalid'" in said
    assert "the package's cache: nothing at" in said


def test_offline_means_that_no_server_is_asked(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSECNN_OFFLINE", "1")
    official, whole = small_mnist(server.url("/mnist.npz"))
    server.answers["/mnist.npz"] = [Answer(whole)]

    assert not store.load(official).provenance.official
    assert not server.asked


# --- the cache ---


def test_a_corrupted_cache_is_told_and_replaced(
    server: LocalServer, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(cache, {"mnist.npz": content()[:-100] + b"x" * 100})

    assert obtain(server) == "download from 127.0.0.1"
    assert f"{cache / 'mnist.npz'} is not the official mnist and is not used" in (
        capsys.readouterr().err
    )


def test_a_damaged_batch_file_is_downloaded_again(server: LocalServer, cache: Path) -> None:
    official, files, packed = small_cifar10(server.url("/cifar"))
    server.answers["/cifar"] = [Answer(packed)]
    folder = write(cache / "cifar-10-batches-py", files | {"data_batch_2": b"damaged"})

    assert store.load(official).provenance.source == "download from 127.0.0.1"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files


def test_the_unpacked_archive_is_not_kept(server: LocalServer, cache: Path) -> None:
    official, _, packed = small_cifar10(server.url("/cifar"))
    server.answers["/cifar"] = [Answer(packed)]

    assert store.load(official).x_train.shape == (60, 32, 32, 3)
    assert {path.name for path in cache.iterdir()} == {"cifar-10-batches-py", "cifar10.lock"}


def test_a_cache_that_cannot_be_written_is_replaced_by_a_temporary_folder(
    server: LocalServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    official, whole = small_mnist(server.url("/mnist.npz"))
    server.answers["/mnist.npz"] = [Answer(whole)]
    places.temporary_folder.cache_clear()

    try:
        sources = [store.load(official).provenance.source for _ in range(2)]
    finally:
        places.temporary_folder.cache_clear()

    assert sources == ["download from 127.0.0.1", "a temporary folder"]
    assert "cannot be written to" in capsys.readouterr().err
    assert server.asked["/mnist.npz"] == [None]


def test_a_full_disk_is_a_reason_like_any_other(
    server: LocalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    official, whole = small_mnist(server.url("/mnist.npz"))
    server.answers["/mnist.npz"] = [Answer(whole)]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download.Resumable, "_append", full)

    assert not store.load(official).provenance.official
    assert "No space left on device" in capsys.readouterr().err


# --- several processes ---

PROGRAM = """
import sys
from tests.small_datasets import small_cifar10
from coursecnn.datasets import store
data = store.load(small_cifar10(sys.argv[1])[0])
print(data.provenance.official, data.provenance.sha256)
"""


def test_whoever_finds_the_lock_taken_says_so_and_waits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    order: list[str] = []

    def wait_for_lock() -> None:
        with download.locked(tmp_path / "lock"):
            order.append("waited")

    waiting = threading.Thread(target=wait_for_lock)
    with download.locked(tmp_path / "lock"):
        waiting.start()
        waiting.join(timeout=0.1)
        order.append("released")
    waiting.join()

    assert order == ["released", "waited"]
    assert "another process is downloading; waiting" in capsys.readouterr().err


def test_two_processes_at_once_both_succeed_and_one_downloads(
    server: LocalServer, cache: Path
) -> None:
    _, files, packed = small_cifar10()
    server.answers["/cifar"] = [Answer(packed, trickle=2_000)]
    command = [sys.executable, "-c", PROGRAM, server.url("/cifar")]
    root = Path(__file__).parents[2]

    running = [
        subprocess.Popen(
            command, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=60)[0] for process in running]

    assert outputs[0] == outputs[1]
    assert outputs[0].startswith("True ")
    assert server.asked["/cifar"] == [None]
    folder = cache / "cifar-10-batches-py"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files


def test_a_killed_download_has_kept_what_came(server: LocalServer, cache: Path) -> None:
    _, _, packed = small_cifar10(server.url("/cifar"))
    server.answers["/cifar"] = [Answer(packed, stall=60)]
    command = [sys.executable, "-c", PROGRAM, server.url("/cifar")]
    partial = cache / "cifar-10-python.tar.gz.part"
    sent = len(packed) // 2
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None and not (partial.exists() and partial.stat().st_size == sent):
            time.sleep(0.01)
        process.kill()

    assert partial.read_bytes() == packed[:sent]


def test_a_killed_download_leaves_no_lock_behind(server: LocalServer, cache: Path) -> None:
    official, _, packed = small_cifar10(server.url("/cifar"))
    server.answers["/cifar"] = [Answer(packed, stall=60), Answer(packed)]
    command = [sys.executable, "-c", PROGRAM, server.url("/cifar")]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stderr=subprocess.DEVNULL) as process:
        while not server.asked["/cifar"] and process.poll() is None:
            time.sleep(0.01)
        process.kill()

    assert server.asked["/cifar"] == [None]
    assert store.load(official).provenance.official
    assert (cache / "cifar-10-batches-py" / "test_batch").is_file()
