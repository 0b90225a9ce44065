"""`shoal source`, `shoal log`, and what `verify` and `budget` say of them, as a user meets them."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.cli.shell import clean_environment, refused, shoal
from tests.cli.town import Town

ID = "2026-03-02-harbour-app"


def test_the_log_of_a_release(released: Town, tmp_path: Path) -> None:
    answer = shoal("log", "--folder", released.folder, "--json")
    assert answer.status == 0, answer.err
    assert [entry["kind"] for entry in answer.json["entries"]] == ["source", "account", "charge", "release"]
    assert answer.json["size"] == 4 and answer.json["entries"][3]["release"] == ID
    words = shoal("log", "--folder", released.folder, "--last", 2)
    assert "harbour-app: rho " in words.out and "City of Guadalajara" not in words.out
    assert "no witness has cosigned it" in words.out


def test_who_holds_key_and_log_can_verify(released: Town, tmp_path: Path) -> None:
    public, kept = tmp_path / "public", tmp_path / "kept"
    assert shoal("log", "publish", public, "--folder", released.folder).status == 0
    (tmp_path / "key").write_text(shoal("log", "--folder", released.folder, "--json").json["key"])
    release = released.releases / ID
    held = ("--key", tmp_path / "key", "--log", public, "--checkpoint", kept)
    answer = shoal("verify", release, *held, "--json")
    assert answer.status == 0 and [c["check"] for c in answer.json["checks"]][-3:] == ["key", "log", "history"]
    assert shoal("log", "--log", public, "--key", tmp_path / "key", "--since", kept).status == 0
    refused(shoal("verify", release, "--key", "me"), 2, "--key: must be a key such as")
    refused(shoal("log", "--log", public), 2, "believed under its key only")
    refused(shoal("log", "--folder", released.folder, "--since", tmp_path / "none"), 2, "none: can't be read")
    refused(shoal("log", "--folder", tmp_path), 2, "there are no accounts yet")


def test_a_withdrawn_release(town: Town, tmp_path: Path) -> None:
    assert shoal("release", town.plan, "--quiet").status == 0
    where = ("--folder", town.folder)
    refused(shoal("log", "correct", "2026-03-02-other", "--reason", "x", *where), 2, "knows no such release")
    assert shoal("log", "correct", town.releases / ID, "--reason", "zones were swapped", *where).status == 0
    shoal("log", "publish", tmp_path / "public", *where)
    assert shoal("verify", town.releases / ID, "--quiet").status == 0
    answer = shoal("verify", town.releases / ID, "--log", tmp_path / "public")
    assert answer.status == 3 and "FAILED  log: it was withdrawn on 20" in answer.out


def test_sources(town: Town) -> None:
    answer = shoal("source", "register", town.plan)
    assert (answer.status, answer.out) == (
        0,
        "harbour-app: City of Guadalajara, public dataset, for transport planning\n",
    )
    listed = shoal("source", "list", town.folder, "--json").json["sources"]
    assert [source["controller"] for source in listed] == ["City of Guadalajara"]
    town.change('purpose = "transport planning"', 'purpose = "transport planning"\nexpires = 2020-01-01')
    for command in ("release", "source register"):
        refused(shoal(*command.split(), town.plan), 3, "its basis expired on 2020-01-01")
    kinds = [entry["kind"] for entry in shoal("log", "--folder", town.folder, "--json").json["entries"]]
    assert kinds == ["source", "refusal", "refusal"] and town.charges() == 0 and town.found() == []


def test_a_refusal_for_the_budget_is_logged(town: Town) -> None:
    town.change('timezone = "America/Mexico_City"', 'timezone = "America/Mexico_City"\ncap = 1.0')
    assert shoal("release", town.plan, "--quiet").status == 0
    town.change("share = 2", "share = 1")
    refused(shoal("release", town.plan, "--quiet"), 3, "lower [privacy] epsilon")
    newest = shoal("log", "--folder", town.folder, "--last", 1, "--json").json["entries"][0]
    assert (newest["kind"], newest["reason"]) == ("refusal", "budget")
    answer = shoal("budget", "--plan", town.plan, "--json")
    assert answer.status == 0 and answer.json["enough"] is False
    assert "Too little is left" in shoal("budget", "--plan", town.plan).out


def test_a_witness_process(released: Town, tmp_path: Path) -> None:
    """A real one: it cosigns what is released from then on, and refuses a log that was rolled back."""
    town = Town.build(tmp_path / "town")
    assert shoal("source", "register", town.plan).status == 0
    key = shoal("log", "--folder", town.folder, "--json").json["key"]
    words = ["log", "witness", tmp_path / "w", "--log", key, "--name", "authority.example/w", "--port", "0", "--json"]
    program = [sys.executable, "-c", "from shoal.cli import main; main()", *map(str, words)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=clean_environment()) as witness:
        try:
            assert witness.stdout is not None
            told = json.loads(witness.stdout.readline())
            policy = town.state / "witnesses.policy"
            policy.write_text(f"witness w {told['key']} {told['address']}\nquorum w\n")
            shutil.copytree(town.state, tmp_path / "old")
            assert shoal("release", town.plan, "--quiet").status == 0
            assert shoal("verify", town.releases / ID, "--witnesses", policy).status == 0
            shutil.rmtree(town.state)
            (tmp_path / "old").rename(town.state)  # an operator who wants to forget
            town.change("share = 2", "share = 1")
            refused(shoal("release", town.plan, "--quiet"), 3, "the witness authority.example/w has cosigned")
        finally:
            witness.send_signal(signal.SIGINT)
    assert witness.returncode in (0, 130)
