"""Who may steer the server: the control token at both ways in, and web pages of other origins. See docs/security.md."""
import json
import re
import urllib.error
import urllib.request

import pytest

from conftest import ROOT, Server
from test_words import ANY, run

TOKEN = "s3cret-of-the-suite"


@pytest.fixture(scope="module")
def guarded():
    one = Server(None, "--control-token", TOKEN)
    yield one
    one.stop()


def http(server, path, method="POST", **headers):
    """Status, headers and body of a plain HTTP call to the Kinesis door."""
    asked = urllib.request.Request(f"http://{server.kinesis_at}{path}", data=b"{}" if method == "POST" else None, method=method, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, refused.read()


def test_words_bring_the_token_by_flag_or_environment_and_are_told_without(guarded):
    at = ["--control", guarded.control_at]
    without = run("clock", "freeze", *at)
    assert (without.returncode, without.stdout) == (1, "")
    assert without.stderr == ("sluice: this server asks for its control token: give --control-token or SLUICE_CONTROL_TOKEN, by HTTP the "
                              "header Authorization: Bearer TOKEN\n")
    wrong = run("clock", "freeze", *at, "--control-token", "guess")
    assert (wrong.returncode, wrong.stderr) == (1, "sluice: this is not the control token of this server\n")
    for word in (["tail", "nobody"], ["throttles"], ["reset"], ["streams"], ["advertise", "evil:1"], ["put", "s", "x"]):
        assert "control token" in run(*word, *at).stderr
    assert json.loads(run("clock", "--json", "--control-token", TOKEN, *at).stdout)["frozen"] is False
    assert run("clock", "freeze", *at, SLUICE_CONTROL_TOKEN=TOKEN).returncode == 0
    assert run("clock", "resume", *at, SLUICE_CONTROL_TOKEN=TOKEN).returncode == 0
    assert run("health", *at).returncode == 0   # a health check needs no secret
    assert "server" in run("version", *at).stdout


def test_http_calls_bring_it_as_bearer_and_health_checks_need_none(guarded):
    status, headers, body = http(guarded, "/_sluice/v1/FreezeClock")
    assert (status, headers["WWW-Authenticate"], json.loads(body)["code"]) == (401, "Bearer", "UNAUTHENTICATED")
    assert http(guarded, "/_sluice/v1/Reset", Authorization="Bearer guess")[0] == 401
    assert http(guarded, "/_sluice/v1/GetClock", Authorization=f"Bearer {TOKEN}")[0] == 200
    for path in "/health", "/ready", "/metrics":
        assert http(guarded, path, "GET")[0] == 200


def test_a_server_without_a_token_asks_for_none_and_refuses_pages_of_other_origins(server):
    assert http(server, "/_sluice/v1/GetClock")[0] == 200
    assert http(server, "/_sluice/v1/GetClock", Origin=f"http://{server.kinesis_at}")[0] == 200
    for origin in "http://evil.example", "https://evil.example", "null", f"http://{server.kinesis_at}.evil.example":
        status, _, body = http(server, "/_sluice/v1/Reset", Origin=origin)
        assert (status, json.loads(body)["code"]) == (403, "PERMISSION_DENIED")


def test_a_token_that_no_header_can_carry_stops_the_start():
    done = run("serve", *ANY, "--ephemeral", SLUICE_CONTROL_TOKEN="two words")
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
    assert "--control-token" in done.stderr


def test_doors_listen_on_loopback_unless_told_otherwise():
    shown = run("serve", "--help").stdout
    for flag, port in ("--kinesis", 4567), ("--kafka", 9092), ("--control", 7070):
        assert re.search(rf"{flag} .*127\.0\.0\.1:{port}", shown)


def test_the_page_names_the_limits_as_they_are():
    """docs/security.md against protocol/wire_limits.h."""
    source = (ROOT / "protocol/wire_limits.h").read_text()
    page = (ROOT / "docs/security.md").read_text()
    units = {"kib": "KiB", "mib": "MiB"}
    for name, number, unit in re.findall(r"(\w+) = (\d+) \* (kib|mib);", source):
        if name in ("mib", "http_idle_buffer_bytes", "believed_frame_bytes", "unsent_answer_bytes"):   # of no concern to users
            continue
        shown = "1 GiB" if (number, unit) == ("1024", "mib") else f"{number} {units[unit]}"
        assert shown in page, name
    for name, number in re.findall(r"(\w+) = ([\d']+);", source):
        if name in ("connections", "calls_in_flight", "nesting", "list_items"):
            assert f"{int(number.replace(chr(39), '')):,}" in page, name
    for name, number in re.findall(r"milliseconds (patience|short_patience)\{([\d']+)\}", source):
        assert f"{int(number.replace(chr(39), '')) // 1000} s" in page, name
