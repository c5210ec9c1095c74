"""Looking: everything is seen, also after a kill, and nothing is left behind."""

import hashlib
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from reconciler.model.errors import Transient
from reconciler.ports import Batch
from reconciler.swarm.audit import verify
from reconciler.swarm.looking import Glass
from reconciler.swarm.reader import read_store
from reconciler.swarm.sqlite import open_store
from tests.world.samples import event

URL = "sqlite:.codemonkeys/state/swarm.db"
WRITER = f"""
import sys
from pathlib import Path
from reconciler.ports import Batch
from reconciler.swarm.sqlite import open_store
from tests.world.samples import entry, event
store = open_store(Path(sys.argv[1]), {URL!r}, clean=str)
print("open", flush=True)
for n in range(1_000_000):
    store.write(Batch(events=[event(n=n, part=part) for part in range(3)], entries=[entry(tries=n)]))
    print(n, flush=True)
"""


def database(root: Path) -> Path:
    """Return where the database is."""
    return root / ".codemonkeys/state/swarm.db"


def bytes_of(root: Path) -> dict[str, tuple[str, int]]:
    """Return digest and modification time of every file."""
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(p): (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns) for p in found}


def test_killed_writer_leaves_whole_batches(tmp_path: Path) -> None:
    """Killed at random points: the database opens, the chain holds, a batch is whole or absent.

    What the writer was told is committed is there; the lease is free at once.
    """
    chance = random.Random(7)
    for round_ in range(12):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:  # not the disk: its waits hide points
            root = Path(folder)
            writer = subprocess.Popen([sys.executable, "-c", WRITER, root], stdout=subprocess.PIPE, text=True)
            assert writer.stdout is not None
            told = -1
            for _ in range(1 + chance.randrange(0, 4 + 8 * round_)):
                line = writer.stdout.readline().strip()
                told = int(line) if line.isdigit() else told
            writer.kill()
            rest = [int(line) for line in writer.stdout.read().split() if line.isdigit()]
            writer.wait()
            writer.stdout.close()
            told = max([told, *rest])
            look = read_store(root, URL)
            seen = [e.event.data for e in look.events()]
            look.close()
            store = open_store(root, URL, clean=str)
            written = [e.event.data for e in store.events()]
            batches = len(written) // 3
            assert seen == written
            assert written == [{"n": n, "part": part} for n in range(batches) for part in range(3)]
            assert batches in (told + 1, told + 2)
            assert verify(store).broken is None
            assert [e.tries for e in store.entries().values()] == ([batches - 1] if batches else [])
            store.close()


def killed(root: Path) -> None:
    """Leave what a killed writer leaves: a write-ahead log and its index."""
    script = WRITER.replace("1_000_000", "5") + "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", script, root], stdout=subprocess.DEVNULL, check=False)


def test_looking_at_nothing_makes_nothing(tmp_path: Path) -> None:
    """A fleet that never ran reads as empty and stays without a state folder."""
    look = read_store(tmp_path, URL)
    assert (list(look.events()), look.statuses()) == ([], {})
    look.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("leaves", ["closed", "killed", "copied without the index"])
def test_looking_leaves_no_trace(tmp_path: Path, leaves: str) -> None:
    """After a clean end, a kill, or in a copied folder: everything is read, no byte changes."""
    if leaves == "closed":
        store = open_store(tmp_path, URL, clean=str)
        store.write(Batch(events=[event(n=n) for n in range(15)]))
        store.close()
        assert sorted(p.name for p in database(tmp_path).parent.iterdir()) == ["lock", "swarm.db"]
    else:
        killed(tmp_path)
    if leaves == "copied without the index":
        database(tmp_path).with_name("swarm.db-shm").unlink()
    before = bytes_of(tmp_path)
    look = read_store(tmp_path, URL)
    assert len(list(look.events())) == 15
    assert verify(look).broken is None
    look.close()
    assert bytes_of(tmp_path) == before


def test_looking_sees_what_is_written_meanwhile(tmp_path: Path) -> None:
    """One look follows a record through its whole life: absent, closed, being written, closed."""
    look = read_store(tmp_path, URL)
    counts = [len(list(look.events()))]
    for _ in range(2):
        store = open_store(tmp_path, URL, clean=str)
        store.write(Batch(events=[event()]))
        counts.append(len(list(look.events())))
        store.write(Batch(events=[event()]))
        counts.append(len(list(look.events())))
        store.close()
        counts.append(len(list(look.events())))
    look.close()
    assert counts == [0, 1, 2, 2, 3, 4, 4]


def test_looking_beside_a_busy_writer_is_never_torn(tmp_path: Path) -> None:
    """While another process writes and checkpoints, every look is a whole, growing chain."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    counts = [0]
    for _ in range(30):
        for _ in range(10):
            writer.stdout.readline()
        look = read_store(tmp_path, URL)
        counts.append(sum(1 for _ in look.events()))
        look.close()
    writer.kill()
    writer.wait()
    writer.stdout.close()
    assert counts == sorted(counts)
    assert all(count % 3 == 0 for count in counts)


def test_file_that_changes_all_the_time_is_given_up(tmp_path: Path) -> None:
    """A reader without locks retries when the file changed under it, and says so in the end."""
    store = open_store(tmp_path, URL, clean=str)
    store.close()

    class Restless(Glass):
        count = 0

        def _signature(self) -> tuple[int, ...]:
            self.count += 1
            return (self.count,)

    glass = Restless(database(tmp_path))
    with pytest.raises(Transient, match="changes too fast"):
        glass.rows("SELECT 1", ())
    with pytest.raises(Transient, match="changes too fast"):
        glass.rows("SELECT * FROM nowhere", ())
    glass.close()


def test_empty_file_reads_as_empty_and_becomes_a_database(tmp_path: Path) -> None:
    """Killed between making the file and filling it: nothing is lost."""
    database(tmp_path).parent.mkdir(parents=True)
    database(tmp_path).touch()
    look = read_store(tmp_path, URL)
    assert look.statuses() == {}
    look.close()
    open_store(tmp_path, URL, clean=str).close()
