//! Display buttons: prepared items that one click shows.

use crate::db::{Db, DbError};
use crate::error::Problem;
use crate::item;
use crate::random;
use nowcast_shared::error::Code;
use nowcast_shared::id::ButtonId;
use nowcast_shared::item::NewItem;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The colours a button may have.
pub const COLORS: [&str; 8] =
    ["vermilion", "blue", "green", "amber", "violet", "teal", "rose", "ink"];

/// How long a label may be, in characters.
const LABEL: usize = 60;

/// How many buttons a room may have.
const MOST: i64 = 200;

/// A display button.
#[derive(Clone, Debug, Serialize)]
pub struct Button {
    /// Its name for good.
    pub id: ButtonId,
    /// What it is made of.
    #[serde(flatten)]
    pub face: Face,
}

/// What an admin says of a button.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Face {
    /// What stands on it.
    pub label: String,
    /// One of [`COLORS`].
    #[serde(default = "first_color")]
    pub color: String,
    /// What it shows.
    pub item: NewItem<Value>,
}

fn first_color() -> String {
    "ink".to_owned()
}

impl Face {
    /// The face, if it can be shown and its item published.
    pub async fn check(mut self, max_item: usize) -> Result<Self, Problem> {
        let label = self.label.trim().to_owned();
        let length = label.chars().count();
        if !(1..=LABEL).contains(&length) || label.chars().any(char::is_control) {
            let detail = format!("A button's `label` has 1 to {LABEL} characters on one line.");
            return Err(Problem::new(Code::BadRequest, detail));
        }
        if !COLORS.contains(&self.color.as_str()) {
            let detail = format!("A button's `color` is one of {}.", COLORS.join(", "));
            return Err(Problem::new(Code::BadRequest, detail));
        }
        let content = item::check(self.item.clone(), max_item).await?;
        self.label = label;
        self.item.data = serde_json::from_str(content.data.get()).unwrap_or_default();
        Ok(self)
    }
}

/// All of a room's buttons, in order.
pub async fn all(db: &Db, room: i64) -> Result<Vec<Button>, DbError> {
    db.read(move |connection| list(connection, room)).await
}

/// Makes a button, after the others; `None` if the room has as many as it may.
pub async fn make(db: &Db, room: i64, face: Face) -> Result<Option<Button>, DbError> {
    db.write(move |connection| {
        let sql = "SELECT count(*), coalesce(max(place), 0) FROM buttons WHERE room = ?";
        let (count, last): (i64, i64) =
            connection.query_row(sql, [room], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if count >= MOST {
            return Ok(None);
        }
        let button = Button { id: ButtonId(random::name("b", 9)), face };
        connection.execute(
            "INSERT INTO buttons (id, room, place, label, color, kind, data)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![
                button.id.0,
                room,
                last + 1,
                button.face.label,
                button.face.color,
                button.face.item.kind,
                button.face.item.data.to_string()
            ],
        )?;
        Ok(Some(button))
    })
    .await
}

/// Changes a button; `None` if it is not there.
pub async fn change(
    db: &Db,
    room: i64,
    id: ButtonId,
    face: Face,
) -> Result<Option<Button>, DbError> {
    db.write(move |connection| {
        let changed = connection.execute(
            "UPDATE buttons SET label = ?, color = ?, kind = ?, data = ? WHERE room = ? AND id = ?",
            params![face.label, face.color, face.item.kind, face.item.data.to_string(), room, id.0],
        )?;
        Ok((changed > 0).then_some(Button { id, face }))
    })
    .await
}

/// Takes a button away; false if it is not there.
pub async fn remove(db: &Db, room: i64, id: ButtonId) -> Result<bool, DbError> {
    let sql = "DELETE FROM buttons WHERE room = ? AND id = ?";
    let gone = db.write(move |connection| connection.execute(sql, params![room, id.0])).await?;
    Ok(gone > 0)
}

/// Puts the buttons in this order; those not named come after, as they were.
pub async fn order(db: &Db, room: i64, order: Vec<ButtonId>) -> Result<Vec<Button>, DbError> {
    db.write(move |connection| {
        let mut buttons = list(connection, room)?;
        buttons.sort_by_key(|button| {
            order.iter().position(|id| *id == button.id).unwrap_or(usize::MAX)
        });
        for (place, button) in (1_i64..).zip(&buttons) {
            connection
                .prepare_cached("UPDATE buttons SET place = ? WHERE id = ?")?
                .execute(params![place, button.id.0])?;
        }
        Ok(buttons)
    })
    .await
}

/// A few to try, on the first run.
pub async fn make_examples(db: &Db, room: i64) -> Result<(), DbError> {
    let message =
        |text: &str| NewItem { kind: "message".to_owned(), data: json!({ "text": text }) };
    let link = NewItem {
        kind: "link".to_owned(),
        data: json!({
            "url": "https://commonmark.org/help/",
            "title": "Markdown in sixty seconds",
            "description": "Everything that a message understands: bold, lists, links, quotes."
        }),
    };
    for (label, color, item) in [
        (
            "Welcome",
            "vermilion",
            message("**Welcome.** This page is live: what happens next shows here by itself."),
        ),
        ("We begin", "green", message("### We begin\nTake a seat. The first speaker is on.")),
        ("Short break", "amber", message("### Short break\nBack in **ten minutes**.")),
        ("Link: Markdown", "blue", link),
        ("Thank you", "violet", message("### That was it\nThank you for being here.")),
    ] {
        let face = Face { label: label.to_owned(), color: color.to_owned(), item };
        make(db, room, face).await?;
    }
    Ok(())
}

fn list(connection: &Connection, room: i64) -> rusqlite::Result<Vec<Button>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, label, color, kind, data FROM buttons WHERE room = ? ORDER BY place",
    )?;
    let rows = statement.query_map([room], |row| {
        let data: String = row.get(4)?;
        let data = serde_json::from_str(&data).unwrap_or_default();
        let item = NewItem { kind: row.get(3)?, data };
        let face = Face { label: row.get(1)?, color: row.get(2)?, item };
        Ok(Button { id: ButtonId(row.get(0)?), face })
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_examples_can_be_published_and_put_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).unwrap();
        db.write(|connection| {
            connection.execute(
                "INSERT INTO rooms (id, name, title, epoch, created_at) VALUES (1, 'main', '', 'e1', 0)",
                [],
            )
        })
        .await
        .unwrap();
        make_examples(&db, 1).await.unwrap();
        let buttons = all(&db, 1).await.unwrap();
        assert!(buttons.len() >= 3);
        for button in &buttons {
            button.face.clone().check(65_536).await.unwrap();
        }
        let last = buttons.last().unwrap().id.clone();
        let ordered = order(&db, 1, vec![last.clone(), "b-unknown".into()]).await.unwrap();
        assert_eq!(ordered[0].id, last);
        assert_eq!(ordered[1].id, buttons[0].id, "the others stay as they were");
        let ids = |buttons: &[Button]| buttons.iter().map(|b| b.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&all(&db, 1).await.unwrap()), ids(&ordered));
    }
}
