//! What the desk asks of the server: every address that it uses, here and in [`rooms`], [`people`],
//! [`variables`], [`sources`], [`queue`] and [`keeping`].

pub mod keeping;
pub mod people;
pub mod queue;
pub mod rooms;
pub mod sources;
pub mod variables;

use super::json;
use super::me::{Me, Right};
use super::tile::{Color, Face, Tile};
use super::words;
use crate::api::{self, PATIENCE, Payload, Problem};
use crate::read::{self, Json};
use crate::write::{self, Object, array};
use nowcast_shared::id::{ButtonId, ItemId, RoomName};
use nowcast_shared::item::{Body, Role};
use nowcast_shared::offset::Offset;
use wasm_bindgen::JsValue;

/// An answer that is not of the shape that was asked for.
fn unreadable() -> Problem {
    Problem {
        status: 200,
        code: String::new(),
        detail: "The server answered something that this page does not understand. Reload it."
            .to_owned(),
        wait: None,
    }
}

/// Who the server takes this page for.
pub async fn me() -> Result<Me, Problem> {
    let answer = api::get("/api/me").await?;
    read_me(&answer).ok_or_else(unreadable)
}

/// Changes the name that stands beside what is published.
pub async fn rename_me(name: &str) -> Result<Me, Problem> {
    let answer = api::put("/api/me", &Object::new().text("name", name).end()).await?;
    read_me(&answer).ok_or_else(unreadable)
}

/// Logs in; the browser keeps the cookie.
pub async fn log_in(password: &str, name: &str) -> Result<(), Problem> {
    let name = Some(name).filter(|name| !name.is_empty());
    let body = Object::new().text("password", password).text_if("name", name).end();
    api::post("/api/login", &body).await.map(drop)
}

/// Logs out.
pub async fn log_out() -> Result<(), Problem> {
    api::post("/api/logout", "{}").await.map(drop)
}

/// The display buttons, in their order.
pub async fn buttons(room: &RoomName) -> Result<Vec<Tile>, Problem> {
    Ok(read_tiles(&text("GET", &at(room, "/buttons"), Payload::Nothing).await?))
}

/// Makes a display button, the last one.
pub async fn make_button(room: &RoomName, face: &Face) -> Result<Tile, Problem> {
    let face = write_face(face);
    let answer = text("POST", &at(room, "/buttons"), Payload::Json(&face)).await?;
    read_tile(&answer).ok_or_else(unreadable)
}

/// Changes a display button.
pub async fn change_button(room: &RoomName, id: &ButtonId, face: &Face) -> Result<Tile, Problem> {
    let (url, face) = (at(room, &format!("/buttons/{id}")), write_face(face));
    let answer = text("PUT", &url, Payload::Json(&face)).await?;
    read_tile(&answer).ok_or_else(unreadable)
}

/// Deletes a display button.
pub async fn delete_button(room: &RoomName, id: &ButtonId) -> Result<(), Problem> {
    api::delete(&at(room, &format!("/buttons/{id}"))).await.map(drop)
}

/// Puts the display buttons in this order; the answer is the order that holds.
pub async fn order_buttons(room: &RoomName, ids: &[ButtonId]) -> Result<Vec<Tile>, Problem> {
    let order = write_order(ids);
    Ok(read_tiles(&text("PUT", &at(room, "/buttons"), Payload::Json(&order)).await?))
}

/// The HTML that viewers would see, where the kind has any.
pub async fn preview(
    room: &RoomName,
    kind: &str,
    body: &Body,
) -> Result<(Body, Option<String>), Problem> {
    let answer = api::post(&at(room, "/preview"), &write_item(kind, body)).await?;
    Ok((read::body(kind, &read::get(&answer, "data")), read::text(&answer, "html")))
}

/// All of an item's data, to the letter; `None` if it is not there any more. The answer may take
/// `patience` milliseconds.
pub async fn data(
    room: &RoomName,
    item: &ItemId,
    place: Offset,
    patience: f64,
) -> Result<Option<Json>, Problem> {
    let url = at(room, &format!("/items?before={}&limit=1", place.next()));
    let text = api::text("GET", &url, Payload::Nothing, patience).await?;
    let same = json::inside(&text, &["items", "0", "id"]) == Some(format!("\"{item}\""));
    Ok(json::inside(&text, &["items", "0", "data"]).filter(|_| same).map(Json))
}

/// Sends a request, and leaves the answer as its text: what has been through the browser's numbers
/// is not always the same any more.
async fn text(method: &str, url: &str, payload: Payload<'_>) -> Result<String, Problem> {
    api::text(method, url, payload, PATIENCE).await
}

/// Gives a command, as JSON. Asked a second time with the same id where no answer came, so that a moment
/// without network neither loses it nor doubles it.
pub async fn command(
    room: &RoomName,
    client: &str,
    id: &str,
    command: &str,
) -> Result<(), Problem> {
    let url = at(room, &format!("/commands?client={client}"));
    let json = named(id, command);
    let mut attempt = 1;
    loop {
        match api::post(&url, &json).await {
            Ok(_) => return Ok(()),
            Err(problem) if words::worth_repeating(problem.status != 0, attempt) => attempt += 1,
            Err(problem) => return Err(problem),
        }
    }
}

/// An address of a room. A room's name is legal in an address as it is.
pub fn at(room: &RoomName, rest: &str) -> String {
    format!("/api/rooms/{room}{rest}")
}

/// A command with an id, so that a repeat is known as one.
fn named(id: &str, command: &str) -> String {
    Object::new().text("id", id).json("command", command).end()
}

fn write_item(kind: &str, body: &Body) -> String {
    Object::new().text("kind", kind).json("data", &write::body(body)).end()
}

fn write_face(face: &Face) -> String {
    let item = Object::new().text("kind", &face.kind).json("data", &face.data.0).end();
    Object::new()
        .text("label", face.label.trim())
        .text("color", face.color.name())
        .json("item", &item)
        .end()
}

fn write_order(ids: &[ButtonId]) -> String {
    let ids = ids.iter().map(|id| {
        let mut text = String::new();
        write::string(&mut text, &id.0);
        text
    });
    Object::new().json("order", &array(ids)).end()
}

/// Reads the answer of `/api/me`.
pub fn read_me(value: &JsValue) -> Option<Me> {
    let role = match read::text(value, "role")?.as_str() {
        "admin" => Role::Admin,
        "publisher" => Role::Publisher,
        "user" => Role::User,
        _ => Role::Viewer,
    };
    Some(Me {
        role,
        name: read::text(value, "name").filter(|name| !name.is_empty()),
        may: read::list(value, "may", |right| Right::from_name(&right.as_string()?)),
        open: read::truth(value, "open"),
        features: read::list(value, "features", JsValue::as_string),
    })
}

/// Reads a list of display buttons from the text of an answer; what cannot be read is left out.
pub fn read_tiles(answer: &str) -> Vec<Tile> {
    json::elements(answer, &["buttons"]).iter().filter_map(|button| read_tile(button)).collect()
}

fn read_tile(answer: &str) -> Option<Tile> {
    let value = read::parse(answer)?;
    let item = read::get(&value, "item");
    let kind = read::text(&item, "kind")?;
    let data = json::inside(answer, &["item", "data"])?;
    let body = match read::body(&kind, &read::get(&item, "data")) {
        // To the letter here as well: the form writes all of it.
        Body::Custom { .. } => Body::Custom { json: data.clone() },
        body => body,
    };
    Some(Tile {
        id: ButtonId(read::text(&value, "id")?),
        face: Face {
            label: read::text(&value, "label")?,
            color: Color::from_name(&read::text(&value, "color").unwrap_or_default()),
            body,
            data: Json(data),
            kind,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nowcast_shared::command::Command;
    use nowcast_shared::item::NewItem;

    #[test]
    fn commands_are_what_the_contract_says() {
        let written =
            |id, command: &Command<Body>| named(id, &write::command(command, write::body));
        let data = Body::Message { text: "Hello \"you\"".into() };
        let item = NewItem { kind: "message".into(), data: data.clone() };
        assert_eq!(
            written("k1", &Command::Publish { item }),
            r#"{"id":"k1","command":{"kind":"publish","item":{"kind":"message","data":{"text":"Hello \"you\""}}}}"#
        );
        assert_eq!(
            written("k2", &Command::Edit { item: ItemId("i1".into()), data }),
            r#"{"id":"k2","command":{"kind":"edit","item":"i1","data":{"text":"Hello \"you\""}}}"#
        );
        assert_eq!(
            written("k3", &Command::Delete { item: ItemId("i1".into()) }),
            r#"{"id":"k3","command":{"kind":"delete","item":"i1"}}"#
        );
    }

    #[test]
    fn buttons_are_what_the_contract_says() {
        let face = Face {
            label: " Doors open ".into(),
            color: Color::Teal,
            kind: "image".into(),
            body: Body::Unknown,
            data: Json(r#"{"url":"/uploads/a.png","alt":"The hall","credit":"Bo"}"#.into()),
        };
        assert_eq!(
            write_face(&face),
            r#"{"label":"Doors open","color":"teal","item":{"kind":"image","data":{"url":"/uploads/a.png","alt":"The hall","credit":"Bo"}}}"#
        );
        assert_eq!(write_order(&["b1".into(), "b2".into()]), r#"{"order":["b1","b2"]}"#);
    }

    #[test]
    fn addresses_name_the_room() {
        let room = "final-2026".parse().unwrap();
        assert_eq!(at(&room, "/buttons"), "/api/rooms/final-2026/buttons");
    }
}
