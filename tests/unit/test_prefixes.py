"""What is kept of a prefix is found again for that prefix alone, within the space given."""

from hypothesis import given
from hypothesis import strategies as st

from prm_app.local.prefix_store import PrefixStore, prefix_keys

tokens = st.lists(st.integers(0, 3), min_size=1, max_size=12)


def every_key(token_ids):
    return prefix_keys(token_ids, range(len(token_ids)))


@given(tokens, tokens)
def test_two_positions_have_one_key_exactly_where_their_prefixes_are_equal(one, other):
    for i, a in enumerate(every_key(one)):
        for j, b in enumerate(every_key(other)):
            assert (a == b) == (one[: i + 1] == other[: j + 1])


@given(tokens, st.data())
def test_a_key_does_not_depend_on_the_positions_before_it(token_ids, data):
    places = sorted(data.draw(st.sets(st.sampled_from(range(len(token_ids))))))
    assert prefix_keys(token_ids, places) == [every_key(token_ids)[i] for i in places]


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 1)), max_size=40), st.integers(1, 5))
def test_the_store_holds_the_rewards_used_last_and_never_more_than_its_capacity(puts, capacity):
    store, model = PrefixStore(capacity), {}
    for number, reward in puts:
        key = bytes([number])
        rewards = store.get([key])
        assert rewards == [model.get(key)]
        if rewards == [None]:
            store.put([key], [reward])
            model[key] = reward
        else:
            model[key] = model.pop(key)
        model = dict(list(model.items())[-capacity:])
        assert len(store) == len(model) <= capacity
        assert store.bytes_used > 0


def test_asking_for_what_is_not_known_keeps_nothing():
    store = PrefixStore(2)
    assert store.get([b"a", b"b", b"c"]) == [None] * 3
    assert len(store) == 0
