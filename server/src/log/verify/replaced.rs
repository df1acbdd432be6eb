//! What events changed or took away, as it is kept beside them.
//!
//! Of what was published before the log begins, an event that is left does not say how it was when
//! it was changed first: that stands as it is, as long as it belongs to the event. What later events
//! replaced of it the log knows, unless it is gone; but it may not be noted, where the log was
//! shortened by a version that did not keep any of this.

use super::{Found, is_same_said, otherwise, tell};
use rusqlite::{Connection, Result};

/// Where in its log a thing was published, and what it is called; nothing where that is no JSON.
const PUBLISHED: &str = "CASE WHEN json_valid(was) THEN was ->> '$.offset' END";
const ID: &str = "CASE WHEN json_valid(was) THEN was ->> '$.id' END";

/// What thing an event changes or takes away.
const CHANGED: &str = "CASE WHEN json_valid(event) THEN CASE kind
    WHEN 'item_edited' THEN event ->> '$.item.id'
    WHEN 'item_deleted' THEN event ->> '$.item'
    WHEN 'said_edited' THEN event ->> '$.id'
    WHEN 'said_deleted' THEN event ->> '$.id'
END END";

/// Says what is otherwise than the log says. `main` then has what there is to be.
pub(super) fn compare(connection: &Connection, room: i64, found: &mut Found<'_>) -> Result<()> {
    let first = "(SELECT first FROM live.rooms WHERE id = ?1)";
    let unknown = format!(
        "DELETE FROM main.replaced WHERE room = ?1 AND {PUBLISHED} < {first} AND (
             offset IN (SELECT min(offset) FROM main.replaced WHERE room = ?1 GROUP BY {ID})
             OR offset NOT IN (SELECT offset FROM live.replaced WHERE room = ?1)
         )"
    );
    connection.execute(&unknown, [room])?;
    let stands = format!(
        "INSERT OR IGNORE INTO main.replaced SELECT room, offset, was
         FROM live.replaced JOIN live.events USING (room, offset)
         WHERE room = ?1 AND {PUBLISHED} < {first} AND {ID} = {CHANGED}"
    );
    connection.execute(&stands, [room])?;
    for (offset, log, there) in otherwise(connection, room, ("replaced", "offset", "was"))? {
        if !is_same_said(log.as_deref(), there.as_deref()) {
            let what = format!("what the event {offset} replaced");
            tell(found, &what, log.as_deref(), there.as_deref());
        }
    }
    Ok(())
}
