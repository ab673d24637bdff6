"""Certificates are what TLS clients expect, and renewal is due exactly when it was promised.

Does not prove that a server serves them: the integration tests do.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import pairwise

from cryptography import x509
from cryptography.x509 import DNSName, IPAddress
from cryptography.x509.verification import PolicyBuilder, Store
from hypothesis import given
from hypothesis import strategies as st

from components.certificates.x509 import (
    KeyPair,
    current,
    new_authority,
    new_certificate,
    new_series,
    renewal_window,
)

DAY = 86400


def parsed(pair: KeyPair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate.encode())


def test_a_client_that_trusts_the_authority_accepts_the_certificate_for_each_name() -> None:
    authority = new_authority("test", 3650)
    certificate = parsed(new_certificate(authority, ["localhost", "127.0.0.1"], 60))
    policy = PolicyBuilder().store(Store([parsed(authority)]))
    for name in (DNSName("localhost"), IPAddress(ip_address("127.0.0.1"))):
        chain = policy.build_server_verifier(name).verify(certificate, [])
        assert [item.subject for item in chain] == [certificate.subject, parsed(authority).subject]


def test_a_certificate_lives_as_long_as_it_was_asked_to() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = parsed(new_certificate(new_authority("test", 365, now), ["a"], 60, now))
    assert certificate.not_valid_after_utc == now + timedelta(days=60)
    assert certificate.not_valid_before_utc <= now


def test_an_authority_signs_no_other_authority() -> None:
    constraints = parsed(new_authority("test", 365)).extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)


def test_each_of_a_series_begins_before_the_one_before_is_due_and_is_taken_by_who_trusts_the_authority() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    authority = new_authority("test", 3650, now)
    for days in (60, 0.005):
        series = new_series(authority, ["localhost"], days, 5, now)
        found = [parsed(pair) for pair in series]
        for before, after in pairwise(found):
            due = before.not_valid_before_utc + 0.7 * (before.not_valid_after_utc - before.not_valid_before_utc)
            assert after.not_valid_before_utc <= due
            seen_at = due + timedelta(seconds=1)
            assert current(series, seen_at).certificate == series[found.index(after)].certificate
            policy = PolicyBuilder().store(Store([parsed(authority)])).time(seen_at)
            policy.build_server_verifier(DNSName("localhost")).verify(after, [])


def test_when_all_of_a_series_are_due_the_last_is_the_best_there_is() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    series = new_series(new_authority("test", 3650, now), ["localhost"], 60, 3, now)
    assert current(series, now) == series[0]
    assert current(series, now + timedelta(days=1000)) == series[2]


def test_a_series_ends_with_its_authority() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    authority = new_authority("test", 365, now)
    series = new_series(authority, ["localhost"], 60, 100, now)
    assert len(series) == 8
    assert parsed(series[-1]).not_valid_after_utc <= parsed(authority).not_valid_after_utc
    assert len(new_series(authority, ["localhost"], 60, 100, now + timedelta(days=364))) == 1


@given(lifetime=st.integers(2, 397), issued=st.integers(0, 2_000_000_000))
def test_renewal_is_due_when_less_than_30_percent_remain(lifetime: int, issued: int) -> None:
    due = issued + 0.7 * lifetime * DAY
    assert renewal_window(issued, lifetime, due - 1) == 0
    assert renewal_window(issued, lifetime, due + 1) == 1


@given(
    lifetime=st.integers(2, 397),
    ages=st.lists(st.floats(0.0, 0.69), min_size=1, max_size=30),
)
def test_a_certificate_that_is_looked_at_in_time_is_never_older_than_70_percent(
    lifetime: int, ages: list[float]
) -> None:
    clock = renewed_at = 0.0
    window = 0
    for step in ages:
        # Somebody runs `up` again before 70 % of a lifetime has passed.
        clock += step * lifetime * DAY
        if renewal_window(0, lifetime, clock) != window:
            window, renewed_at = renewal_window(0, lifetime, clock), clock
        assert clock - renewed_at < 0.7 * lifetime * DAY
