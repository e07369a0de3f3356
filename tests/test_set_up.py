"""Parts of the set-up that need no server: what they do when something is missing."""

import subprocess
from types import SimpleNamespace

import pytest
from devenv import commands, postgres, postmaster, python_env


def test_server_that_just_stopped_is_none(tmp_path, monkeypatch):
    for text in (None, "", "999999999\n"):
        pid_file = tmp_path / "postmaster.pid"
        if text is not None:
            pid_file.write_text(text)
        monkeypatch.setattr(postmaster, "PID_FILE", pid_file)
        assert postmaster.running_pid() is None


def test_server_that_repairs_itself_is_waited_for(monkeypatch):
    answers = iter(
        [
            subprocess.TimeoutExpired("pg_ctl", 10),
            postgres.psycopg2.OperationalError("the database system is starting up"),
            SimpleNamespace(close=lambda: None),
        ]
    )

    def connect(**_options):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    server = SimpleNamespace(
        start=lambda: None,
        get_postmaster_info=lambda: SimpleNamespace(socket_dir="/somewhere"),
    )
    monkeypatch.setattr(postgres, "connect", connect)
    monkeypatch.setattr(postgres.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(postmaster, "running_pid", lambda: 1)
    assert postgres.wait_for_server(lambda *_, **__: server) == "/somewhere"


def test_server_that_ended_is_not_waited_for(monkeypatch):
    def get_server(*_arguments, **_options):
        raise subprocess.TimeoutExpired("pg_ctl", 10)

    monkeypatch.setattr(postmaster, "running_pid", lambda: None)
    with pytest.raises(subprocess.TimeoutExpired):
        postgres.wait_for_server(get_server)


def test_only_the_server_of_tests_waits_for_no_disk(monkeypatch):
    for name in ("DATA", "USERS", "PID_FILE"):
        # What is chosen here is forgotten in the end.
        monkeypatch.setattr(postmaster, name, getattr(postmaster, name))
    assert postmaster.is_durable()
    postmaster.choose(postmaster.TESTS)
    assert not postmaster.is_durable()
    assert postmaster.PID_FILE.parent == postmaster.TESTS[0]
    postmaster.choose(postmaster.DEMO)
    assert postmaster.is_durable()
    assert postmaster.PID_FILE.parent == postmaster.DEMO[0] != postmaster.TESTS[0]


def test_every_requirement_has_a_hash():
    for path in python_env.REQUIREMENTS:
        blocks = path.read_text().replace("\\\n", " ").splitlines()
        pins = [line for line in blocks if line and not line.startswith("#")]
        assert pins
        for pin in pins:
            assert "==" in pin and "--hash=sha256:" in pin, pin


@pytest.mark.parametrize(
    ("answer", "result", "text"),
    [
        ("", 0, "not done"),
        ('{"dependencies": [{"name": "a", "skip_reason": "x"}]}', 0, "not done"),
        (
            '{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}',
            0,
            "1 packages, 0 vulnerable",
        ),
        (
            '{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "X"}]}]}',
            1,
            "a 1: X",
        ),
    ],
)
def test_audit_fails_for_what_is_known_alone(monkeypatch, capsys, answer, result, text):
    monkeypatch.setattr(
        commands.subprocess, "run", lambda *_, **__: SimpleNamespace(stdout=answer)
    )
    monkeypatch.setattr(python_env, "audit_command", list)
    assert commands.audit() == result
    assert text in capsys.readouterr().out
