"""The cache that sources share."""

from reconciler.model.cache import Cache


def test_cache_tells_news_only_once() -> None:
    """A value that is known already is no news; a fresh one is, and is found at once."""
    cache = Cache(lambda space: {"a": "1"} if space == "s" else {})
    cache.put("s", "a", "1")
    cache.put("s", "b", "2")
    assert (cache.get("s", "b"), cache.get("t", "a"), cache.news) == ("2", None, {("s", "b"): "2"})


def test_taken_news_stay_known() -> None:
    """What was written down is no news any more, and is still found."""
    cache = Cache(lambda _: {})
    cache.put("s", "b", "2")
    assert cache.take() == {("s", "b"): "2"}
    assert (cache.get("s", "b"), cache.news) == ("2", {})
