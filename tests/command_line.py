"""What the fixture `run` of the command line gives, checked and read."""

import json

import pytest


def told(run, *arguments):
    """The one JSON object on stdout."""
    status, printed, error = run(*arguments, "--json")
    assert (status, error) == (0, "")
    assert printed.count("\n") == 1
    return json.loads(printed, parse_constant=pytest.fail)


def refused(run, *arguments, status=2):
    """The one line on stderr, without the name of the program."""
    found, printed, error = run(*arguments)
    assert (found, printed) == (status, "")
    assert error.startswith("micrograd-bp: ")
    assert error.count("\n") == 1
    return error.strip().removeprefix("micrograd-bp: ")
