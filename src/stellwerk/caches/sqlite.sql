-- Entries by number; `after` is the newest purge that each was kept after, `protected` whether it was used again.
CREATE TABLE entry (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL,
  tenant TEXT NOT NULL,
  model TEXT NOT NULL,
  scope BLOB NOT NULL,
  stored_ms INTEGER NOT NULL,
  stale_ms INTEGER NOT NULL,
  after INTEGER NOT NULL,
  used_ms INTEGER NOT NULL,
  protected INTEGER NOT NULL DEFAULT 0,
  size INTEGER NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX entry_stale ON entry (stale_ms);
CREATE INDEX entry_used ON entry (protected, used_ms);
CREATE INDEX entry_tenant ON entry (tenant, protected, used_ms);

-- Keys and aliases.
CREATE TABLE name (name BLOB PRIMARY KEY, entry INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX name_entry ON name (entry);

CREATE TABLE tag (tag TEXT NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (tag, entry)) WITHOUT ROWID;
CREATE INDEX tag_entry ON tag (entry);

-- Purges in force: until nothing is left that they concern.
CREATE TABLE purge (number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, body BLOB NOT NULL);

-- One row: the newest purge, and what is held.
CREATE TABLE total (
  last_purge INTEGER NOT NULL,
  entries INTEGER NOT NULL DEFAULT 0,
  size INTEGER NOT NULL DEFAULT 0,
  protected INTEGER NOT NULL DEFAULT 0,
  evicted INTEGER NOT NULL DEFAULT 0,
  expired INTEGER NOT NULL DEFAULT 0
);

-- Numbers begin with the time: those of a file that was begun anew are never below those of the former one.
INSERT INTO total (last_purge) VALUES (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER));

CREATE TABLE share (tenant TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID;

CREATE TRIGGER entry_in AFTER INSERT ON entry BEGIN
  UPDATE total SET entries = entries + 1, size = size + new.size;
  INSERT INTO share VALUES (new.tenant, new.size) ON CONFLICT (tenant) DO UPDATE SET size = size + new.size;
END;

CREATE TRIGGER entry_out AFTER DELETE ON entry BEGIN
  UPDATE total SET entries = entries - 1, size = size - old.size, protected = protected - old.size * old.protected;
  UPDATE share SET size = size - old.size WHERE tenant = old.tenant;
  DELETE FROM share WHERE tenant = old.tenant AND size <= 0;
  DELETE FROM name WHERE entry = old.id;
  DELETE FROM tag WHERE entry = old.id;
END;

CREATE TRIGGER entry_protected AFTER UPDATE OF protected ON entry WHEN old.protected <> new.protected BEGIN
  UPDATE total SET protected = protected + old.size * (new.protected - old.protected);
END;
