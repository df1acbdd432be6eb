//! Why something was refused ([`Code`]) and why a session ended ([`Reason`]).

use serde::{Deserialize, Serialize};
use std::fmt;

/// Declares an enum of names that are the same in JSON, in Rust's `as_str` and in documents.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal, $number:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $type {
            $($(#[$variant_doc])* #[serde(rename = $name)] $variant,)*
        }

        impl $type {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The one with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            const fn number(self) -> u16 {
                match self { $(Self::$variant => $number,)* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

names! {
    /// Why a request or a command was refused. Stable: programs rely on it.
    Code {
        /// Not JSON.
        BadJson = "bad_json", 400;
        /// Not UTF-8.
        BadUtf8 = "bad_utf8", 400;
        /// Not a form that can be read.
        BadForm = "bad_form", 400;
        /// A query parameter that cannot be read.
        BadQuery = "bad_query", 400;
        /// `since` or `Last-Event-ID` is not `epoch:offset`.
        BadSince = "bad_since", 400;
        /// A client id that no page may have.
        BadClient = "bad_client", 400;
        /// A room name that no room can have.
        BadRoom = "bad_room", 400;
        /// An `Idempotency-Key` that is empty or too long.
        BadKey = "bad_key", 400;
        /// JSON, but not a frame or a request of the shape asked for.
        BadRequest = "bad_request", 400;
        /// A WebSocket was expected.
        UpgradeRequired = "upgrade_required", 426;
        /// No credential, or one that is not known.
        Unauthorized = "unauthorized", 401;
        /// The password is another.
        WrongPassword = "wrong_password", 401;
        /// Known, but not allowed.
        Forbidden = "forbidden", 403;
        /// The user token cannot be read, or its signature is not right.
        TokenInvalid = "token_invalid", 401;
        /// The user token's time is over, or has not begun.
        TokenExpired = "token_expired", 401;
        /// The user token may be used once and was used by another page.
        TokenReplayed = "token_replayed", 401;
        /// The user token was made for another server or room.
        TokenForeign = "token_foreign", 401;
        /// A delivery to a source is not signed with its secret.
        BadSignature = "bad_signature", 401;
        /// The room is private, and there is no invitation.
        NotInvited = "not_invited", 403;
        /// An admin sent this person out of the room.
        Blocked = "blocked", 403;
        /// An admin muted this person.
        Muted = "muted", 403;
        /// It is too late to change what was said.
        TooLate = "too_late", 403;
        /// Nobody but an admin may move this piece.
        PieceLocked = "piece_locked", 403;
        /// The request comes from another site's page.
        ForeignOrigin = "foreign_origin", 403;
        /// No such address.
        NotFound = "not_found", 404;
        /// No such room.
        UnknownRoom = "unknown_room", 404;
        /// No such item, or it was deleted.
        UnknownItem = "unknown_item", 404;
        /// No such display button.
        UnknownButton = "unknown_button", 404;
        /// No such piece on the stage.
        UnknownPiece = "unknown_piece", 404;
        /// No such shared variable.
        UnknownVariable = "unknown_variable", 404;
        /// No such words in the chat.
        UnknownSaid = "unknown_said", 404;
        /// Nobody of this id is or was here.
        UnknownPerson = "unknown_person", 404;
        /// No such source.
        UnknownSource = "unknown_source", 404;
        /// The address knows other methods.
        MethodNotAllowed = "method_not_allowed", 405;
        /// The request took too long to come.
        TimedOut = "timed_out", 408;
        /// It exists already.
        Conflict = "conflict", 409;
        /// Somebody else holds this piece.
        PieceHeld = "piece_held", 409;
        /// The stage has as many pieces as it may.
        StageFull = "stage_full", 409;
        /// As many pushes as may be wait for this user.
        PushesFull = "pushes_full", 409;
        /// There are as many sources as may be.
        SourcesFull = "sources_full", 409;
        /// The room's variables are as many, or as large, as they may be.
        VariablesFull = "variables_full", 409;
        /// The variable has another version by now.
        VersionMismatch = "version_mismatch", 412;
        /// Larger than the limit.
        TooLarge = "too_large", 413;
        /// A body of a type that is not understood here.
        UnsupportedType = "unsupported_type", 415;
        /// An upload that is no picture of a known format.
        NotAnImage = "not_an_image", 415;
        /// A kind of item, command or frame that does not exist.
        UnknownKind = "unknown_kind", 422;
        /// An item whose data is not what its kind asks for.
        BadItem = "bad_item", 422;
        /// An address that is neither `http:` nor `https:` nor an upload's.
        BadUrl = "bad_url", 422;
        /// A piece that cannot be put on a stage, or a place outside of it.
        BadPiece = "bad_piece", 422;
        /// A shared variable's name that no variable can have.
        BadVariable = "bad_variable", 422;
        /// Words that nobody can say: none, or too many.
        BadSaid = "bad_said", 422;
        /// A name that nobody can go by.
        BadName = "bad_name", 422;
        /// Settings that no room can have.
        BadSettings = "bad_settings", 422;
        /// Settings that no source can have.
        BadSource = "bad_source", 422;
        /// The idempotency key or command id was used for something else.
        IdempotencyMismatch = "idempotency_mismatch", 422;
        /// Too many, too fast.
        RateLimited = "rate_limited", 429;
        /// The room is in slow mode, and the last words were just said.
        SlowMode = "slow_mode", 429;
        /// The server's fault.
        Internal = "internal", 500;
        /// Not now: stopping, or too much waits already.
        Unavailable = "unavailable", 503;
        /// The key that secrets are kept with is missing, or another.
        SecretsLocked = "secrets_locked", 503;
        /// The store cannot be written: its disk is full, or a quota or limit is reached.
        StoreFull = "store_full", 503;
        /// The store cannot be written: another program holds it.
        StoreLocked = "store_locked", 503;
        /// The store cannot be written: the system lets nobody write there.
        StoreReadOnly = "store_read_only", 503;
        /// The store cannot be read or written: the disk or the file is broken.
        StoreFailed = "store_failed", 503;
    }
}

impl Code {
    /// The HTTP status that goes with it.
    pub const fn status(self) -> u16 {
        self.number()
    }
}

names! {
    /// Why a session ended. On a WebSocket also its close code: 40x0 to 40x4 come back, 40x5 to 40x9 do not.
    Reason {
        /// The server stops, perhaps to start again.
        Restarting = "restarting", 4000;
        /// The page did not read fast enough; it resumes from the log.
        SlowConsumer = "slow_consumer", 4001;
        /// No sign of life from the page.
        TimedOut = "timed_out", 4002;
        /// The server could not read its log.
        Failed = "failed", 4003;
        /// The credentials changed; come back with the new ones.
        Reauthorize = "reauthorize", 4004;
        /// The same client id connected again.
        Replaced = "replaced", 4005;
        /// The room is gone.
        RoomClosed = "room_closed", 4006;
        /// A frame broke the protocol so that nothing after it can be read.
        BadFrame = "bad_frame", 4007;
        /// The page went on sending far more than it may.
        Flooding = "flooding", 4008;
        /// An admin sent this person out of the room.
        Blocked = "blocked", 4009;
    }
}

impl Reason {
    /// The WebSocket close code.
    pub const fn close_code(self) -> u16 {
        self.number()
    }

    /// Whether the page should come back.
    pub const fn reconnect(self) -> bool {
        self.number() % 10 < 5
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_again_and_is_the_json_name() {
        for &code in Code::ALL {
            assert_eq!(Code::from_name(code.as_str()), Some(code));
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert!((400..=599).contains(&code.status()), "{code}");
        }
        for &reason in Reason::ALL {
            assert_eq!(Reason::from_name(reason.as_str()), Some(reason));
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
            assert!((4000..=4099).contains(&reason.close_code()), "{reason}");
        }
    }

    #[test]
    fn a_replaced_page_stays_away_and_a_slow_one_comes_back() {
        assert!(!Reason::Replaced.reconnect());
        assert!(Reason::SlowConsumer.reconnect());
    }
}
