-- A data folder as a server of schema version 2 left it: its tables, and rows in each.
-- Settings of the whole server: password hash, secret for public ids.
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- `head` is the offset of the newest event, `first` that of the oldest still kept.
CREATE TABLE rooms (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    epoch TEXT NOT NULL,
    head INTEGER NOT NULL DEFAULT 0,
    first INTEGER NOT NULL DEFAULT 1,
    last_at INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

-- The log. `author` and `event` are JSON as on the wire.
CREATE TABLE events (
    room INTEGER NOT NULL REFERENCES rooms (id),
    offset INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    author TEXT NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (room, offset)
) STRICT, WITHOUT ROWID;

-- What the feed shows now: a projection of the log. `owner` may edit it.
CREATE TABLE items (
    room INTEGER NOT NULL REFERENCES rooms (id),
    offset INTEGER NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    item TEXT NOT NULL,
    PRIMARY KEY (room, offset)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX items_by_id ON items (room, id);

-- Answers already given, by idempotency key or command id.
CREATE TABLE answers (
    room INTEGER NOT NULL REFERENCES rooms (id),
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    item TEXT,
    offset INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (room, actor, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_age ON answers (at);

CREATE TABLE buttons (
    id TEXT PRIMARY KEY,
    room INTEGER NOT NULL REFERENCES rooms (id),
    place INTEGER NOT NULL,
    label TEXT NOT NULL,
    color TEXT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX buttons_by_place ON buttons (room, place);

-- Only hashes: SHA-256, since these secrets have 128 random bits and more.
CREATE TABLE tokens (
    hash BLOB PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    rooms TEXT,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE logins (
    hash BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- What a room is set to, as JSON, and the secret of its invitation link.
ALTER TABLE rooms ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
ALTER TABLE rooms ADD COLUMN invitation TEXT;

-- Projections of the log: the stage, the shared variables, the chat.
CREATE TABLE pieces (
    room INTEGER NOT NULL REFERENCES rooms (id),
    id TEXT NOT NULL,
    piece TEXT NOT NULL,
    PRIMARY KEY (room, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE variables (
    room INTEGER NOT NULL REFERENCES rooms (id),
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (room, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE said (
    room INTEGER NOT NULL REFERENCES rooms (id),
    offset INTEGER NOT NULL,
    id TEXT NOT NULL,
    owner TEXT NOT NULL,
    said TEXT NOT NULL,
    PRIMARY KEY (room, offset)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX said_by_id ON said (room, id);

-- When somebody last spoke in a room in slow mode.
CREATE TABLE spoke (
    room INTEGER NOT NULL REFERENCES rooms (id),
    owner TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (room, owner)
) STRICT, WITHOUT ROWID;
CREATE INDEX spoke_by_age ON spoke (at);

-- Words that wait for approval; not part of the log before. `said` names the words that they
-- are to replace.
CREATE TABLE held (
    room INTEGER NOT NULL REFERENCES rooms (id),
    id TEXT NOT NULL,
    said TEXT,
    at INTEGER NOT NULL,
    owner TEXT NOT NULL,
    author TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (room, id)
) STRICT, WITHOUT ROWID;

-- Who may not speak (`mute`) or come in (`block`), by public id. `until` is absent for good.
CREATE TABLE sanctions (
    room INTEGER NOT NULL REFERENCES rooms (id),
    person TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT,
    until INTEGER,
    at INTEGER NOT NULL,
    PRIMARY KEY (room, person, kind)
) STRICT, WITHOUT ROWID;

-- What was pushed to users who may be away, for a room or for all, and which page took it: none
-- by an empty name, where it reached somebody at once.
CREATE TABLE pushes (
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    room INTEGER REFERENCES rooms (id),
    data TEXT NOT NULL,
    at INTEGER NOT NULL,
    taken TEXT,
    PRIMARY KEY (user, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX pushes_by_age ON pushes (at);

-- User tokens that may be used by one page only, and by which they were.
CREATE TABLE used_tokens (
    id TEXT PRIMARY KEY,
    client TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE compat_stamps (
                   room INTEGER NOT NULL REFERENCES rooms (id),
                   offset INTEGER NOT NULL,
                   stamp INTEGER NOT NULL,
                   PRIMARY KEY (room, offset)
               ) STRICT, WITHOUT ROWID;

INSERT INTO settings (name, value) VALUES ('password', '$argon2id$v=19$m=19456,t=2,p=1$xaA8CexNXqbkj62sJxMZ1w$/BgFMLGNOBakL5LLjS4FAZZf95ShqV4qYgOwrCrKO9M');
INSERT INTO settings (name, value) VALUES ('push_names', '1795295300401');
INSERT INTO settings (name, value) VALUES ('secret', 'uaqc7du4nedykyw8t5cx6cs6vrs9whk2');
INSERT INTO settings (name, value) VALUES ('user_key', 'ncu_hmg6kmswbrzu2fkr6t8fuqkzta22bmp6ixx7pv3ep8mpxwnc');
INSERT INTO rooms (id, name, title, epoch, head, first, last_at, created_at, settings, invitation) VALUES (1, 'main', 'Harbour', 'ed6vj5ct4v', 17, 1, 1795295180351, 1795295180144, '{"chat":"everyone","drag":"everyone","variables":["score"],"private":false,"slow":5,"approval":true}', NULL);
INSERT INTO rooms (id, name, title, epoch, head, first, last_at, created_at, settings, invitation) VALUES (2, 'side', 'Side stage', 'es5jnjwx94', 2, 1, 1795295180403, 1795295180236, '{"chat":"everyone","drag":"everyone","variables":[],"private":true,"slow":0,"approval":false}', 'am3iwnq4g2n6wtzywmy6k4depzusqemd');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 1, 1795295180219, 'item_published', '{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"}', '{"kind":"item_published","item":{"id":"i3n9zywxfv799bx9f8qw","offset":1,"at":1795295180219,"kind":"message","data":{"text":"**Doors** open"},"html":"<p><strong>Doors</strong> open</p>","by":{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"}}}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 2, 1795295180221, 'item_published', '{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"}', '{"kind":"item_published","item":{"id":"i3n9zywxfxcek2s8fcwq","offset":2,"at":1795295180221,"kind":"message","data":{"text":"gone"},"html":"<p>gone</p>","by":{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"}}}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 3, 1795295180223, 'item_published', '{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"}', '{"kind":"item_published","item":{"id":"i3n9zywxfzniuaxumkzr","offset":3,"at":1795295180223,"kind":"link","data":{"title":"There","url":"https://example.org/"},"by":{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"}}}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 4, 1795295180224, 'item_published', '{"role":"admin","id":"ptvkiy6u27q","name":"Ana"}', '{"kind":"item_published","item":{"id":"i3n9zywxg2rqbiaj4g6e","offset":4,"at":1795295180224,"kind":"image","data":{"alt":"A harbour","url":"https://example.org/a.png"},"by":{"role":"admin","id":"ptvkiy6u27q","name":"Ana"}}}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 5, 1795295180227, 'item_edited', '{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"}', '{"kind":"item_edited","item":{"id":"i3n9zywxfv799bx9f8qw","offset":1,"at":1795295180219,"kind":"message","data":{"text":"**Doors** are open"},"html":"<p><strong>Doors</strong> are open</p>","by":{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"},"edited_at":1795295180227}}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 6, 1795295180228, 'item_deleted', '{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"}', '{"kind":"item_deleted","item":"i3n9zywxfxcek2s8fcwq"}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 7, 1795295180233, 'room_titled', '{"role":"admin","id":"ptvkiy6u27q","name":"Ana"}', '{"kind":"room_titled","title":"Harbour"}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 8, 1795295180240, 'item_published', '{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"}', '{"kind":"item_published","item":{"id":"i3n9zywxgisrfgi9r8h4","offset":8,"at":1795295180240,"kind":"post","data":{"text":"Ahoy","user":"ana"},"by":{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"}}}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 9, 1795295180250, 'item_published', '{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"}', '{"kind":"item_published","item":{"id":"i3n9zywxgua8pz4r8eqz","offset":9,"at":1795295180250,"kind":"custom","data":{"goals":[2,1]},"by":{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"}}}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 10, 1795295180256, 'said', '{"role":"viewer","id":"p7rkhi4i2pm"}', '{"kind":"said","id":"s3n9zywxh2k6iydasjgv","name":"Ben","text":"Hello"}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 11, 1795295180264, 'said', '{"role":"viewer","id":"p7rkhi4i2pm"}', '{"kind":"said","id":"s3n9zywxhazgkwfpd5ed","name":"Ben","text":"Bye"}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 12, 1795295180270, 'piece_put', '{"role":"admin","id":"ptvkiy6u27q","name":"Ana"}', '{"kind":"piece_put","piece":{"id":"logo","x":0.25,"y":0.5,"kind":"pointer","width":0.15,"z":0}}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 13, 1795295180285, 'piece_moved', '{"role":"admin","id":"ptvkiy6u27q","name":"Ana"}', '{"kind":"piece_moved","piece":"logo","x":0.75,"y":0.125}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 14, 1795295180329, 'variable_set', '{"role":"admin","id":"ptvkiy6u27q","name":"Ana"}', '{"kind":"variable_set","name":"score","value":[2,1],"version":14}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 15, 1795295180337, 'room_set', '{"role":"admin","id":"ptvkiy6u27q","name":"Ana"}', '{"kind":"room_set","settings":{"chat":"everyone","drag":"everyone","variables":["score"],"private":false,"slow":5,"approval":false}}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 16, 1795295180350, 'said', '{"role":"viewer","id":"pnybg78gxhf"}', '{"kind":"said","id":"s3n9zywxjyjk2q99p54h","name":"Cem","text":"Slowly"}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (1, 17, 1795295180351, 'room_set', '{"role":"admin","id":"ptvkiy6u27q","name":"Ana"}', '{"kind":"room_set","settings":{"chat":"everyone","drag":"everyone","variables":["score"],"private":false,"slow":5,"approval":true}}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (2, 1, 1795295180238, 'item_published', '{"role":"admin","id":"ptvkiy6u27q","name":"Ana"}', '{"kind":"item_published","item":{"id":"i3n9zywxggfbu4w6iasn","offset":1,"at":1795295180238,"kind":"message","data":{"text":"Here, too"},"html":"<p>Here, too</p>","by":{"role":"admin","id":"ptvkiy6u27q","name":"Ana"}}}');
INSERT INTO events (room, offset, at, kind, author, event) VALUES (2, 2, 1795295180403, 'room_set', '{"role":"admin","id":"ptvkiy6u27q","name":"Ana"}', '{"kind":"room_set","settings":{"chat":"everyone","drag":"everyone","variables":[],"private":true,"slow":0,"approval":false}}');
INSERT INTO items (room, offset, id, kind, owner, item) VALUES (1, 1, 'i3n9zywxfv799bx9f8qw', 'message', 'token:tjg4k6y9gk', '{"id":"i3n9zywxfv799bx9f8qw","offset":1,"at":1795295180219,"kind":"message","data":{"text":"**Doors** are open"},"html":"<p><strong>Doors</strong> are open</p>","by":{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"},"edited_at":1795295180227}');
INSERT INTO items (room, offset, id, kind, owner, item) VALUES (1, 3, 'i3n9zywxfzniuaxumkzr', 'link', 'token:tjg4k6y9gk', '{"id":"i3n9zywxfzniuaxumkzr","offset":3,"at":1795295180223,"kind":"link","data":{"title":"There","url":"https://example.org/"},"by":{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"}}');
INSERT INTO items (room, offset, id, kind, owner, item) VALUES (1, 4, 'i3n9zywxg2rqbiaj4g6e', 'image', 'admin', '{"id":"i3n9zywxg2rqbiaj4g6e","offset":4,"at":1795295180224,"kind":"image","data":{"alt":"A harbour","url":"https://example.org/a.png"},"by":{"role":"admin","id":"ptvkiy6u27q","name":"Ana"}}');
INSERT INTO items (room, offset, id, kind, owner, item) VALUES (1, 8, 'i3n9zywxgisrfgi9r8h4', 'post', 'token:tjg4k6y9gk', '{"id":"i3n9zywxgisrfgi9r8h4","offset":8,"at":1795295180240,"kind":"post","data":{"text":"Ahoy","user":"ana"},"by":{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"}}');
INSERT INTO items (room, offset, id, kind, owner, item) VALUES (1, 9, 'i3n9zywxgua8pz4r8eqz', 'custom', 'token:tjg4k6y9gk', '{"id":"i3n9zywxgua8pz4r8eqz","offset":9,"at":1795295180250,"kind":"custom","data":{"goals":[2,1]},"by":{"role":"publisher","id":"pui7pk5jhsh","name":"Newsdesk"}}');
INSERT INTO items (room, offset, id, kind, owner, item) VALUES (2, 1, 'i3n9zywxggfbu4w6iasn', 'message', 'admin', '{"id":"i3n9zywxggfbu4w6iasn","offset":1,"at":1795295180238,"kind":"message","data":{"text":"Here, too"},"html":"<p>Here, too</p>","by":{"role":"admin","id":"ptvkiy6u27q","name":"Ana"}}');
INSERT INTO answers (room, actor, key, fingerprint, item, offset, at) VALUES (1, 'token:tjg4k6y9gk', 'key:doors', x'f414fb2851811b4de296e4d7742b61e939f1829cc2715db7e37c97625fe04137', 'i3n9zywxfv799bx9f8qw', 1, 1795295180219);
INSERT INTO buttons (id, room, place, label, color, kind, data) VALUES ('b2bgikh3fp', 1, 1, 'Welcome', 'vermilion', 'message', '{"text":"**Welcome.** This page is live: what happens next shows here by itself."}');
INSERT INTO buttons (id, room, place, label, color, kind, data) VALUES ('b9qdqexm7w', 1, 4, 'Link: Markdown', 'blue', 'link', '{"description":"Everything that a message understands: bold, lists, links, quotes.","title":"Markdown in sixty seconds","url":"https://commonmark.org/help/"}');
INSERT INTO buttons (id, room, place, label, color, kind, data) VALUES ('bwe2xydpxq', 1, 2, 'We begin', 'green', 'message', '{"text":"### We begin\nTake a seat. The first speaker is on."}');
INSERT INTO buttons (id, room, place, label, color, kind, data) VALUES ('bwetuprjrs', 1, 3, 'Short break', 'amber', 'message', '{"text":"### Short break\nBack in **ten minutes**."}');
INSERT INTO buttons (id, room, place, label, color, kind, data) VALUES ('bytxsihpqk', 1, 5, 'Thank you', 'violet', 'message', '{"text":"### That was it\nThank you for being here."}');
INSERT INTO tokens (hash, id, name, scopes, rooms, created_at) VALUES (x'af8a8e7aec9d7314d039cc8e124f3d325c124b3d9d8fcd0fd33c3a551d705fff', 'tjg4k6y9gk', 'Newsdesk', 'publish,push', NULL, 1795295180132);
INSERT INTO logins (hash, name, expires_at) VALUES (x'2ec4a048ca29029de415ee4442e3f39392eea16bf5ca48ed455246498867ef33', 'Ana', 1797887180216);
INSERT INTO pieces (room, id, piece) VALUES (1, 'logo', '{"id":"logo","x":0.75,"y":0.125,"kind":"pointer","width":0.15,"z":0}');
INSERT INTO variables (room, name, value, version) VALUES (1, 'score', '[2,1]', 14);
INSERT INTO said (room, offset, id, owner, said) VALUES (1, 10, 's3n9zywxh2k6iydasjgv', 'client:abcdefghijklmnop1234', '{"id":"s3n9zywxh2k6iydasjgv","offset":10,"at":1795295180256,"by":{"role":"viewer","id":"p7rkhi4i2pm"},"name":"Ben","text":"Hello"}');
INSERT INTO said (room, offset, id, owner, said) VALUES (1, 11, 's3n9zywxhazgkwfpd5ed', 'client:abcdefghijklmnop1234', '{"id":"s3n9zywxhazgkwfpd5ed","offset":11,"at":1795295180264,"by":{"role":"viewer","id":"p7rkhi4i2pm"},"name":"Ben","text":"Bye"}');
INSERT INTO said (room, offset, id, owner, said) VALUES (1, 16, 's3n9zywxjyjk2q99p54h', 'client:ponmlkjihgfe4321ponm', '{"id":"s3n9zywxjyjk2q99p54h","offset":16,"at":1795295180350,"by":{"role":"viewer","id":"pnybg78gxhf"},"name":"Cem","text":"Slowly"}');
INSERT INTO spoke (room, owner, at) VALUES (1, 'client:ponmlkjihgfe4321ponm', 1795295180350);
INSERT INTO spoke (room, owner, at) VALUES (1, 'client:zzzzzzzzzzzzzzzzzzzz', 1795295180352);
INSERT INTO held (room, id, said, at, owner, author, name, text) VALUES (1, 's3n9zywxk2gfscmvgkkg', NULL, 1795295180352, 'client:zzzzzzzzzzzzzzzzzzzz', '{"role":"viewer","id":"pm3u2yfcewv"}', 'Dia', 'May I?');
INSERT INTO sanctions (room, person, kind, name, until, at) VALUES (1, 'pabcdefghij', 'mute', 'Eve', NULL, 1790000000000);
INSERT INTO pushes (user, id, room, data, at, taken) VALUES ('ben', 'n3n9zywxhaaaaaaaaaa', 1, '{"n":1}', 1795295180300, NULL);
INSERT INTO used_tokens (id, client, expires_at) VALUES ('once-1', 'abcdefghijklmnop1234', 4102444800000);
INSERT INTO compat_stamps (room, offset, stamp) VALUES (1, 1, 1795295180219);
INSERT INTO compat_stamps (room, offset, stamp) VALUES (1, 2, 1795295180221);
INSERT INTO compat_stamps (room, offset, stamp) VALUES (1, 3, 1795295180223);
INSERT INTO compat_stamps (room, offset, stamp) VALUES (1, 4, 1795295180224);
INSERT INTO compat_stamps (room, offset, stamp) VALUES (1, 8, 1795295180240);
INSERT INTO compat_stamps (room, offset, stamp) VALUES (1, 9, 1795295180250);

PRAGMA user_version = 2;
