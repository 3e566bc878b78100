"""What goes wrong around the API, and how it says so: bad bodies, databases away, reloads, defects, publishing."""

import json
import shutil
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from stellwerk.admin import publishing
from stellwerk.admin.database import open_database
from stellwerk.admin.tables import METADATA, changes, facts
from tests.unit.admin.kit import Admin, made, open_admin, refused

V1 = "/admin/v1"


def test_the_migrations_make_the_tables_that_the_code_knows(everywhere: Admin) -> None:
    with everywhere.database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_opening_again_changes_nothing(everywhere: Admin) -> None:
    made(everywhere.client().post(f"{V1}/teams", json={"name": "shop"}))
    url = str(everywhere.database.engine.url) if everywhere.database.engine.dialect.name == "postgresql" else None
    open_database(everywhere.state, url).close()
    made(everywhere.client().get(f"{V1}/teams/shop"))


def test_the_files_are_the_owners_alone(admin: Admin) -> None:
    assert (admin.state / "control.db").stat().st_mode & 0o077 == 0


def test_bodies_that_cannot_be_read_are_told(admin: Admin) -> None:
    client = admin.client()
    plain = {"content-type": "application/json"}
    refused(client.post(f"{V1}/keys", content=b"{", headers=plain), 400)
    refused(client.post(f"{V1}/keys", content=b"[" * 100_000, headers=plain), 400)
    refused(client.post(f"{V1}/keys", content=b'{"name": "' + b"x" * 1_100_000, headers=plain), 413)
    refused(client.post(f"{V1}/keys", content=(b"x" * 300_000 for _ in range(5)), headers=plain), 413)
    refused(client.post(f"{V1}/keys", content=b"\xff", headers=plain), 400)
    refused(client.get(f"{V1}/nowhere"), 404)
    refused(client.get(f"{V1}/keys/"), 404)
    assert "post" not in refused(client.put(f"{V1}/keys"), 405)


def test_a_reload_is_told_and_audited(admin: Admin) -> None:
    client = admin.client()
    assert made(client.post("/admin/reload")) == {"version": 2, "adopted": True}
    admin.around.is_adopted = False
    answer = client.post("/admin/reload")
    assert (answer.status_code, answer.json()) == (202, {"version": 2, "adopted": False})
    admin.around.fault = "stellwerk.toml:3: expected a number"
    assert "stellwerk.toml:3" in refused(client.post("/admin/reload"), 422)
    assert admin.audited == [("configuration.reload", f"version {version}") for version in (1, 2, 2)]


def test_without_an_audit_log_nothing_is_changed(admin: Admin) -> None:
    client = admin.client()
    (admin.state / "audit").write_text("a file where the folder should be")
    assert "nothing was changed" in refused(client.post(f"{V1}/teams", json={"name": "shop"}), 503)
    (admin.state / "audit").unlink()
    assert made(client.get(f"{V1}/teams"))["items"] == []
    assert len(admin.deltas) == 1
    made(client.post(f"{V1}/teams", json={"name": "shop"}))


def test_a_database_that_is_away_is_told(admin: Admin) -> None:
    admin.database.close()
    shutil.move(admin.state / "control.db", admin.state / "moved.db")
    (admin.state / "control.db").mkdir()
    assert "control database" in refused(admin.client().get(f"{V1}/keys"), 503)
    assert "control database" in refused(admin.client("sk-sw-admin-x").get(f"{V1}/keys"), 503)
    admin.changes.publish()  # is tried again
    assert "control_database_away" in admin.lines.getvalue()


def test_a_defect_is_a_problem_too_and_tells_nothing(admin: Admin) -> None:
    with admin.database.writing() as connection:
        connection.execute(sa.text("INSERT INTO scopes VALUES ('team','x','','[]','{}',0,1,1,1,0,0)"))
    text = refused(admin.client().get(f"{V1}/teams/x"), 500)
    assert "Traceback" not in text
    assert "valid" not in text


def test_what_could_not_be_published_is_made_up_for(admin: Admin) -> None:
    client = admin.client()
    admin.directory.is_broken = True
    made(client.post(f"{V1}/teams", json={"name": "a"}))
    made(client.post(f"{V1}/teams", json={"name": "b"}))
    assert made(client.get(f"{V1}/status")) == {"configuration": 1, "directory": 2, "published": 0}
    assert "disk full" in admin.lines.getvalue()
    admin.directory.is_broken = False
    admin.changes.publish()
    assert [delta.version for delta in admin.deltas] == [0, 1, 2]
    assert made(client.get(f"{V1}/status"))["published"] == 2


def test_a_successor_goes_on_where_the_file_ends(admin: Admin) -> None:
    made(admin.client().post(f"{V1}/teams", json={"name": "a"}))
    admin.database.close()
    successor = open_admin(admin.state)
    made(successor.client().post(f"{V1}/teams", json={"name": "b"}))
    assert [delta.version for delta in successor.deltas] == [0, 1, 2]
    successor.database.close()


def test_a_mark_that_is_lost_or_of_another_database_means_a_new_base(admin: Admin) -> None:
    client = admin.client()
    made(client.post(f"{V1}/teams", json={"name": "a"}))
    made(client.post(f"{V1}/keys", json={"name": "k", "team": "a", "limits": [{"metric": "requests", "amount": 1}]}))
    keys, scopes = admin.known()
    mark = admin.state / "directory" / "published"
    for spoil in ("", json.dumps({"database": "another", "version": 1, "base": 0})):
        mark.write_text(spoil)
        admin.database.close()
        successor = open_admin(admin.state)
        assert [delta.version for delta in successor.deltas] == [2]
        assert successor.known() == (keys, scopes)
        successor.database.close()


def test_deltas_that_are_gone_mean_a_new_base(admin: Admin) -> None:
    client = admin.client()
    admin.directory.is_broken = True
    for name in ("a", "b"):
        made(client.post(f"{V1}/teams", json={"name": name}))
    with admin.database.writing() as connection:
        connection.execute(sa.delete(changes).where(changes.c.version == 1))
    admin.directory.is_broken = False
    admin.changes.publish()
    assert [delta.version for delta in admin.deltas] == [2]
    assert set(admin.known()[1]) == {"team:a", "team:b"}


def test_old_deltas_are_dropped_and_many_become_a_base(admin: Admin) -> None:
    client = admin.client()
    made(client.post(f"{V1}/teams", json={"name": "old"}))
    admin.now[0] += 8 * 86_400
    made(client.post(f"{V1}/teams", json={"name": "new"}))
    with admin.database.reading() as connection:
        assert connection.execute(sa.select(changes.c.version)).scalars().all() == [2]
    admin.directory.is_broken = True
    with admin.database.writing() as connection:
        connection.execute(sa.update(facts).values(number=publishing.MOST_DELTAS + 1))
    admin.directory.is_broken = False
    admin.changes.publish()
    assert [delta.version for delta in admin.deltas] == [publishing.MOST_DELTAS + 1]


def test_two_hosts_of_one_database_publish_the_same(tmp_path: Path, postgresql: str) -> None:
    here, there = open_admin(tmp_path / "here", postgresql), open_admin(tmp_path / "there", postgresql)
    name = f"team-{here.changes.publishing.version}"
    made(here.client().post(f"{V1}/teams", json={"name": name}))
    there.changes.publish()
    assert here.known()[1][f"team:{name}"] == there.known()[1][f"team:{name}"]
    assert here.changes.publishing.version == there.changes.publishing.version
    assert there.audited == []  # each host keeps the log of what was done at it
    for host in (here, there):
        host.database.close()
