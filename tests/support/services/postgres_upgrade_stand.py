"""Postgres of an old major version, with data that an upgrade must keep."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.docker.images import POSTGRES
from tests.support.services.postgres_stand import NEW, OLD, Site, old_image, open_site

if TYPE_CHECKING:
    from docker import DockerClient


# What databases have that a simple copy of tables would lose.
FILLED = """
CREATE ROLE readers;
CREATE ROLE "Anna B" LOGIN PASSWORD 'anna' VALID UNTIL '2099-01-01' CONNECTION LIMIT 3;
GRANT readers TO "Anna B";
ALTER ROLE "Anna B" SET search_path = archive, public;
CREATE DATABASE "odd name" OWNER "Anna B";
CREATE DATABASE empty;
ALTER DATABASE shop SET work_mem = '3MB';
COMMENT ON DATABASE empty IS 'nothing yet';
\\connect template1
CREATE TABLE in_template (n int);
\\connect "odd name"
CREATE TABLE "a ""b""
c" (n int);
INSERT INTO "a ""b""
c" VALUES (1), (2);
\\connect shop
CREATE EXTENSION pg_trgm;
CREATE EXTENSION hstore;
CREATE SCHEMA archive AUTHORIZATION shop;
CREATE TABLE orders (id bigserial PRIMARY KEY, what text NOT NULL, more hstore, at timestamptz DEFAULT now());
INSERT INTO orders (what, more) SELECT 'thing ' || n, hstore('n', n::text) FROM generate_series(1, 20000) AS n;
CREATE INDEX ON orders USING gin (what gin_trgm_ops);
CREATE TABLE archive.parts (id int, year int) PARTITION BY RANGE (year);
CREATE TABLE archive.parts_old PARTITION OF archive.parts FOR VALUES FROM (2000) TO (2020);
CREATE TABLE archive.parts_new PARTITION OF archive.parts FOR VALUES FROM (2020) TO (2040);
INSERT INTO archive.parts SELECT n, 2000 + n % 40 FROM generate_series(1, 4000) AS n;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM orders;
CREATE VIEW large AS SELECT * FROM orders WHERE id > 100;
CREATE UNLOGGED TABLE passing (n int); INSERT INTO passing VALUES (1);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at = now(); RETURN NEW; END $$;
CREATE TRIGGER noted BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION note();
CREATE SEQUENCE apart START 500; SELECT nextval('apart'), nextval('apart');
GRANT SELECT ON orders TO readers;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON orders FOR SELECT TO readers USING (id < 100);
SELECT lo_from_bytea(4711, decode(repeat('00ff41', 5000), 'hex')), lo_from_bytea(4712, '');
ALTER LARGE OBJECT 4711 OWNER TO shop;
SET ROLE shop;
CREATE FUNCTION public.format(text, text, name, name) RETURNS text LANGUAGE plpgsql AS
  $$ BEGIN ALTER ROLE shop SUPERUSER; RETURN pg_catalog.format($1, $2, $3, $4); END $$;
"""
CHECKS = {
    "shop": """
SELECT count(*), min(what), max((more -> 'n')::int), count(at) FROM orders; SELECT * FROM counted;
SELECT count(*) FROM archive.parts_new; SELECT count(*) FROM large; SELECT * FROM passing;
SELECT md5(lo_get(4711)), length(lo_get(4712)); SELECT nextval('apart'); SELECT nextval('orders_id_seq');
SELECT count(*) FROM orders WHERE what LIKE '%hing 1999%'; SELECT polname FROM pg_policy;
SELECT tgname FROM pg_trigger WHERE NOT tgisinternal; SHOW work_mem;
SELECT has_table_privilege('readers', 'orders', 'SELECT'), has_table_privilege('readers', 'orders', 'INSERT');
SELECT extname FROM pg_extension ORDER BY 1;
SELECT pg_get_userbyid(lomowner) FROM pg_largeobject_metadata ORDER BY oid;
""",
    "odd name": """
SELECT sum(n) FROM "a ""b""
c"; SELECT datname, pg_get_userbyid(datdba) FROM pg_database ORDER BY 1
""",
    "template1": "SELECT count(*) FROM in_template; SELECT datname, datistemplate FROM pg_database ORDER BY 1",
    "postgres": """
SELECT rolname, rolsuper, rolpassword, rolvaliduntil, rolconnlimit FROM pg_authid WHERE rolname !~ '^pg_' ORDER BY 1;
SELECT setconfig FROM pg_db_role_setting ORDER BY 1; SELECT shobj_description(oid, 'pg_database') FROM pg_database
WHERE datname = 'empty'; SELECT pg_has_role('Anna B', 'readers', 'member'); SELECT datname, datacl FROM pg_database
WHERE datname = 'shop';
""",
}


@dataclass(frozen=True)
class Stage:
    """Postgres of the old version with data in it; `begin` restores that state."""

    site: Site
    text: str
    saved: Path
    facts: dict[str, str] = field(default_factory=dict)

    def begin(self, text: str = "") -> None:
        """Restore the old version with its data, and nothing else."""
        self.end()
        shutil.rmtree(self.site.folder)
        subprocess.run(("cp", "-a", "--no-target-directory", self.saved, self.site.folder), check=True)
        self.site.file.write_text(text or self.text)
        self.start()

    def start(self) -> None:
        assert self.site.instance.start().ok

    def end(self) -> None:
        """Remove the containers of Postgres."""
        client = self.site.instance.cluster.client
        label = f"shoestring.instance={self.site.instance.settings.instance}"
        for each in client.containers.list(all=True, filters={"label": [label, "shoestring.application=postgres"]}):
            with contextlib.suppress(Exception):
                each.stop(timeout=30)
            each.remove(force=True, v=True)

    def facts_now(self) -> dict[str, str]:
        return {database: self.site.sql(sql, database) for database, sql in CHECKS.items()}

    def version(self) -> int:
        return int(self.site.sql("SHOW server_version_num")) // 10000

    def left(self) -> list[str]:
        """Return folders other than the data of the old version, and containers of an upgrade."""
        seen = self.site.instance.containers()
        folders = [each.name for each in self.site.folder.iterdir() if each.name != str(OLD)]
        return sorted(folders) + [name for name in seen if "upgrade" in name]

    def assert_as_before(self) -> None:
        assert self.version() == OLD
        assert self.facts_now() == self.facts
        assert self.site.file.read_text() == self.text
        self.site.wait()
        assert self.site.answer("plan")["changes"] == []
        assert self.left() == []


@contextlib.contextmanager
def open_old_version(directory: Path, client: DockerClient) -> Iterator[Stage]:
    """Postgres of the old version with data in it, as `Stage.begin` restores it."""
    image = old_image(client)
    with open_site(directory / "data-directory") as site:
        text = (
            site.file.read_text().replace(POSTGRES.reference, image).replace(f"postgres/{NEW}:", f"postgres/{OLD}:")
        )
        # The provider is younger than the old version.
        text = text.replace("--locale-provider=builtin --builtin-locale=C.UTF-8 ", "")
        # Each start waits for the first answer.
        text = text.replace("interval: 10s", "interval: 1s")
        made = Stage(site, text, directory / "saved")
        made.end()
        shutil.rmtree(site.folder)
        (site.folder / str(OLD)).mkdir(parents=True)
        shutil.chown(site.folder / str(OLD), 999, 999)
        site.file.write_text(text)
        made.start()
        site.wait()
        site.command("postgres", "create", "shop")
        site.sql(FILLED)
        made.facts.update(made.facts_now())
        # The checks themselves drew from the sequences.
        site.sql("SELECT setval('apart', 501), setval('orders_id_seq', 20000)", "shop")
        made.end()
        subprocess.run(("cp", "-a", site.folder, made.saved), check=True)
        yield made
