import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsa_hcal_assets.database import urls
from dsa_hcal_assets.errors import ConfigurationError

WORD = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20
)


@given(user=WORD, password=WORD, name=WORD, port=st.integers(1, 65535))
def test_what_is_built_is_parsed_back_whatever_it_contains(user, password, name, port):
    parameters = {"user": user, "password": password, "host": "127.0.0.1", "port": str(port), "dbname": name}
    assert urls.parse(urls.build(**parameters)) == parameters


@pytest.mark.parametrize("host", ["/run/postgresql", "/tmp/with space", "::1", "db.example.org"])
def test_sockets_names_and_addresses(host):
    parameters = {
        "user": "u",
        "password": "p",
        "host": host,
        "port": "5510",
        "dbname": "d",
        "sslmode": "require",
    }
    assert urls.parse(urls.build(**parameters)) == parameters


def test_another_database_of_the_same_server():
    url = urls.with_database("postgresql://u:p@h:1/one?sslmode=require", "two")
    assert url == "postgresql://u:p@h:1/two?sslmode=require"


def test_masked_shows_all_but_the_password():
    assert urls.masked("postgresql://u:secret@h:1/d") == "postgresql://u:XXX@h:1/d"
    assert urls.masked("postgresql://u@h/d") == "postgresql://u@h/d"


@pytest.mark.parametrize("url", ["mysql://u:tiger@h/d", "postgresql://u:tig%er@h/d"])
def test_an_error_never_shows_the_password(url):
    with pytest.raises(ConfigurationError) as caught:
        urls.parse(url)
    assert "tig" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_sqlalchemy_urls_are_understood():
    assert urls.parse("postgresql+psycopg2://u:p@h/d")["user"] == "u"


def test_dagster_finds_its_own_schema(database):
    """SQLAlchemy itself makes a table through the URL, and finds it in the schema ``dagster``."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(urls.dagster_url(database.url))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("create table runs_of_a_test (n int)"))
    engine.dispose()
    assert database.rows("select schemaname from pg_tables where tablename = 'runs_of_a_test'") == [
        ("dagster",)
    ]
