//! The WebSocket protocol (RFC 6455) and its compression (RFC 7692), from the server's side and
//! without IO: bytes in, messages out, and back. Read in this order:
//!
//! - [`handshake`]: from a request's headers to the answer's. [`extension`]: what of compression is
//!   agreed on there.
//! - [`Decoder`]: what a client sends. [`frame`]: one frame's head. [`mask`]: what the payload is
//!   hidden with. [`text`]: UTF-8 that comes in pieces. [`close`]: why a connection ends.
//! - [`encode`]: what the server sends.
//! - [`deflate`]: compressing and inflating one message.
//!
//! Nothing here allocates what a header merely claims, and an idle [`Decoder`] holds no memory
//! beyond itself: a server has thousands of them.

pub mod close;
mod decoder;
pub mod deflate;
pub mod encode;
pub mod extension;
pub mod frame;
pub mod handshake;
pub mod mask;
pub mod text;

pub use decoder::{Decoder, Fed};
pub use frame::Opcode;

/// What a client sent, whole and checked. Text is UTF-8; compressed messages are inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// Asks for a [`Message::Pong`] with the same bytes, 125 at most.
    Ping(&'a [u8]),
    /// The answer to a ping, or an unasked sign of life.
    Pong(&'a [u8]),
    /// The last thing a client sends: code and reason, if it gave any.
    Close(Option<(u16, &'a str)>),
}

/// What the protocol does not allow, or what is more than the server takes. Nothing that follows
/// can be read; the connection has to be failed (RFC 6455, section 7.1.7) with
/// [`Violation::close_code`], or with a code that the protocol on top has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// RSV1 without agreed compression or on a frame that may not have it, RSV2 or RSV3.
    #[error("a reserved bit is set")]
    ReservedBit,
    /// Opcodes 3 to 7 and 11 to 15.
    #[error("the opcode is reserved")]
    ReservedOpcode,
    /// A ping, pong or close that is not whole.
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A ping, pong or close of more than 125 bytes.
    #[error("a control frame is too long")]
    LongControl,
    /// A continuation where no message is under way.
    #[error("a continuation continues nothing")]
    NothingToContinue,
    /// A new message before the last one was whole.
    #[error("a message begins within another one")]
    Interleaved,
    /// Clients mask what they send.
    #[error("the frame is not masked")]
    Unmasked,
    /// A length in more bytes than it needs, or with the topmost of 64 bits.
    #[error("the length is not written as it must be")]
    BadLength,
    /// A close frame of one byte.
    #[error("the close frame has half a code")]
    HalfCloseCode,
    /// A close code that must not be sent.
    #[error("the close code is none that may be sent")]
    BadCloseCode,
    /// Text, or the reason of a close, that is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// A compressed message that cannot be inflated.
    #[error("the compressed message cannot be inflated")]
    BadDeflate,
    /// A message beyond the limit, as it came or inflated.
    #[error("the message is too large")]
    TooLarge,
}

impl Violation {
    /// The code to close the connection with (RFC 6455, section 7.4.1).
    pub const fn close_code(self) -> u16 {
        match self {
            Self::NotUtf8 | Self::BadDeflate => close::INVALID_PAYLOAD,
            Self::TooLarge => close::TOO_LARGE,
            _ => close::PROTOCOL_ERROR,
        }
    }
}
