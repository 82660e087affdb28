"""The hostile run and the crowd of visitors, both small; their commands run them in full."""

from hostile import __main__ as hostile
from hostile import visitors


def test_no_input_hurts(tmp_path):
    assert hostile.run(600, tmp_path, list(hostile.SHARES)) == 0


def test_no_visitor_is_lost_or_mixed_up_while_one_sends_hostile_text(tmp_path):
    figures = visitors.run(40, tmp_path)
    assert not (figures.losses or figures.mixed or figures.tracebacks), figures
