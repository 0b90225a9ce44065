"""No look-up, shown: no command, Python name, HTTP call, file or line takes or gives back a device.

Whoever adds a parameter that could carry one (a text, a number, a path) is stopped here until they wrote down what it
is for. The HTTP interface of the explorer will be walked, and fuzzed by schemathesis, where it comes in.
"""

import ast
import inspect
import json
import re
import typing
from collections.abc import Iterator
from datetime import date
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal
from zipfile import ZipFile

import numpy as np
import polars as pl
import pytest
import shapely
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import shoal
from shoal import cli, translog
from shoal.design import Design
from shoal.plan import Plan
from shoal.rights import keep as keeping
from shoal.rights import retention
from shoal.serve import application, desk, faults, shelf
from shoal.translog import service
from shoal.translog.key import SigningKey
from shoal.translog.note import COSIGNATURE
from shoal.translog.witness import Witness
from tests.cli.shell import Answer
from tests.cli.shell import shoal as command
from tests.pipeline import source, traces
from tests.pipeline.house import House
from tests.pipeline.traces import Traces
from tests.sensitive.make import write_list
from tests.translog.servers import running

SRC = Path(shoal.__file__).parent

# What every parameter of a command that is not a switch or a choice carries, and why that is no device.
PARAMETERS = {
    "plan plans": "a plan: places, times, budget; it can't name a device (docs/plan.md)",
    "release baseline truth": "a folder of published or simulated numbers, or a release's id",
    "out to temp folder state": "a folder or a file to write, or the place of the accounts",
    "statistic top share": "which published numbers to show, how many, which quantile",
    "census": "population by zone, from the public",
    "accounts host port": "the address of a service",
    "memory workers last": "how much of a machine to use, how many lines to show",
    "devices days start seed records_per_day": "how large a simulated city is; nobody real is in it",
    "key witnesses checkpoint since source log logs name": "keys, names and states of transparency logs, all public",
    "by reason": "of a withdrawal: another release's id, and a public sentence",
    "extract reviewed version": "a public extract of a map, the day and the version of its review",
    "receipt": "a file to write: the log's proof that a list has a new version; it names nobody",
    "engine": "local or spark",
    "points draws epsilon": "how many random hours are tried, and what that pays",
    "tokens id_": "who may look at published numbers: a file of hashes, the public part of a token",
    "oidc_issuer oidc_audience oidc_keys oidc_claim": "who says who may look: public names of a service",
    "basemap rate": "a public map to draw below the numbers; how often one may ask",
}
PARTICULAR = {
    ("optout add", "file"): "identifiers go in, as a file; nothing says which of them were known; kept as keyed hashes",
    ("optout remove", "file"): "likewise; whether they were on the list is not said",
    ("optout add", "column"): "which column of FILE; a name, not an identifier",
    ("optout remove", "column"): "likewise",
    ("sensitive show", "file"): "a public list of places",
    ("sensitive deny add", "file"): "places, not devices; kept as keyed hashes",
    ("sensitive deny remove", "file"): "likewise",
    ("serve", "name"): "a host name of the server",
    ("token create", "name"): "whose token it is: of a reader, for the operator",
}
KNOWN = {name for names in PARAMETERS for name in names.split()}

# The Python interface: what `import shoal` names, and the parameters of all that hangs on it.
NAMES = {
    "plan file folder out state accounts": "as on the command line",
    "engine workers memory temp held session cache partitions": "how the work is done",
    "progress tell": "called with words and shares for the operator",
    "design shelf source tally barred": "rooms of the secret side; what `sums` returns is sealed",
    "key message reason problems": "the words of an error",
    "name facts id manifest": "of published tables and places",
    "statistic hour day week weekday daypart class_ place": "which published numbers to draw",
}
PYTHON = {name for names in NAMES for name in names.split()}


def commands() -> Iterator[tuple[str, Any]]:
    def walk(found: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        yield " ".join(path), found
        for name, inner in getattr(found, "commands", {}).items():
            yield from walk(inner, (*path, name))

    yield from walk(typer.main.get_command(cli.app), ())


def parameters(found: Any) -> dict[str, Any]:
    """Name -> type of what a command takes, without switches, choices and what typer itself hands in."""
    if found.callback is None:
        return {}
    own = {}
    for name, parameter in inspect.signature(inspect.unwrap(found.callback), eval_str=True).parameters.items():
        kind = parameter.annotation
        kind = typing.get_args(kind)[0] if typing.get_origin(kind) is Annotated else kind
        if kind not in (bool, typer.Context) and typing.get_origin(kind) is not Literal:
            own[name] = kind
    return own


def unexplained(path: str, found: Any) -> list[str]:
    return [name for name in parameters(found) if name not in KNOWN and (path, name) not in PARTICULAR]


def test_no_command_takes_a_device() -> None:
    walked = {path: unexplained(path, found) for path, found in commands()}
    assert {path: names for path, names in walked.items() if names} == {}
    assert {"release", "optout add", "log witness", "sensitive deny add"} <= walked.keys()
    used = {name for _, found in commands() for name in parameters(found)}
    assert sorted(KNOWN - used) == [], "explained, and not there any more"
    assert {name for _, name in PARTICULAR} <= used


def test_a_command_that_took_one_would_be_seen() -> None:
    """The seeded fault: `shoal optout check DEVICE`."""
    app = typer.Typer()

    @app.command()
    def check(device: str, quiet: bool = False) -> None: ...

    assert unexplained("optout check", typer.main.get_command(app)) == ["device"]


def signatures() -> Iterator[tuple[str, inspect.Signature]]:
    """Of everything that `import shoal` names, and of the public methods of its classes that are ours."""
    for name in shoal.__all__:
        thing = getattr(shoal, name)
        if not inspect.isclass(thing):
            yield name, inspect.signature(thing)
            continue
        for key in {key for kind in thing.__mro__ if kind.__module__.startswith("shoal") for key in vars(kind)}:
            value = inspect.getattr_static(thing, key)
            value = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
            if inspect.isfunction(value) and (not key.startswith("_") or key == "__init__"):
                yield f"{name}.{key}", inspect.signature(value)


def test_no_python_name_takes_a_device() -> None:
    found = dict(signatures())
    assert {"release", "check", "open", "Plan.load", "LocalEngine.sums"} <= found.keys()
    strange = {
        name: [p for p in signature.parameters if p not in PYTHON | {"self", "cls", "args", "kwargs"}]
        for name, signature in found.items()
    }
    # a plan's own fields are the keys of docs/plan.md, which has a test of its own
    assert {name: names for name, names in strange.items() if names and not name.startswith("Plan._")} == {}


PUBLIC_ROOMS = (
    "release", "estimate", "ledger", "translog", "serve", "cli", "evaluate.py", "api.py", "preview.py", "design.py"
)  # fmt: skip
ABOUT_DEVICES = re.compile(r"(device|identifier|pseudonym|uid|imsi|msisdn|person|owner|user)s?(_ids?)?")
WORDS_FOR_NUMBERS = {
    ("cli/making.py", "devices"),  # how large a simulated city is
    ("serve/ogc/provider.py", "identifier"),  # of a feature, a row of a published table, as pygeoapi calls it
    ("serve/ogc/features.py", "identifier"),  # likewise
}


def named_after_devices(text: str) -> set[str]:
    """Parameters, attributes and functions in a source text that are called after one."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.Attribute(attr=name):
                names.add(name)
    return {name for name in names if ABOUT_DEVICES.fullmatch(name.strip("_"))}


def test_no_room_past_the_noise_has_a_word_for_a_device() -> None:
    files = [file for room in PUBLIC_ROOMS for file in ([SRC / room] if "." in room else (SRC / room).rglob("*.py"))]
    assert len(files) > 60
    found = {(str(f.relative_to(SRC)), name) for f in files for name in named_after_devices(f.read_text())}
    assert found <= WORDS_FOR_NUMBERS
    assert named_after_devices("def find(release, device_id): ...") == {"device_id"}


def test_nothing_logs_and_nothing_prints_but_the_command_line() -> None:
    """There is no log file and no logger: what is told goes through the command line, where tests read it."""

    def talks(text: str) -> set[str]:
        found = set()
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Import(names=names) if any(name.name in ("logging", "syslog") for name in names):
                    found.add("logging")
                case ast.ImportFrom(module="logging" | "syslog"):
                    found.add("logging")
                case ast.Call(func=ast.Name(id="print" | "breakpoint" as name)):
                    found.add(name)
                case ast.Call(func=ast.Attribute(attr="warn", value=ast.Name(id="warnings"))):
                    found.add("warn")
        return found

    files = {str(file.relative_to(SRC)): talks(file.read_text()) for file in SRC.rglob("*.py")}
    assert {name: found for name, found in files.items() if found} == {
        "_failures.py": {"print"},  # a bug's place
        "serve/ogc/answer.py": {"logging"},  # to silence a library that would write what it was asked
    }
    assert talks("import logging\nprint(1)\nwarnings.warn('x')") == {"logging", "print", "warn"}


def test_no_http_call_takes_or_gives_a_device(tmp_path: Path) -> None:
    """The witness: two calls about checkpoints; whatever else is asked is not there. The API: see below."""
    handler = service._Handler
    methods = {name for kind in handler.__mro__ for name in vars(kind) if name.startswith("do_")}
    assert methods == {"do_GET", "do_POST"}
    text = Path(service.__file__).read_text()
    assert set(re.findall(r'"(/[^"]*)"', text)) == {"/add-checkpoint", "/([0-9a-f]{64})/checkpoint"}
    servers = {f.relative_to(SRC).parts[0] for f in SRC.rglob("*.py")
               if re.search(r"http\.server|starlette|fastapi|flask|aiohttp|uvicorn", f.read_text())}  # fmt: skip
    assert servers <= {"translog", "demo.py", "serve"}, "a new service: walk its routes here, and fuzz them"
    key = SigningKey.make("w.example/w", COSIGNATURE)
    with running(service.WitnessServer(Witness(tmp_path / "w", key, []), port=0)) as address:
        connection = HTTPConnection(address.removeprefix("http://"), timeout=10)
        for method, path in (("GET", "/device/7"), ("GET", "/?device=7"), ("POST", "/lookup"), ("GET", "/list")):
            connection.request(method, path, body=b"7" if method == "POST" else None)
            answer = connection.getresponse()
            assert (answer.status, answer.read().startswith(b"there is no such")) == (404, True)
        connection.close()
    assert translog.__doc__


# What every parameter of a call of the API carries, and why that is no device.
ASKED = {
    "release statistic v": "a release, one of its tables, its version: all public",
    "zone place home origin destination of bbox": "places of a published table; `home`: the zones that one is by",
    "class time from to": "other keys of a published table",
    "columns floats cells limit offset format geometry": "how much of it, and how it is written",
}


def test_no_call_of_the_api_takes_a_device(tmp_path: Path) -> None:
    """All calls only read; what each takes is a key of a published table. tests/serve/test_schema.py fuzzes them."""
    described = application._openapi(application._calls(desk.Desk(shelf.Shelf(tmp_path)), faults.untold))
    known = {name for names in ASKED for name in names.split()}
    calls = [each for path in described["paths"].values() for each in path.values()]
    asked = {parameter["name"] for call in calls for parameter in call.get("parameters", ())}
    assert asked == known
    assert {m for call in described["paths"].values() for m in call} == {"get", "post"}
    assert [path for path, call in described["paths"].items() if "post" in call] == ["/api/releases/{release}/verify"]


ROWS = source.records(devices=24)
EXPORTS = (".csv", ".parquet", ".geojson", ".arrow", ".xlsx", ".sdmx.csv", ".kepler.csv")
TERM = ('purpose = "transport planning"\n', 'purpose = "transport planning"\nretention_days = 30\n')
NAMED = [row.device for row in ROWS[::97]]


class Walk:
    """A whole life of a source by the command line: every command over invented records, every word and byte kept."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.answers: dict[str, Answer] = {}
        self.secret: Traces = traces.of_records(ROWS)
        statistics = "".join(f"[statistics.{name}]\n" for name in ("presence", "visits", "dwell", "distance"))
        text = (
            source.plan_text(epsilon="1").replace(*TERM).replace('time_unit = "s"', 'time_unit = "s"\nmax_bad_rows = 1')
        )
        write_list(house.input / "list.geojson", [shapely.Point(-103.39, 20.64)])
        text = text.replace("[period]", '[sensitive]\nfile = "list.geojson"\n[period]')
        text = text[: text.index("[statistics.")] + statistics
        self.plan, self.kept, self.whole = (house.input / f"{name}.toml" for name in ("first", "second", "whole"))
        self.whole.write_text(text)
        self.plan.write_text(text.replace("end = 2019-03-06", "end = 2019-03-05"))
        second = text.replace("start = 2019-03-04", "start = 2019-03-05")
        self.kept.write_text(second.replace('files = ["records/*"]\n', "kept = true\n"))
        self.out = house.root / "cwd"  # what users let be written
        (house.input / "named.txt").write_text("\n".join(NAMED))
        (house.input / "places.csv").write_text("lat,lon\n20.6512345,-103.3612345\n")

    def say(self, *words: object, state: bool = True) -> Answer:
        """Run a command and keep what it said."""
        more = ("--state", self.house.state) if state else ()
        answer = command(*words, *more)
        self.answers[" ".join(Path(str(word)).name for word in words)] = answer
        assert answer.status == 0, (words, answer.err)
        return answer

    def go(self) -> None:
        plan, out, house = self.plan, self.out, self.house
        self.say("check", plan, state=False)
        self.say("source", "register", plan)
        self.say("optout", "add", house.input / "named.txt", "--receipt", out / "receipt")
        self.say("sensitive", "deny", "add", house.input / "places.csv")
        self.say("release", plan, "--out", house.out)
        self.say("keep", self.whole)
        self.say("release", self.kept, "--out", house.out, "--json")
        release, later = sorted(house.out.iterdir())
        self.say("show", release, state=False)
        for statistic in ("presence", "dwell"):
            self.say("show", release, statistic, "--top", 1000, "--json", state=False)
        for ending in EXPORTS:
            self.say("export", release, "presence", "--to", out / f"a{ending}", state=False)
        for statistic, what in (("visits", "shares"), ("dwell", "quantile"), ("presence", "density"),
                                ("visits", "standing-out"), ("presence", "shares")):  # fmt: skip
            self.say("derive", release, statistic, what, state=False)
        self.say("derive", later, "dwell", "change", "--baseline", release, "--to", out / "change.csv", state=False)
        self.say("verify", release, "--json", state=False)
        self.say("budget", "--json")
        self.say("budget", "--plan", plan)
        self.say("unicity", plan, "--epsilon", "5", "--draws", 3)
        self.say("optout", "count")
        self.say("optout", "remove", house.input / "named.txt")
        self.say("sensitive", "show", house.input / "list.geojson", state=False)
        self.say("sensitive", "deny", "count")
        self.say("source", "list", house.input)
        self.say("log", "--json")
        self.say("log", "publish", out / "public")
        self.say("log", "correct", release, "--reason", "a test", "--by", later.name)
        self.say("sensitive", "deny", "remove", house.input / "places.csv")
        self.say("retention", plan)
        made = self.say(
            "token", "create", "Ana", "--release", "*", "--tokens", out / "tokens.json", "--json", state=False
        )
        self.say("token", "list", "--tokens", out / "tokens.json", state=False)
        self.say("token", "revoke", made.json["id"], "--tokens", out / "tokens.json", state=False)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with pytest.MonkeyPatch.context() as patch:
        for room in (keeping, retention):
            patch.setattr(room, "today", lambda: date(2019, 3, 20))
        house = House.build(tmp_path_factory.mktemp("walk") / "house", ROWS)
        patch.chdir(house.root / "cwd")
        own = Walk(house)
        own.go()
        yield own


def test_every_command_was_walked(walk: Walk) -> None:
    """But those that know no records: simulated cities, logs of others, lists made from maps, the server."""
    aside = {"simulate", "demo", "evaluate", "audit", "log witness", "sensitive convert", "serve"}
    known = {path for path, found in commands() if found.callback is not None and path not in ("", *aside)}
    groups = {path for path, found in commands() if getattr(found, "commands", None)} - {"log"}
    walked = {path for path in known if any(said == path or said.startswith(f"{path} ") for said in walk.answers)}
    assert sorted(known - walked - groups) == []


def test_nothing_that_was_written_or_said_names_a_device(walk: Walk) -> None:
    said = {name: walk.secret.within(answer.out + answer.err) for name, answer in walk.answers.items()}
    assert {name: found for name, found in said.items() if found} == {}
    assert unpacked(walk, walk.house.root / "cwd" / "a.xlsx") == set()
    found = {line for line in walk.secret.under(*walk.house.written) if "exact count" not in line}
    # corners of zones in seven digits: a few agree with some record's by chance; whose they are is tested below
    assert found <= {f"position in {walk.out / 'a.geojson'}"}
    # it would be seen: the input, and a leak in a packed file
    assert any("identifier" in line for line in walk.secret.under(walk.house.input / "records"))
    file = walk.house.root / "leak.xlsx"
    pl.DataFrame({"who": [NAMED[0]] * 20}).write_excel(file)
    assert unpacked(walk, file) == {"identifier"}


def unpacked(walk: Walk, file: Path) -> set[str]:
    """Kinds of secrets in the parts of a zip file, which is what a spreadsheet is."""
    with ZipFile(file) as parts:
        return set().union(*(walk.secret.within(parts.read(name)) for name in parts.namelist()))


NUMBER = r"-?\d{1,3}\.\d{3,}"
PAIR = re.compile(rf"(?<![\d.-])(?=({NUMBER})[\"'\s,;\])\[(:a-z]{{1,12}}({NUMBER}))")
"""Two numbers side by side, also where they overlap with others."""
Spot = tuple[float, float]


def spot(first: float, second: float) -> Spot:
    """Latitude and longitude, to ten metres, in whichever order they stand."""
    return round(max(first, second), 4), round(min(first, second), 4)


def public_spots(walk: Walk) -> set[Spot]:
    """Corners of zones, with those of their neighbours beside them in a text, their centres, and the plan's own box."""
    zones = Design.of(Plan.load(walk.plan)).zones
    found = {spot(*centre) for centre in np.asarray(zones.centres).tolist()}
    for shape in zones.shapes:
        ring = [degrees for corner in shapely.get_coordinates(shape).tolist() for degrees in corner]
        found |= {spot(a, b) for a, b in pairwise(ring)}
    box = (source.WEST, source.SOUTH, source.EAST, source.NORTH)
    return found | {spot(a, b) for a in box for b in box} | {spot(-103.39, 20.64)}


def finer(text: str, public: set[Spot]) -> list[str]:
    """Pairs of degrees within the city that are no corner or centre of a zone."""
    found = []
    for first, second in PAIR.findall(text):
        lat, lon = spot(float(first), float(second))
        if source.SOUTH < lat < source.NORTH and source.WEST < lon < source.EAST and (lat, lon) not in public:
            found.append(f"{first} {second}")
    return found


def test_no_coordinate_is_finer_than_the_zones(walk: Walk) -> None:
    public = public_spots(walk)
    texts = {name: answer.out + answer.err for name, answer in walk.answers.items()}
    for folder in walk.house.written:
        for file in (path for path in folder.rglob("*") if path.is_file()):
            parts = [p.decode("utf-8", "ignore") if isinstance(p, bytes) else p for p in traces.contents(file)]
            texts[str(file)] = "\n".join(parts)
    assert {name: found for name, text in texts.items() if (found := finer(text, public))} == {}
    assert any(finer(text, set()) for text in texts.values()), "there are coordinates: those of the zones"
    row = ROWS[0]
    for told in (f"a point at [{row.lon}, {row.lat}]", json.dumps({"lat": row.lat, "lon": row.lon}),
                 f"{row.lat:.4f},{row.lon:.4f}", f"near {row.lat:.3f} {row.lon:.3f}"):  # fmt: skip
        assert finer(told, public), "it would be seen"


JUNK = (
    "",
    "-1",
    "0",
    "nan",
    "1e309",
    "*",
    "../..",
    "/",
    "\x00",
    "presence",
    "visits",
    "a\nb",
    "-",
    "9" * 40,
    "é",
    ".csv",
)
NOT_FUZZED = {"simulate", "demo", "audit", "log witness", "evaluate", "serve"}
"""They make cities, or serve until they are stopped."""
LEFT_OUT = ("help", "tune", "state", "out", "to", "receipt", "temp", "accounts", "checkpoint")
"""Minutes of simulation, and where to write: below a folder of the test's own."""


@given(data=st.data())
@settings(max_examples=60, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
def test_whatever_a_command_is_given_it_shows_no_device_and_no_traceback(walk: Walk, data: st.DataObject) -> None:
    """Files of records where something else belongs, releases as plans, numbers as names."""
    leaves = [(p, f) for p, f in commands() if p and p not in NOT_FUZZED and not getattr(f, "commands", None)]
    path, found = data.draw(st.sampled_from(leaves))
    house, records = walk.house, sorted((walk.house.input / "records").iterdir())
    files = [*records, records[0].parent, walk.plan, walk.kept, *sorted(house.out.iterdir()), house.state,
             house.input / "named.txt", house.input / "list.geojson", house.root / "cwd" / "change.csv"]  # fmt: skip
    value = st.one_of(st.sampled_from(files), st.sampled_from(JUNK), st.text(max_size=12))
    words: list[object] = []
    for parameter in found.params:
        if parameter.param_type_name == "argument":
            words.append(data.draw(value))
        elif parameter.name not in LEFT_OUT and data.draw(st.integers(0, 3)) == 0:
            words += [parameter.opts[0], *([] if getattr(parameter, "is_flag", False) else [data.draw(value)])]
    wanted = {option for parameter in found.params for option in parameter.opts}
    words += ["--to", house.root / "tmp" / f"x{data.draw(st.sampled_from(EXPORTS))}"] if "--to" in wanted else []
    words += ["--state", house.root / "tmp" / "state"] if "--state" in wanted else []
    words += ["--out", house.root / "tmp" / "out"] if path == "release" else []
    answer = command(*path.split(), *words)
    told = answer.out + answer.err
    assert answer.status in (0, 1, 2, 3), words
    assert "Traceback" not in told and "fault of Shoal" not in told, (path, words, told)
    assert walk.secret.within(told) - {"exact count"} == set(), (path, words)
