"""An application's role plants functions that have the names of those in the superuser's queries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from installer.services.postgres import inventory
from installer.services.postgres.inventory import InventoryKey
from installer.services.postgres.server import PostgresServer
from tests.support.services.postgres_stand import Site, open_site

# Each overload fits better than the function of pg_catalog, or comes before it in the path that the owner has set.
PLANTED = """
SET ROLE evil;
CREATE FUNCTION public.format(text, text, name, name) RETURNS text LANGUAGE plpgsql AS
  $$ BEGIN ALTER ROLE evil SUPERUSER; RETURN pg_catalog.format($1, $2, $3, $4); END $$;
CREATE FUNCTION public.format(text, name) RETURNS text LANGUAGE plpgsql AS
  $$ BEGIN ALTER ROLE evil SUPERUSER; RETURN pg_catalog.format($1, $2); END $$;
CREATE FUNCTION public.octet_length(bytea) RETURNS int LANGUAGE plpgsql AS
  $$ BEGIN ALTER ROLE evil SUPERUSER; RETURN 0; END $$;
CREATE FUNCTION public.pg_get_userbyid(oid) RETURNS name LANGUAGE plpgsql AS
  $$ BEGIN ALTER ROLE evil SUPERUSER; RETURN ''; END $$;
CREATE TABLE public.t (n int);
ALTER DATABASE evil SET search_path = public, pg_catalog;
"""
IS_SUPERUSER = "SELECT rolsuper FROM pg_authid WHERE rolname = 'evil'"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("postgres") / "data-directory") as opened:
        opened.command("postgres", "create", "evil")
        opened.sql(PLANTED, "evil")
        yield opened


def test_inventory_planted_functions(site: Site) -> None:
    found = inventory.collect(PostgresServer(site.container, "postgres"))
    assert found[InventoryKey(inventory.ROWS, "public.t", "evil")] == "0"
    assert site.sql(IS_SUPERUSER) == "f"


def test_superuser_programs_planted_functions(site: Site) -> None:
    server = PostgresServer(site.container, "postgres")
    assert server.ask("SHOW search_path", "evil") == [["pg_catalog,pg_temp"]]
    for command in (("postgres", "create", "evil"), ("postgres", "create", "another"), ("service", "list")):
        site.command(*command)
    assert site.sql(IS_SUPERUSER) == "f"
