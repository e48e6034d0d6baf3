import pytest

from sluice.text.lists.domains import registered_domain

DOMAINS = [
    ("a8x3.example.loan", "example.loan"),
    ("example.loan", "example.loan"),
    ("a.b.c.example.com", "example.com"),
    ("www.example.com.cn", "example.com.cn"),
    ("example.com.cn", "example.com.cn"),
    ("blog.example.co.uk", "example.co.uk"),
    ("com.cn", "com.cn"),
    ("co.example.com", "example.com"),
    ("somebody.github.io", "github.io"),
    ("xn--fiqs8s.example.org", "example.org"),
    ("shop.org.example", "org.example"),
    ("localhost", None),
    ("192.0.2.7", None),
    ("2001:db8::1", None),
    ("", None),
    (".", None),
    ("example.com.", None),
]


@pytest.mark.parametrize(("host", "domain"), DOMAINS)
def test_the_registered_domain_of_a_host(host, domain):
    assert registered_domain(host) == domain
