"""The tests tested: none may be skipped."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

pytest_plugins = ["pytester"]


@pytest.mark.parametrize(
    "test",
    [
        "import pytest\ndef test(): pytest.skip('no data here')",
        "import pytest\n@pytest.mark.skipif(True, reason='no data here')\ndef test(): pass",
        "import pytest\npytest.skip('no data here', allow_module_level=True)",
        "import pytest\nno = pytest.importorskip('no_such_module', reason='no data here')",
        "import pytest\n@pytest.fixture\ndef f(): pytest.skip('no data here')\ndef test(f): pass",
    ],
)
def test_a_skipped_test_fails(pytester, test):
    pytester.makeconftest((TESTS / "conftest.py").read_text())
    pytester.makepyfile(test)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    assert result.ret not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    result.stdout.fnmatch_lines("*A test may not be skipped*no data here*")
