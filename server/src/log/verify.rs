//! Whether the projections are what the log makes of them: each room's log is applied anew, beside
//! the database, by the code that the writer applies it with, and what comes out is compared.
//!
//! Where a log no longer has its beginning, what is older stands as it is: of that, only what the
//! events that are left say can be held against it.

mod replaced;

use super::append::{Place, parse};
use super::past::Past;
use super::row;
use nowcast_shared::chat::Said;
use nowcast_shared::id::PublicId;
use nowcast_shared::item::Author;
use nowcast_shared::stage::Piece;
use rusqlite::{Connection, Result, params};

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where, and what.
    pub what: String,
    /// Whether applying the log anew mends it.
    pub mendable: bool,
}

/// A room that is looked at.
#[derive(Clone, Debug)]
pub struct Examined {
    /// Its key.
    id: i64,
    /// Its name in addresses.
    pub name: String,
    /// How many events its log has, as it says.
    pub events: u64,
}

/// The rooms of the database that is attached as `live`.
///
/// # Errors
/// Those of the database.
pub fn rooms(connection: &Connection) -> Result<Vec<Examined>> {
    let sql = "SELECT id, name, max(head - first + 1, 0) FROM live.rooms ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let rooms = statement.query_map([], |row| {
        let events: i64 = row.get(2)?;
        Ok(Examined {
            id: row.get(0)?,
            name: row.get(1)?,
            events: u64::try_from(events).unwrap_or(0),
        })
    })?;
    rooms.collect()
}

/// Applies the log of a room of `live` to the tables of `main`, which are empty, and says what is
/// otherwise in `live`. Both within a transaction of the caller's, who undoes it or goes on to
/// [`mend`]. `read` is called with each event.
///
/// # Errors
/// Those of the database.
pub fn examine(
    connection: &Connection,
    room: &Examined,
    read: &dyn Fn(),
) -> Result<Vec<Difference>> {
    let mut found = Found { room: &room.name, found: Vec::new() };
    seed(connection, room.id)?;
    apply(connection, room.id, &mut found, read)?;
    compare_items(connection, room.id, &mut found)?;
    compare_said(connection, room.id, &mut found)?;
    replaced::compare(connection, room.id, &mut found)?;
    compare_pieces(connection, room.id, &mut found)?;
    compare_variables(connection, room.id, &mut found)?;
    compare_room(connection, room.id, &mut found)?;
    Ok(found.found)
}

/// Has `live` have what [`examine`] left in `main`. Who owns what is no part of the log: it stays
/// as it is where it is known, else `owners` says it by the author.
///
/// # Errors
/// Those of the database.
pub fn mend(
    connection: &Connection,
    room: &Examined,
    owners: &dyn Fn(&PublicId) -> String,
) -> Result<()> {
    let id = room.id;
    for (table, column) in [("items", "item"), ("said", "said")] {
        let sql = format!(
            "UPDATE main.{table} SET owner = (SELECT l.owner FROM live.{table} AS l
                 WHERE l.room = ?1 AND l.offset = main.{table}.offset AND l.id = main.{table}.id)
             WHERE room = ?1 AND EXISTS (SELECT 1 FROM live.{table} AS l
                 WHERE l.room = ?1 AND l.offset = main.{table}.offset AND l.id = main.{table}.id)"
        );
        connection.execute(&sql, [id])?;
        let sql = format!(
            "SELECT offset, {column} ->> '$.by.id' FROM main.{table} WHERE room = ? AND owner = ''"
        );
        let mut statement = connection.prepare(&sql)?;
        let rows = statement.query_map([id], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        for (offset, by) in rows.collect::<Result<Vec<(i64, _)>>>()? {
            let sql = format!("UPDATE main.{table} SET owner = ? WHERE room = ? AND offset = ?");
            connection.execute(&sql, params![owners(&PublicId(by)), id, offset])?;
        }
    }
    for table in ["items", "said", "replaced", "pieces", "variables"] {
        connection.execute(&format!("DELETE FROM live.{table} WHERE room = ?"), [id])?;
        let sql = format!("INSERT INTO live.{table} SELECT * FROM main.{table} WHERE room = ?");
        connection.execute(&sql, [id])?;
    }
    let sql = "UPDATE live.rooms SET (title, settings, head, last_at, bytes) =
               (SELECT title, settings, head, last_at, bytes FROM main.rooms WHERE id = ?1)
               WHERE id = ?1";
    connection.execute(sql, [id]).map(|_| ())
}

/// What is found in a room.
struct Found<'r> {
    room: &'r str,
    found: Vec<Difference>,
}

impl Found<'_> {
    fn differs(&mut self, what: &str) {
        self.found.push(Difference { what: format!("{}: {what}", self.room), mendable: true });
    }

    fn is_broken(&mut self, what: &str) {
        self.found.push(Difference { what: format!("{}: {what}", self.room), mendable: false });
    }
}

/// What no event says: the room itself, and what is from before its log begins.
fn seed(connection: &Connection, room: i64) -> Result<()> {
    let sql = "INSERT INTO main.rooms (id, name, title, epoch, head, first, last_at, created_at,
                   settings, invitation, keeping, bytes)
               SELECT id, name, title, epoch, head, first, last_at, created_at,
                   settings, invitation, keeping, 0 FROM live.rooms WHERE id = ?";
    connection.execute(sql, [room])?;
    for table in ["items", "said"] {
        let sql = format!(
            "INSERT INTO main.{table} SELECT * FROM live.{table} WHERE room = ?1
             AND offset < (SELECT first FROM live.rooms WHERE id = ?1)"
        );
        connection.execute(&sql, [room])?;
    }
    for table in ["pieces", "variables"] {
        let sql = format!(
            "INSERT INTO main.{table} SELECT * FROM live.{table} WHERE room = ?1
             AND (SELECT first FROM live.rooms WHERE id = ?1) > 1"
        );
        connection.execute(&sql, [room])?;
    }
    Ok(())
}

/// Applies the log, as far as it is whole; says where it is not.
fn apply(connection: &Connection, room: i64, found: &mut Found<'_>, read: &dyn Fn()) -> Result<()> {
    let sql = "SELECT first, head, last_at FROM live.rooms WHERE id = ?";
    let (mut due, mut head, mut last_at): (i64, i64, i64) =
        connection.query_row(sql, [room], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let sql =
        "SELECT offset, at, kind, author, event FROM live.events WHERE room = ? ORDER BY offset";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([room])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        read();
        let (offset, at): (i64, i64) = (row.get(0)?, row.get(1)?);
        let (kind, author, event): (String, String, String) =
            (row.get(2)?, row.get(3)?, row.get(4)?);
        if offset > due {
            found.is_broken(&format!("the events {due} to {} are missing", offset - 1));
        } else if offset < due {
            found.is_broken(&format!(
                "the event {offset} is from before the log's beginning, {due}"
            ));
        }
        due = offset.saturating_add(1);
        bytes += i64::try_from(author.len() + event.len()).unwrap_or(i64::MAX);
        last_at = last_at.max(at);
        let (past, by) = match (Past::read(&event), parse::<Author>(&author)) {
            (Ok(past), Ok(by)) => (past, by),
            (Err(error), _) | (_, Err(error)) => {
                found.is_broken(&format!("the event {offset} cannot be read: {error}"));
                continue;
            }
        };
        if past.kind() != kind {
            let is = past.kind();
            found.is_broken(&format!("the event {offset} is filed as {kind} and is {is}"));
        }
        if past.is_harmful() {
            found.is_broken(&format!("the event {offset} has HTML that no server made"));
        }
        if let Some(why) = past.misplaced(offset, at) {
            found.is_broken(&format!("the event {offset} is out of place: {why}"));
        }
        let place = Place { room, offset, at, by: &by, owner: "" };
        if let Err(error) = past.effect().apply(connection, &place) {
            found.is_broken(&format!("the event {offset} cannot have happened: {error}"));
        }
    }
    if due <= head {
        found.is_broken(&format!("the events {due} to {head} are missing"));
    }
    head = head.max(due - 1);
    let sql = "UPDATE main.rooms SET head = ?, last_at = ?, bytes = ? WHERE id = ?";
    connection.execute(sql, params![head, last_at, bytes, room]).map(|_| ())
}

/// A row's key, what the log says it is, what there is.
type Row = (String, Option<String>, Option<String>);

/// Rows of a table that are otherwise in the two databases.
fn otherwise(
    connection: &Connection,
    room: i64,
    (table, key, value): (&str, &str, &str),
) -> Result<Vec<Row>> {
    let sql = format!(
        "SELECT m.{key}, m.value, l.value FROM (SELECT {key}, {value} AS value FROM main.{table} WHERE room = ?1) AS m
         LEFT JOIN (SELECT {key}, {value} AS value FROM live.{table} WHERE room = ?1) AS l ON l.{key} = m.{key}
         WHERE m.value IS NOT l.value
         UNION ALL
         SELECT l.{key}, NULL, {value} FROM live.{table} AS l WHERE room = ?1
         AND NOT EXISTS (SELECT 1 FROM main.{table} AS m WHERE m.room = ?1 AND m.{key} = l.{key})
         ORDER BY 1"
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([room], |row| {
        let key = match row.get_ref(0)? {
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            _ => row.get(0)?,
        };
        Ok((key, row.get(1)?, row.get(2)?))
    })?;
    rows.collect()
}

/// Says of a row what is otherwise about it.
fn tell(found: &mut Found<'_>, what: &str, log: Option<&str>, there: Option<&str>) {
    match (log, there) {
        (Some(_), Some(_)) => found.differs(&format!("{what} is otherwise than the log says")),
        (Some(_), None) => found.differs(&format!("{what} is in the log and not there")),
        (None, _) => found.differs(&format!("{what} is there and not in the log")),
    }
}

fn compare_items(connection: &Connection, room: i64, found: &mut Found<'_>) -> Result<()> {
    let value = "id || ' ' || kind || ' ' || item";
    for (offset, log, there) in otherwise(connection, room, ("items", "offset", value))? {
        tell(found, &format!("the item of {offset}"), log.as_deref(), there.as_deref());
    }
    Ok(())
}

fn compare_said(connection: &Connection, room: i64, found: &mut Found<'_>) -> Result<()> {
    for (offset, log, there) in
        otherwise(connection, room, ("said", "offset", "id || ' ' || said"))?
    {
        let said = |text: &Option<String>| Some(text.as_deref()?.split_once(' ')?.1.to_owned());
        if is_same_said(said(&log).as_deref(), said(&there).as_deref()) {
            continue;
        }
        tell(found, &format!("the words of {offset}"), log.as_deref(), there.as_deref());
    }
    Ok(())
}

/// Whether both are words, and the same: an earlier version wrote fields that are not there in
/// another way, perhaps.
fn is_same_said(one: Option<&str>, other: Option<&str>) -> bool {
    let read = |text: Option<&str>| parse::<Said>(text?).ok();
    read(one).is_some_and(|one| read(other) == Some(one))
}

fn compare_pieces(connection: &Connection, room: i64, found: &mut Found<'_>) -> Result<()> {
    for (id, log, there) in otherwise(connection, room, ("pieces", "id", "piece"))? {
        let read = |text: &Option<String>| parse::<Piece>(text.as_deref()?).ok();
        if let (Some(log), Some(there)) = (read(&log), read(&there))
            && is_same_piece(&log, &there)
        {
            continue;
        }
        tell(found, &format!("the piece {id}"), log.as_deref(), there.as_deref());
    }
    Ok(())
}

/// Whether nobody could tell them apart: a number that is read and written again and again may
/// change in its last place.
fn is_same_piece(one: &Piece, other: &Piece) -> bool {
    let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
    let same = close(one.x, other.x) && close(one.y, other.y) && close(one.width, other.width);
    same && Piece { x: one.x, y: one.y, width: one.width, ..other.clone() } == *one
}

fn compare_variables(connection: &Connection, room: i64, found: &mut Found<'_>) -> Result<()> {
    let value = "version || ' ' || value";
    for (name, log, there) in otherwise(connection, room, ("variables", "name", value))? {
        tell(found, &format!("the variable {name}"), log.as_deref(), there.as_deref());
    }
    Ok(())
}

fn compare_room(connection: &Connection, room: i64, found: &mut Found<'_>) -> Result<()> {
    let row = |of: &str| {
        let sql =
            format!("SELECT title, settings, head, last_at, bytes FROM {of}.rooms WHERE id = ?");
        connection.query_row(&sql, [room], |row| {
            let (title, settings): (String, String) = (row.get(0)?, row.get(1)?);
            let numbers: [i64; 3] = [row.get(2)?, row.get(3)?, row.get(4)?];
            Ok((title, row::settings(&settings), numbers))
        })
    };
    let (log, there) = (row("main")?, row("live")?);
    if log.0 != there.0 {
        found.differs("the title is otherwise than the log says");
    }
    if log.1 != there.1 {
        found.differs("the settings are otherwise than the log says");
    }
    for (what, log, there) in [
        ("newest event", log.2[0], there.2[0]),
        ("newest time", log.2[1], there.2[1]),
        ("number of bytes", log.2[2], there.2[2]),
    ] {
        if log != there {
            found.differs(&format!("the {what} is noted as {there} and is {log}"));
        }
    }
    Ok(())
}
