//! What stands in addresses: positions, room names, client ids, query parameters.

#![no_main]

use axum::http::Uri;
use libfuzzer_sys::fuzz_target;
use nowcast::http::extract::{number, query};
use nowcast_shared::id::{ClientId, RoomName};
use nowcast_shared::offset::Position;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(position) = text.parse::<Position>() {
        assert_eq!(position.to_string().parse(), Ok(position));
    }
    if let Ok(room) = text.parse::<RoomName>() {
        assert_eq!(room.as_str(), text);
        assert!(format!("/api/rooms/{room}/ws").parse::<Uri>().is_ok());
    }
    if let Ok(client) = text.parse::<ClientId>() {
        assert_eq!(client.as_str(), text);
    }
    if let Ok(uri) = text.parse::<Uri>() {
        if let Ok(Some(since)) = query(&uri, "since")
            && let Ok(position) = since.parse::<Position>()
        {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
        let _ = (query(&uri, "client"), number(&uri, "limit"));
    }
});
